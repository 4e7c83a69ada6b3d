"""What could be read again, or come back, is never given up.

The kind: a read that fails, or a file that is not there at this moment, says nothing about
what the library holds. So it costs the call, and changes nothing.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import LibraryUnavailable
from engine.store import Store, segments, thumbnails
from engine.store.verify import verify
from tests.store import invariants
from tests.store.make import picture

HELD = {f"/{name}.jpg": name for name in "abc"}
ERRNOS = (
    errno.EIO, errno.ESTALE, errno.EACCES, errno.ENOMEM, errno.EMFILE, errno.EINTR, errno.ENOSPC,
)  # fmt: skip


@pytest.fixture
def full(store: Store, commit: Callable[..., int]) -> Store:
    """A library of three commits, with two segments each."""
    for name in "abc":
        commit(picture(f"/{name}.jpg", name))
    return store


def names(library: Path) -> list[str]:
    return sorted(path.name for path in (library / "segments").iterdir())


@pytest.mark.parametrize("code", ERRNOS)
@pytest.mark.parametrize("read", ["read_segment", "read_ids", "stored_ids"])
def test_a_segment_that_cannot_be_read_stays(
    full: Store, monkeypatch: pytest.MonkeyPatch, code: int, read: str
) -> None:
    before = names(full.path)
    info = full.segments("text")[0]

    def refused(path: bytes) -> None:
        raise OSError(code, f"Failed to open {path!r}")

    with monkeypatch.context() as patched:
        patched.setattr(pa, "OSFile", refused)
        with pytest.raises(LibraryUnavailable) as caught:
            getattr(full, read)("text" if read == "stored_ids" else info)
    assert caught.value.retryable
    assert "\n" not in str(caught.value)
    assert info.file in str(caught.value)
    assert os.strerror(code).lower() in str(caught.value)
    assert names(full.path) == before
    invariants.check(full, HELD)


def test_content_that_is_wrong_once_is_read_again(
    full: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bits that memory or a cable turned over are not those on the disk."""
    info, wrong = full.segments("text")[0], [True]
    honest = segments.checksum

    def once(ids: np.ndarray, stored: np.ndarray) -> str:
        return "0" * 64 if wrong and wrong.pop() else honest(ids, stored)

    monkeypatch.setattr(segments, "checksum", once)
    assert len(full.read_segment(info)[0]) == 1
    assert full.warnings == []
    invariants.check(full, HELD)


def test_a_file_that_is_cut_is_one_that_is_not_all_there(full: Store) -> None:
    """A sync that is not over yet."""
    info = full.segments("text")[0]
    file = full.path / "segments" / info.file
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(LibraryUnavailable, match=rf"{info.bytes} were committed; nothing was"):
        full.read_segment(info)
    file.write_bytes(content)
    invariants.check(full, HELD)


def empty_folder(library: Path) -> None:
    for file in (library / "segments").iterdir():
        file.unlink()


def no_folder(library: Path) -> None:
    shutil.rmtree(library / "segments")


def most_of_the_files(library: Path) -> None:
    for file in sorted((library / "segments").iterdir())[:4]:
        file.unlink()


@pytest.mark.parametrize("late", [empty_folder, no_folder, most_of_the_files])
def test_a_library_whose_segments_are_not_there_yet(
    full: Store, tmp_path: Path, late: Callable[[Path], None]
) -> None:
    full.close()
    before = names(full.path)
    kept = tmp_path / "kept"
    shutil.copytree(full.path / "segments", kept)
    late(full.path)
    for _ in range(2):
        with pytest.raises(LibraryUnavailable, match=r"segments are not there.*nothing was"):
            Store.open(full.path)
        with pytest.raises(LibraryUnavailable, match="not there"), full.writer():
            pass
    shutil.copytree(kept, full.path / "segments", dirs_exist_ok=True)
    with Store.open(full.path) as reopened:
        assert reopened.warnings == []
        assert reopened.stats().pending == 0
        invariants.check(reopened, HELD)
    assert names(full.path) == before


def test_one_segment_that_is_missing_is_left_out_and_counts_again(full: Store) -> None:
    info = full.segments("text")[0]
    file = full.path / "segments" / info.file
    away = full.path.parent / info.file
    file.rename(away)
    with Store.open(full.path) as reopened:
        (warning,) = reopened.warnings
        assert info.file in warning
        assert "--forget-lost" in warning
        assert info not in reopened.segments("text")
        assert reopened.stats().pending == 0
        with pytest.raises(LibraryUnavailable, match=info.file):
            reopened.require_segments()
        with reopened.writer() as writer:
            writer.commit([picture("/d.jpg", "d")])
        assert any("is missing" in line for line in verify(reopened).problems)
    away.rename(file)
    with Store.open(full.path) as again:
        assert again.warnings == []
        invariants.check(again, HELD | {"/d.jpg": "d"})


def test_a_file_that_no_row_names_is_moved_and_not_deleted(full: Store) -> None:
    """It may be of another copy of the catalog: one that was restored, or given up."""
    stray = full.path / "segments" / "00000099-text.parquet"
    half = full.path / "segments" / "00000098-text.parquet.tmp"
    for content in (b"one", b"two"):
        stray.write_bytes(content)
        half.touch()
        Store.open(full.path).close()
    assert not stray.exists()
    assert not half.exists()
    kept = sorted((full.path / "quarantine").iterdir())
    assert [file.read_bytes() for file in kept] == [b"one", b"two"]
    with Store.open(full.path) as reopened:
        report = verify(reopened)
    assert report.problems == ()
    assert report.quarantine == tuple(file.name for file in kept)


def test_arrow_reads_files_by_itself(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream of Python's in a thread of Arrow's aborts the interpreter as it ends."""
    sources: list[object] = []
    honest = pq.ParquetFile

    def opened(source: object, **options: object) -> pq.ParquetFile:
        sources.append(source)
        assert options.get("pre_buffer") is False
        return honest(source, **options)

    threads: list[object] = []
    groups = honest.read_row_group

    def group(self: pq.ParquetFile, *args: object, **options: object) -> pa.Table:
        threads.append(options.get("use_threads"))
        return groups(self, *args, **options)

    monkeypatch.setattr(pq, "ParquetFile", opened)
    monkeypatch.setattr(honest, "read_row_group", group)
    for info in full.all_segments():
        full.read_segment(info)
        full.read_ids(info)
    assert {type(source) for source in sources} == {pa.OSFile}
    assert set(threads) == {False}


@pytest.mark.parametrize("code", ERRNOS)
def test_a_thumbnail_that_cannot_be_read_is_passed_over_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    key = thumbnails.Key("3f9a", None, None, 0, 320)
    first, other = b"\xff\xd8first\xff\xd9", b"\xff\xd8other\xff\xd9"
    assert thumbnails.cached(tmp_path, key, lambda: first) == first

    def refused(path: Path) -> bytes:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refused)
        assert thumbnails.cached(tmp_path, key, lambda: other) == other
    assert os.strerror(code).lower() in caplog.text
    assert thumbnails.cached(tmp_path, key, lambda: other) == first
