"""Connections of a catalog: one a thread, and one generation inside a snapshot."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.store import Store, database
from engine.store.connections import CatalogConnections
from tests.store.make import picture


@pytest.fixture
def connections(store: Store) -> Iterator[CatalogConnections]:
    opened = CatalogConnections(store.path, database.database_of(store.path))
    yield opened
    opened.close()


def test_a_thread_keeps_its_connection(connections: CatalogConnections) -> None:
    mine = connections.reader
    assert connections.reader is mine
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: connections.reader).result() is not mine


def test_what_a_thread_leaves_is_closed_when_it_ends(empty_library: Path, tmp_path: Path) -> None:
    path = shutil.copytree(empty_library, tmp_path / "library")
    gc.disable()
    try:
        with Store.open(path) as store, ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: list(store.assets())).result() == []
        left = {file.name for file in path.iterdir()}
    finally:
        gc.enable()
    assert not left & {"catalog.sqlite-wal", "catalog.sqlite-shm"}


def test_rows_that_still_come_keep_their_connection(connections: CatalogConnections) -> None:
    rows = connections.stream("spaces")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(next, rows).result()
    assert first != next(rows)


def test_a_closed_connection_is_opened_again(connections: CatalogConnections) -> None:
    before = connections.ask_value("generation")
    connections.close()
    assert connections.ask_value("generation") == before


def test_a_snapshot_sees_one_generation_and_the_newest_can_be_asked(
    connections: CatalogConnections, commit: Callable[..., int]
) -> None:
    before = connections.generation()
    with connections.snapshot(), connections.snapshot():
        commit(picture("/a.jpg"))
        assert connections.generation() == before
        assert connections.ask("assets") == list(connections.stream("assets")) == []
        assert len(connections.ask_newest("assets")) == 1
    assert connections.generation() == before + 1
    assert len(connections.ask("assets")) == 1
