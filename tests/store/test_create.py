"""Making a library is one rename: what ends it in between leaves nothing that is in the way."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path

import pytest

from engine.errors import LibraryNotFound, LibraryReadOnly, NotALibrary, StoreError
from engine.store import Store, failpoints
from engine.store.failpoints import CREATION
from tests.mounts import small_disk
from tests.store.forks import forked
from tests.store.make import names

pytestmark = pytest.mark.slow

_CREATE = "import sys; from engine.store import Store; Store.create(sys.argv[1], 'fake').close()"


@pytest.mark.parametrize("there", [False, True], ids=["absent", "empty"])
@pytest.mark.parametrize("point", CREATION)
def test_a_creation_that_is_killed_at_any_point(tmp_path: Path, point: str, there: bool) -> None:
    library = tmp_path / "library"
    if there:
        library.mkdir()
    assert forked(_CREATE, str(library), failpoints=f"{point}=kill") == -signal.SIGKILL
    if point == "create.renamed":
        Store.open(library).close()
        return
    with pytest.raises(LibraryNotFound, match="create=True"):
        Store.open(library)
    Store.create(library, "fake").close()
    Store.open(library).close()
    assert names(tmp_path) == ["library"]
    assert names(library) == ["catalog.sqlite", "lock", "segments"]


@pytest.mark.parametrize("there", [False, True], ids=["absent", "empty"])
@pytest.mark.parametrize("action", ["raise", "enospc", "eio"])
@pytest.mark.parametrize("point", CREATION[:-1])
def test_a_creation_that_fails_leaves_nothing(
    tmp_path: Path, point: str, action: str, there: bool
) -> None:
    library = tmp_path / "library"
    if there:
        library.mkdir()
    error = failpoints.Injected if action == "raise" else StoreError
    with failpoints.armed(point, action), pytest.raises(error) as caught:
        Store.create(library, "fake")
    assert "creating" not in str(caught.value)
    assert names(tmp_path) == (["library"] if there else [])
    assert not there or names(library) == []
    Store.create(library, "fake").close()


def test_a_creation_beside_another_takes_no_draft_away(tmp_path: Path) -> None:
    """A draft is tidied where its maker is dead, and only there."""
    begun = tmp_path / ".library.creating-other"
    begun.mkdir()
    import fcntl

    with (begun / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        Store.create(tmp_path / "library", "fake").close()
        assert begun.exists()
    Store.create(tmp_path / "library2", "fake").close()
    assert begun.exists(), "it is of another library"
    (tmp_path / "library").rename(tmp_path / "away")
    Store.create(tmp_path / "library", "fake").close()
    assert not begun.exists()


def cut_off_draft(library: Path) -> None:
    """What a kill left of an older version."""
    (library / "segments").mkdir(parents=True)
    (library / "lock").write_text("{}")
    for suffix in ("", "-wal", "-shm"):
        (library / f"catalog.sqlite.new{suffix}").write_bytes(b"half")


def folders_alone(library: Path) -> None:
    (library / "segments").mkdir(parents=True)
    (library / "lock").touch()


def catalog_without_its_log(library: Path) -> None:
    """What a full disk left of an older version: a catalog whose tables are in a lost log."""
    cut_off_draft(library)
    (library / "catalog.sqlite.new").unlink()
    db = sqlite3.connect(library / "catalog.sqlite")
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    assert (library / "catalog.sqlite").stat().st_size


@pytest.mark.parametrize("left", [cut_off_draft, folders_alone, catalog_without_its_log])
def test_what_an_older_version_left_half_made_is_made_anew(tmp_path: Path, left) -> None:
    library = tmp_path / "library"
    left(library)
    with pytest.raises(LibraryNotFound, match="make one"):
        Store.open(library)
    Store.create(library, "fake").close()
    Store.open(library).close()
    assert names(library) == ["catalog.sqlite", "lock", "segments"]


def test_leftovers_do_not_make_a_library_of_a_folder_with_anything_else(tmp_path: Path) -> None:
    for name, stranger in (("a", "holiday.jpg"), ("b", "segments/00000001-text.parquet")):
        cut_off_draft(tmp_path / name)
        (tmp_path / name / stranger).touch()
        with pytest.raises((NotALibrary, StoreError)):
            Store.open(tmp_path / name)
        with pytest.raises(NotALibrary):
            Store.create(tmp_path / name, "fake")
        assert (tmp_path / name / stranger).exists()
    cut_off_draft(tmp_path / "c")
    Store.create(tmp_path / "whole", "fake").close()
    os.replace(tmp_path / "whole" / "catalog.sqlite", tmp_path / "c" / "catalog.sqlite")  # noqa: PTH105
    Store.open(tmp_path / "c").close()
    with pytest.raises(NotALibrary, match="already"):
        Store.create(tmp_path / "c", "fake")


@pytest.mark.parametrize("left", [8, 24, 60, 140, 300])
def test_a_disk_that_is_full_while_a_library_is_made(tmp_path: Path, left: int) -> None:
    """It is told in one line, nothing stays, and with room the same call makes the library."""
    with small_disk(tmp_path / "small", "3m") as folder:
        ballast = folder / "ballast"
        with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
            while True:
                file.write(bytes(2**12))
        os.truncate(ballast, ballast.stat().st_size - left * 2**10)
        with pytest.raises(LibraryReadOnly, match=r"library is full"):
            Store.create(folder / "library", "fake")
        assert names(folder) == ["ballast"]
        ballast.unlink()
        Store.create(folder / "library", "fake").close()
        Store.open(folder / "library").close()


def test_a_new_library_is_whole_without_its_log(tmp_path: Path) -> None:
    """A copy of the file alone holds all: nothing is in a log that is lost with it."""
    Store.create(tmp_path / "library", "fake").close()
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes((tmp_path / "library" / "catalog.sqlite").read_bytes())
    with sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True) as db:
        assert db.execute("SELECT encoder FROM library").fetchone() == ("fake",)
    assert copy.read_bytes()[18:20] == bytes((2, 2)), "and it keeps a log from now on"
