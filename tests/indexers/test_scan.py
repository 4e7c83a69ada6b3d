"""Telling what the catalog does not know yet."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import UnreadableMedia
from engine.store import Store
from engine.types import IndexReport
from indexers import file_hash, identify, scan
from indexers.file_hash import hash_file
from indexers.scan import ScanPlan
from indexers.walk import walk
from tests import media_files as make
from tests.indexers.runs import touch

# --- what the catalog knows ---------------------------------------------------

Index = Callable[..., IndexReport]


def plan(media: Path, store: Store, *, retry: bool = False) -> ScanPlan:
    return scan.scan([media], store, retry=retry)


def test_without_a_library_everything_is_new(media: Path) -> None:
    touch(media / "a.jpg")
    seen = scan.scan([media], None)
    assert [c.stat.path for c in seen.candidates] == [str(media / "a.jpg")]
    assert (seen.found, seen.unchanged, seen.gone) == (1, 0, ())


def test_unchanged_files_cost_a_stat(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make.picture(media / "a.png")
    index()
    # Same size and date over other bytes: whoever read them would notice.
    info = path.stat()
    path.write_bytes(bytes(info.st_size))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    monkeypatch.setattr(identify, "sniff", lambda _: pytest.fail("was opened"))
    report = index()
    assert (report.found, report.unchanged, report.failed) == (1, 1, 0)
    assert plan(media, store) == ScanPlan(found=1, unchanged=1)


def test_one_stat_per_file(media: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        touch(media / f"{number}.jpg")
    calls: list[tuple[object, ...]] = []
    for name in ("stat", "lstat"):
        real = getattr(os, name)
        noted = lambda *a, _real=real, **k: calls.append(a) or _real(*a, **k)  # noqa: E731
        monkeypatch.setattr(os, name, noted)
    assert len(walk([media]).files) == 20
    # Those of the root alone: the entries' own stats are no calls of these.
    assert not [call for call in calls if str(call[0]).endswith(".jpg")]


def test_files_that_failed_wait_for_a_change_or_a_retry(
    media: Path, store: Store, index: Index
) -> None:
    path = touch(media / "a.jpg", "no picture")
    assert index().failed == 1
    assert plan(media, store).candidates == ()
    assert plan(media, store).failed_before == 1
    assert [c.stat.path for c in plan(media, store, retry=True).candidates] == [str(path)]
    touch(path, "still no picture")
    assert [c.stat.path for c in plan(media, store).candidates] == [str(path)]


def test_gone_means_that_the_file_is_not_there(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = make.picture(media / ".hidden.png")
    deleted, locked = make.picture(media / "a.png"), make.picture(media / "b" / "b.png")
    index(media, hidden)
    deleted.unlink()
    listing = os.scandir
    monkeypatch.setattr(
        os, "scandir", lambda p: listing(p) if p != str(locked.parent) else listing("/nowhere")
    )
    assert [known.path for known in plan(media, store).gone] == [str(deleted)]


def test_a_file_behind_a_link_is_missed_where_it_was(
    media: Path, tmp_path: Path, store: Store, index: Index
) -> None:
    real = make.picture(tmp_path / "elsewhere" / "a.png").resolve()
    (media / "link.png").symlink_to(real)
    index()
    real.unlink()
    assert [known.path for known in plan(media, store).gone] == [str(real)]


def test_a_folder_in_the_place_of_a_file_is_no_file(
    media: Path, store: Store, index: Index
) -> None:
    path = make.picture(media / "a.png")
    index()
    path.unlink()
    path.mkdir()
    assert index(vanished="forget").removed == 1
    assert list(store.assets()) == []


def test_a_file_behind_a_link_that_cannot_be_followed_is_not_missing(tmp_path, monkeypatch):
    """What a link's target is may be closed to us, or on a disk that answers with an error."""
    file = make.picture(tmp_path / "a.png")
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)

    def refused(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "readlink", refused)
    assert not scan.missing(str(tmp_path / "link" / "a.png"))
    assert not scan.missing(str(file))


# --- hashes ---------------------------------------------------------------------


def test_a_hash_belongs_to_its_stat(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = touch(media / "a.jpg", "old")
    digest, calls = file_hash._digest, []

    def meddle(target: Path) -> str:
        calls.append(target)
        found = digest(target)
        if len(calls) == 1:
            touch(path, "newer")
        return found

    monkeypatch.setattr(file_hash, "_digest", meddle)
    stat, content_hash = hash_file(path)
    assert stat.size == 5 and content_hash == digest(path) and len(calls) == 2


def test_a_file_that_never_rests_is_a_failure(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, sizes = touch(media / "a.jpg"), iter(range(2, 9))
    monkeypatch.setattr(file_hash, "_digest", lambda p: str(p.write_bytes(bytes(next(sizes)))))
    with pytest.raises(UnreadableMedia, match="changes while it is read"):
        hash_file(path)
