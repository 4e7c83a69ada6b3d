"""Move files without overwriting anything, and make links to them.

A file is moved by a second name and the removal of the first: what a crash leaves in
between has both, and is the same file. Where a disk knows no hard links, or the way leads
from one disk to another, it is copied under a name that is ours, synced, and named last.
"""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from collections.abc import Container
from itertools import count
from pathlib import Path

from engine.common.atomic_write import sync_file, sync_folder
from engine.store.failpoints import FailPoint, hit

_PART = ".sensorium-part"
"""Suffix of an unfinished copy."""
_NO_LINK = {
    errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP,
    errno.ENOSYS, errno.EINVAL,
}  # fmt: skip


def free_name(folder: Path, name: str, taken: Container[Path]) -> Path:
    """Return a free path in a folder: the name itself, or else the name with a number.

    Args:
        taken: paths that are planned already, and so not free.
    """
    for number in count(1):
        file = Path(name)
        path = folder / (name if number == 1 else f"{file.stem}-{number}{file.suffix}")
        if path not in taken and not os.path.lexists(path):
            return path
    raise AssertionError


def move(source: Path, target: Path) -> None:
    """Move a file to a place where nothing is.

    Raises:
        FileExistsError: something is there.
        OSError: the system does not do it; ``source`` is as it was.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        _copy(source, target)
    sync_folder(target.parent)
    hit(FailPoint.APPLY_PLACED)
    source.unlink()


def _copy(source: Path, target: Path) -> None:
    part = part_of(target)
    try:
        shutil.copy2(source, part, follow_symlinks=False)
        sync_file(part)
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        part.rename(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def part_of(target: Path) -> Path:
    """Return the name under which a file is copied on its way to ``target``."""
    return target.with_name(f".{target.name}{_PART}")


def link(source: Path, target: Path, *, symbolic: bool) -> None:
    """Make ``target``, where nothing is, a link to a file.

    Raises:
        FileExistsError: something is there.
        OSError: the system does not do it.
    """
    if symbolic:
        target.symlink_to(source)
    else:
        os.link(source, target)


def have_same_content(first: Path, second: Path) -> bool:
    """Tell whether two files are the same, or hold the same bytes."""
    return first.samefile(second) or filecmp.cmp(first, second, shallow=False)
