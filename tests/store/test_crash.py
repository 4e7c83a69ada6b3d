"""Death and damage at every step: the library is as it was, and the next open mends."""

from __future__ import annotations

import contextlib
import errno
import gc
import logging
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from stat import S_ISDIR

import numpy as np
import pytest

from engine.errors import LibraryBusy, LibraryCorrupt, LibraryReadOnly, SpaceMismatch, StoreError
from engine.store import Store, failpoints
from engine.store.failpoints import COMMIT, Injected
from engine.store.sql.revisions import REVISIONS
from engine.store.verify import verify
from engine.types import Space
from tests.store import invariants
from tests.store.forks import forked
from tests.store.make import on_sqlite, picture, sound, vector

pytestmark = pytest.mark.slow

_COMMIT = """
import sys
from engine.store import Store
from tests.store.make import picture
with Store.open(sys.argv[1]) as store, store.writer() as writer:
    writer.commit([picture("/a.jpg", "new"), picture("/b.jpg", "b")])
"""

BEFORE = {"/a.jpg": "old"}
AFTER = {"/a.jpg": "new", "/b.jpg": "b"}


@pytest.mark.parametrize("point", COMMIT)
def test_a_writer_killed_at_any_point(store: Store, commit: Callable[..., int], point: str) -> None:
    commit(picture("/a.jpg", "old"))
    assert forked(_COMMIT, str(store.path), failpoints=f"{point}=kill") == -signal.SIGKILL
    with Store.open(store.path) as reopened:
        assert reopened.warnings == []
        invariants.check(reopened, AFTER if point == "commit.done" else BEFORE)
        with reopened.writer() as writer:
            writer.commit([picture("/a.jpg", "new"), picture("/b.jpg", "b")])
        invariants.check(reopened, AFTER)


@pytest.mark.parametrize("point", COMMIT)
def test_a_commit_that_fails_at_any_point(
    store: Store, commit: Callable[..., int], point: str
) -> None:
    commit(picture("/a.jpg", "old"))
    with store.writer() as writer:
        with failpoints.armed(point), pytest.raises(Injected):
            writer.commit([picture("/a.jpg", "new"), picture("/b.jpg", "b")])
        invariants.check(store, AFTER if point == "commit.done" else BEFORE)
        writer.commit([picture("/a.jpg", "new"), picture("/b.jpg", "b")])
    invariants.check(store, AFTER)


@pytest.mark.parametrize(
    ("action", "error", "line"),
    [
        ("enospc", LibraryReadOnly, "disk of .* is full; the library is as it was"),
        ("eio", StoreError, "Input/output error; the library is as it was"),
    ],
)
@pytest.mark.parametrize("point", COMMIT[:-1])
def test_a_disk_that_fails_at_any_point(
    store: Store, commit: Callable[..., int], point: str, action: str, error: type, line: str
) -> None:
    commit(picture("/a.jpg", "old"))
    with failpoints.armed(point, action), pytest.raises(error, match=line) as caught:
        commit(picture("/a.jpg", "new"), picture("/b.jpg", "b"))
    assert "\n" not in str(caught.value)
    invariants.check(store, BEFORE)


def test_orphans_are_left_alone_while_another_writes(store: Store) -> None:
    orphan = store.path / "segments" / "00000009-text.parquet.tmp"
    stranger = store.path / "segments" / "notes.txt"
    stranger.touch()
    with store.writer():
        orphan.touch()
        Store.open(store.path).close()
        assert orphan.exists()
    with Store.open(store.path) as reopened:
        assert reopened.warnings == []
    assert not orphan.exists()
    assert stranger.exists()


def lost_file(path: Path) -> None:
    path.unlink()


