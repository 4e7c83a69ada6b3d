"""What only a catalog on a server has: a way to it that breaks, and a second lock."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from engine.config import Settings
from engine.errors import (
    CatalogUnreachable,
    LibraryBusy,
    LibraryCorrupt,
    LibraryReadOnly,
    StoreError,
)
from engine.library.facade import Library
from engine.store import Store, address, failpoints
from tests.store import invariants
from tests.store.make import names, on_postgres, picture, python, tamper


def sessions(store: Store, statement: str) -> None:
    """Do something to the other sessions of this library."""
    home = address.read(store.path / address.FILE)
    tamper(
        store,
        f"SELECT {statement}(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND (classid::bigint << 32) | objid::bigint = ?",
        home.lock,
    )


# --- making and losing --------------------------------------------------------------


@on_postgres
def test_the_folder_keeps_everything_but_the_catalog(
    store: Store, commit: Callable[..., int]
) -> None:
    commit(picture("/a.jpg"))
    assert names(store.path) == ["catalog.json", "lock", "segments"]
    assert store.stats().bytes > 100_000, "the tables of the server count"


@on_postgres
def test_a_library_on_a_server_is_indexed_and_searched(
    tmp_path: Path, catalog: str, settings: Settings
) -> None:
    Image.new("RGB", (20, 20), "red").save(tmp_path / "a.png")
    Image.new("RGB", (20, 20), "blue").save(tmp_path / "b.png")
    path, plain = tmp_path / "library", catalog.replace("+psycopg", "")
    with Library.open(
        path, create=True, encoder="fake", catalog=plain, settings=settings
    ) as library:
        assert library.index([tmp_path / "a.png", tmp_path / "b.png"]).added == 2
    with Library.open(path, catalog=catalog, settings=settings) as library:
        assert Path(library.search("red").hits[0].path).name == "a.png"
        assert library.verify(deep=True).problems == ()
        assert library.rebuild() == 2
        assert library.remove(tmp_path) == 2


@on_postgres
def test_libraries_of_one_database_are_apart(
    store: Store, commit: Callable[..., int], catalog: str, tmp_path: Path
) -> None:
    commit(picture("/a.jpg"))
    with Store.create(tmp_path / "second", "fake", catalog) as second:
        with second.writer(), store.writer():
            pass
        assert list(second.assets()) == []
    invariants.check(store, {"/a.jpg": "/a.jpg"})


@on_postgres
def test_what_an_interrupted_create_left_on_the_server_is_dropped(
    catalog: str, tmp_path: Path
) -> None:
    home = address.new_address(catalog)
    address.write(tmp_path / address.UNFINISHED, home)
    with Store.create(tmp_path, "fake", catalog) as store:
        tamper(store, f"CREATE SCHEMA {home.schema}")
        assert names(tmp_path) == ["catalog.json", "lock", "segments"]
    (tmp_path / "catalog.json").rename(tmp_path / address.UNFINISHED)
    left = address.read(tmp_path / address.UNFINISHED)
    with Store.create(tmp_path, "fake", catalog) as store:
        tamper(store, f"CREATE SCHEMA {left.schema}")


@on_postgres
def test_a_create_that_fails_leaves_nothing_on_the_server(
    catalog: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def full(*_: object) -> None:
        made.append(address.read(next(tmp_path.rglob(address.UNFINISHED))).schema)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(LibraryReadOnly):
        patched.setattr("engine.store.create._fill", full)
        Store.create(tmp_path / "new", "fake", catalog)
    assert names(tmp_path) == []
    with Store.create(tmp_path / "new", "fake", catalog) as store:
        tamper(store, f"CREATE SCHEMA {made[0]}")


def test_an_address_that_was_cut_off_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / address.UNFINISHED).write_text('{"url": "postg')
    Store.create(tmp_path, "fake").close()
    assert names(tmp_path) == ["catalog.sqlite", "lock", "segments"]


@on_postgres
def test_a_schema_that_was_dropped_is_named(store: Store) -> None:
    store.close()
    tamper(store, f"DROP SCHEMA {address.read(store.path / address.FILE).schema} CASCADE")
    with pytest.raises(LibraryCorrupt, match=r"not where catalog\.json says"):
        Store.open(store.path)


# --- the second lock ----------------------------------------------------------------


@pytest.fixture
def elsewhere(store: Store, tmp_path: Path) -> Iterator[Store]:
    """The same library from a folder whose lock does not reach the other."""
    shutil.copytree(store.path, tmp_path / "elsewhere")
    with Store.open(tmp_path / "elsewhere") as opened:
        yield opened


@on_postgres
def test_a_writer_on_another_machine_is_named(
    store: Store, elsewhere: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.postgres._GRACE_MS", 10)
    line = rf"process {os.getpid()} on \S+ since 20\d\d-\S+; wait=True waits"
    with store.writer(), pytest.raises(LibraryBusy, match=line), elsewhere.writer():
        pass
    with elsewhere.writer():
        pass


@on_postgres
def test_waiting_for_a_writer_on_another_machine(store: Store, elsewhere: Store) -> None:
    done: list[str] = []

    def second() -> None:
        with elsewhere.writer(wait=True):
            done.append("second")

    with store.writer():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        done.append("first")
    thread.join()
    assert done == ["first", "second"]


# --- connections that break ----------------------------------------------------------


@on_postgres
def test_a_commit_whose_connection_breaks_did_not_happen(
    store: Store, commit: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(picture("/a.jpg", "a"))
    with store.writer() as writer:
        broken: list[str] = []

        def hit(name: str) -> None:
            if name == "commit.rows" and not broken:
                broken.append(name)
                sessions(store, "pg_terminate_backend")

        monkeypatch.setattr(failpoints, "hit", hit)
        with pytest.raises(CatalogUnreachable, match=r"was lost: .*; try again"):
            writer.commit([picture("/b.jpg", "b")])
        invariants.check(store, {"/a.jpg": "a"})
        writer.commit([picture("/c.jpg", "c")])
    invariants.check(store, {"/a.jpg": "a", "/c.jpg": "c"})


@on_postgres
def test_a_commit_whose_answer_is_lost_did_happen(
    store: Store, commit: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has committed, so the segments must not be taken for orphans."""
    import psycopg

    commit(picture("/a.jpg", "a"))
    through = psycopg.Connection.commit

    def lost(connection: psycopg.Connection) -> None:
        through(connection)
        connection.close()
        raise psycopg.OperationalError("the connection was cut")

    with store.writer() as writer:
        with monkeypatch.context() as patched, pytest.raises(CatalogUnreachable, match="was lost"):
            patched.setattr(psycopg.Connection, "commit", lost)
            writer.commit([picture("/a.jpg", "new"), picture("/b.jpg", "b")])
        invariants.check(store, {"/a.jpg": "new", "/b.jpg": "b"})
        writer.commit([picture("/c.jpg", "c")])
    invariants.check(store, {"/a.jpg": "new", "/b.jpg": "b", "/c.jpg": "c"})


