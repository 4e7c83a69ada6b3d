"""Paths that a user typed, into paths that can be used: one owner for all that can be wrong.

``expanded`` fills in the home folder, and ``resolved`` follows symbolic links as well. All
that is wrong with the name as such is a ``PathNotFound`` of one line: that it is empty, too
long, holds a NUL, begins with the home of nobody, or is a link that leads to itself.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from engine.common.file_state import os_reason
from engine.common.text import printable
from engine.errors import PathNotFound, UsageError

UserPath = str | os.PathLike[str]
_URLS = ("http://", "https://")
_NAMES = 10_000
"""Names of a folder that are compared with one that is not there."""
_SHOWN = 80
"""Characters of a name that is too long for the system, and so for a line."""


def expanded(path: UserPath) -> Path:
    """Return a path that the system can look up, whether or not anything is there.

    Raises:
        PathNotFound: it is no name that the system can look up.
        UsageError: it is neither text nor a path.
    """
    text = _text(path)
    try:
        named = Path(text).expanduser()
    except RuntimeError:  # the home of nobody
        raise PathNotFound(f"{_shown(text)}: there is no such home folder") from None
    try:
        named.stat()
    except OSError as error:
        if isinstance(path, str) and (other := _pasted(text)):
            return other
        _check(text, error)
    return named


def folder_of(name: str) -> Path | None:
    """Return the folder that a name means, absolute; None where it means none."""
    try:
        path = Path(name).expanduser()
        return path.resolve() if name and path.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # too long for a path, or the home of nobody
        return None


def _pasted(text: str) -> Path | None:
    """Return the path that terminals and file managers paste otherwise than it is.

    That is as ``file:///a%20b``, in quotes, with its spaces escaped, or with a line end.
    """
    if text.lower().startswith("file:/"):
        return Path("/" + unquote(text[5:], errors="surrogateescape").lstrip("/"))
    kept = text.strip()
    if len(kept) > 1 and kept[0] == kept[-1] and kept[0] in "'\"":
        kept = kept[1:-1]
    else:
        kept = re.sub(r"\\(.)", r"\1", kept)
    if not kept or kept == text:
        return None
    with suppress(OSError, RuntimeError):
        other = Path(kept).expanduser()
        return other if other.exists() else None
    return None


def resolved(path: UserPath) -> Path:
    """Return the absolute path with its symbolic links followed; nothing need be there.

    Raises:
        PathNotFound, UsageError: as ``expanded``.
    """
    named = expanded(path)
    try:
        return Path(os.path.realpath(named))
    except OSError as error:
        raise _unreadable(path, error) from error


def is_url(value: object) -> bool:
    """Tell whether what a user typed is the address of something to fetch."""
    return isinstance(value, str) and value.lower().startswith(_URLS)


def existing(path: UserPath) -> Path:
    """Return a path, with the home folder filled in, of what is there.

    Raises:
        PathNotFound: nothing is, or it cannot be looked at.
        UsageError: as ``expanded``.
    """
    named = expanded(path)
    try:
        named.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise PathNotFound(
            f"{_shown(_text(path))}: there is no such file or folder{near_name(named)}"
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from error
    return named


def near_name(path: Path) -> str:
    """Return which path was probably meant: without quotes within it, or with another name."""
    from difflib import get_close_matches

    if path.is_symlink():
        return "; it is a link to what is not there"
    plain = Path(str(path).strip("'\"")).expanduser()
    try:
        if plain != path and plain.exists():
            return f"; did you mean {_shown(str(plain))}?"
        names = os.listdir(path.parent)[:_NAMES]  # noqa: PTH208
    except (OSError, RuntimeError):
        return ""
    folded = {name.casefold(): name for name in names}
    near = get_close_matches(path.name.casefold(), folded, n=1, cutoff=0.75)
    return f"; did you mean {_shown(str(path.parent / folded[near[0]]))}?" if near else ""


def _unreadable(path: UserPath, error: OSError) -> PathNotFound:
    return PathNotFound(f"{_shown(_text(path))} cannot be looked at: {os_reason(error)}")


def path_list(paths: Iterable[UserPath] | UserPath) -> list[str | Path]:
    """Return paths as a list; one path alone is that path, and never its letters.

    Raises:
        UsageError: it is neither a path nor a list of them.
    """
    if isinstance(paths, str | os.PathLike):
        return [_str_or_path(paths)]
    if isinstance(paths, bytes) or not isinstance(paths, Iterable):
        raise UsageError(_no_path(paths))
    return [_str_or_path(path) for path in paths]


def _str_or_path(path: UserPath) -> str | Path:
    if isinstance(path, str | Path):
        return path
    if not isinstance(path, os.PathLike):
        raise UsageError(_no_path(path))
    return Path(path)


def _text(path: UserPath) -> str:
    if not isinstance(path, str | os.PathLike):
        raise UsageError(_no_path(path))
    text = os.fspath(path)
    if not isinstance(text, str):
        raise UsageError(_no_path(path))
    if not text:  # which would mean the current folder
        raise PathNotFound("an empty path: name a file or a folder")
    if "\0" in text:
        raise PathNotFound(f"{text!r}: a path has a NUL character in it; take it out")
    return text


def _no_path(value: object) -> str:
    return f"{value!r} is no path: give a str, a Path, or a list of them"


def _check(text: str, error: OSError) -> None:
    if error.errno == errno.ELOOP:
        raise PathNotFound(
            f"{_shown(text)}: a symbolic link leads back to itself; name the file that it should"
            " lead to"
        ) from None
    if error.errno == errno.ENAMETOOLONG:
        raise PathNotFound(f"{_shown(text)}: file name too long") from None


def _shown(text: str) -> str:
    line = printable(text)
    return line if len(line) <= 3 * _SHOWN else f"{line[:_SHOWN]}…"