def cut_file(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


@pytest.mark.parametrize("damage", [lost_file, cut_file])
def test_a_lost_segment_that_is_given_up_sends_its_assets_back_to_pending(
    store: Store,
    commit: Callable[..., int],
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], None],
) -> None:
    commit(picture("/a.jpg", "a", "dog"), picture("/b.jpg", "b"), sound("/silence.wav"))
    commit(picture("/c.jpg", "c", "dog"))
    info = store.segments("looks")[0]
    generation = store.generation()
    damage(store.path / "segments" / info.file)
    with (
        caplog.at_level(logging.WARNING),
        Store.open(store.path, forget_lost=True) as reopened,
    ):
        (warning,) = reopened.warnings
        assert info.file in warning
        assert warning.endswith("index these files again, they are pending: /a.jpg, /b.jpg")
        assert caplog.messages == [warning]
        states = {asset.path: asset.state for asset in reopened.assets()}
        assert [path for path in states if states[path] == "pending"] == ["/a.jpg", "/b.jpg"]
        assert reopened.generation() > generation
        assert reopened.stats().pending == 2
        assert reopened.moment_ids().tolist() == [3]
        # Their vectors of the other space are still there.
        assert reopened.tombstones().tolist() == [1, 2]
        assert [moment for moment, _ in reopened.words('"dog"', (), 9)] == [3]
        with reopened.writer() as writer:
            writer.commit([picture("/a.jpg", "a"), picture("/b.jpg", "b")])
            writer.remove([3])
        invariants.check(reopened, {"/a.jpg": "a", "/b.jpg": "b", "/c.jpg": "c"})
    with Store.open(store.path) as again:
        assert again.warnings == []