@on_postgres
def test_a_reader_whose_connection_broke_asks_by_another(store: Store) -> None:
    process = store.connections.reader.connection.info.backend_pid
    tamper(store, "SELECT pg_terminate_backend(?)", process)
    with pytest.raises(CatalogUnreachable, match="was lost"):
        store.generation()
    assert store.generation() > 0
    process = store.connections.reader.connection.info.backend_pid
    with pytest.raises(CatalogUnreachable), store.snapshot():
        tamper(store, "SELECT pg_terminate_backend(?)", process)
        store.generation()
    assert store.generation() > 0


@on_postgres
def test_a_child_of_a_fork_reads_by_its_own_connection(store: Store) -> None:
    generation = store.generation()
    child = os.fork()
    if child == 0:
        os._exit(0 if store.generation() == generation else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.generation() == generation


# --- what the server refuses -----------------------------------------------------------


@on_postgres
def test_a_reader_cannot_write(store: Store) -> None:
    import psycopg

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        store.connections.reader.connection.execute("UPDATE library SET generation = 0")


@on_postgres
def test_a_server_that_takes_no_writes(store: Store) -> None:
    """As a standby, or a user who may only read."""
    with store.writer() as writer:
        writer.connection.exec_driver_sql("SET default_transaction_read_only = on")
        writer.connection.commit()
        with pytest.raises(LibraryReadOnly, match="read-only transaction"):
            writer.commit([picture("/a.jpg")])


@on_postgres
def test_a_table_that_another_program_has_locked(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.postgres._BUSY_MS", 10)
    import psycopg

    home = address.read(store.path / address.FILE)
    with store.writer() as writer:
        with psycopg.connect(home.conninfo) as connection:
            connection.execute(f"LOCK TABLE {home.schema}.assets IN SHARE MODE".encode())
            with pytest.raises(LibraryBusy, match="locked by another process"):
                writer.commit([picture("/a.jpg")])
        writer.commit([picture("/a.jpg", "a")])
    invariants.check(store, {"/a.jpg": "a"})


@pytest.mark.parametrize(
    ("state", "error", "line"),
    [
        ("53100", LibraryReadOnly, "has no room"),
        ("40001", LibraryBusy, "try again"),
        ("XX001", LibraryCorrupt, "is damaged"),
        ("57P01", CatalogUnreachable, "was lost"),
        ("08006", CatalogUnreachable, "was lost"),
        ("22P02", StoreError, "of the server"),
    ],
)
def test_what_a_server_says_is_one_line(
    tmp_path: Path, state: str, error: type[StoreError], line: str
) -> None:
    from engine.store.error_translation import translated

    class Said(Exception):
        sqlstate = state

    with pytest.raises(error, match=line) as caught, translated(tmp_path):
        raise Said("a line\nof the server")
    assert "\n" not in str(caught.value)


_KILLED = """
import sys
from engine.store import Store
from tests.store.make import picture
with Store.open(sys.argv[1]) as store, store.writer() as writer:
    print("writing", flush=True)
    with writer.transaction():
        for i in range(10_000):
            writer.commit([picture(f"/{i}.jpg")])
"""


@on_postgres
def test_the_session_of_a_killed_writer_ends_with_it(store: Store) -> None:
    """In the middle of a statement, too: the next writer waits for that much."""
    with python(_KILLED, str(store.path)) as other:
        assert other.stdout is not None
        other.stdout.readline()
        other.kill()
        other.wait()
    with store.writer() as writer:
        writer.commit([picture("/a.jpg", "a")])
    invariants.check(store, {"/a.jpg": "a"})