def test_a_lost_segment_under_a_writer_is_only_left_out(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/a.jpg", "a"))
    info = store.segments("text")[0]
    with store.writer():
        (store.path / "segments" / info.file).unlink()
        with Store.open(store.path) as reader:
            assert "it is left out, and nothing was changed" in reader.warnings[0]
            assert reader.segments("text") == []
            assert len(reader.segments("looks")) == 1


def flip(path: Path) -> None:
    """Change one bit of the vectors, and nothing of the file's size."""
    content = bytearray(path.read_bytes())
    at = content.index(vector("atext", 8)[:2].astype(np.float16).tobytes())
    content[at] ^= 1
    path.write_bytes(content)


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


@pytest.mark.parametrize("damage", [flip, garbage])
def test_a_segment_that_fails_its_checksum_reads_as_empty(
    store: Store, commit: Callable[..., int], damage: Callable[[Path], None]
) -> None:
    commit(picture("/a.jpg", "a"))
    info = store.segments("text")[0]
    damage(store.path / "segments" / info.file)
    with store.writer(), pytest.raises(LibraryCorrupt, match="not mended, because"):
        store.read_segment(info)
    content = (store.path / "segments" / info.file).read_bytes()
    ids, vectors = store.read_segment(info)
    assert (ids.shape, vectors.shape, vectors.dtype.name) == ((0,), (0, 8), "float32")
    assert "pending: /a.jpg" in store.warnings[0]
    assert [asset.state for asset in store.assets()] == ["pending"]
    assert store.segments("text") == []
    # It is moved, and never deleted.
    assert (store.path / "quarantine" / info.file).read_bytes() == content
    assert info.file in str(verify(store))


def test_a_segment_of_another_encoder_is_refused(
    store: Store, commit: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(picture("/a.jpg", "a"))
    info = store.segments("text")[0]
    for other, line in (
        (Space("text", "clip", "1", 8), "encoder 'fake'.*has 'clip'"),
        (Space("text", "fake", "2", 8), "revision '1'.*has '2'"),
        (Space("text", "fake", "1", 9), "dim '8'.*has '9'"),
    ):
        monkeypatch.setattr(store, "spaces", lambda other=other: {"text": other})
        with pytest.raises(SpaceMismatch, match=line):
            store.read_segment(info)


def test_segments_last_on_disk_before_they_count(
    store: Store, commit: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut would show, which no test can make: the order of the syncs."""
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def synced(descriptor: int) -> None:
        done.append("sync folder" if S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        sync(descriptor)

    def renamed(source: Path, target: Path) -> Path:
        done.append("rename")
        return rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    monkeypatch.setattr(failpoints, "hit", done.append)
    commit(sound("/a.wav", "hello"))
    assert done == [
        "commit.begun",
        "segment.writing",
        "sync file",
        "segment.written",
        "rename",
        "sync folder",
        "segment.renamed",
        "commit.rows",
        "commit.done",
    ]


@on_sqlite
def test_the_disk_fills_up_in_the_catalog(store: Store, commit: Callable[..., int]) -> None:
    """SQLite's own answer to a full disk, brought about by its limit of pages."""
    commit(picture("/a.jpg", "a"))
    with store.writer() as writer:
        pages = writer.connection.exec_driver_sql("PRAGMA page_count").scalar()
        writer.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        writer.connection.rollback()
        with pytest.raises(LibraryReadOnly, match="is full"):
            writer.commit([picture(f"/{i}.jpg", f"{i}", "word " * 500) for i in range(50)])
        invariants.check(store, {"/a.jpg": "a"})
        writer.connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        writer.connection.rollback()
        writer.commit([picture("/b.jpg", "b")])
    invariants.check(store, {"/a.jpg": "a", "/b.jpg": "b"})


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_folder_that_takes_no_writes(
    store: Store, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refused(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("engine.store.lock.os.open", refused)
    with pytest.raises(LibraryReadOnly, match="cannot be written"), store.writer():
        pass


@on_sqlite
def test_a_read_only_medium_is_read(store: Store, commit: Callable[..., int]) -> None:
    """Played by a user without rights, because root may write anywhere."""
    commit(picture("/a.jpg", "a"))
    store.close()
    code = (
        "import os, sys; from engine.store import Store\n"
        "from engine.store import segments\n"
        "from engine.store.write import writer\n"
        "import pyarrow.parquet\n"
        "os.geteuid() or os.setuid(65534)\n"
        "store = Store.open(sys.argv[1])\n"
        "assert store.get('/a.jpg').asset_id == 1\n"
        "assert store.read_segment(store.segments('text')[0])[0].tolist() == [1]\n"
        "from engine.errors import LibraryReadOnly\n"
        "try:\n"
        "    with store.writer(): sys.exit(3)\n"
        "except LibraryReadOnly: pass\n"
    )
    # Pytest's own folders are closed to others, and root plays another here.
    closed = [folder for folder in store.path.parents if not folder.stat().st_mode & 0o001]
    before = {path: path.stat().st_mode for path in (store.path, *closed)}
    for folder in closed:
        folder.chmod(before[folder] | 0o111)
    store.path.chmod(0o555)
    (store.path / "lock").chmod(0o444)
    try:
        assert forked(code, str(store.path)) == 0
    finally:
        for path, mode in before.items():
            path.chmod(mode)


@on_sqlite
def test_an_older_library_on_a_read_only_medium_is_read_and_never_written(
    store: Store, commit: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(picture("/a.jpg", "a"))
    store.close()
    catalog = store.path / "catalog.sqlite"
    with contextlib.closing(sqlite3.connect(catalog)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = ?", (REVISIONS[-2],))
    before = catalog.read_bytes()
    # What the last migration does is not the point here, and it has been done.
    monkeypatch.setattr("engine.store.sql.migrations.run", _mark_as_upgraded)

    def refused(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr("engine.store.lock.os.open", refused)
        reading = Store.open(store.path)
    with reading:
        assert [asset.path for asset in reading.assets()] == ["/a.jpg"]
        assert len(reading.read_segment(reading.segments("text")[0])[0]) == 1
        (warning,) = reading.warnings
        assert "earlier version" in warning
        # Also where the medium takes writes by now: they would go to a copy that is lost.
        with pytest.raises(LibraryReadOnly, match="open it again"), reading.writer():
            pass
    assert catalog.read_bytes() == before
    copy = reading._database.path
    assert copy.is_dir()
    del reading
    gc.collect()
    assert not copy.exists()
    with Store.open(store.path) as upgraded:
        assert upgraded.warnings == [] and [a.path for a in upgraded.assets()] == ["/a.jpg"]


def _mark_as_upgraded(db: object) -> None:
    db.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (REVISIONS[-1],))


@on_sqlite
def test_busy_sqlite_is_one_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is not ours and ignores the lock, such as a backup."""
    monkeypatch.setattr("engine.store.sqlite._BUSY_MS", 1)
    stranger = sqlite3.connect(store.path / "catalog.sqlite", isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    with pytest.raises(LibraryBusy, match="locked by another process"), store.writer():
        pass
    assert store.generation() > 0
    stranger.execute("ROLLBACK")
    stranger.close()
    with store.writer() as writer:
        writer.remove([1])
