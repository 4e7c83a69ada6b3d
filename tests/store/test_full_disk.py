"""A disk that is really full: a small file system of its own, filled to the brim."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.errors import LibraryReadOnly
from engine.index import disk
from engine.index.build import BuildOptions
from engine.index.refresh import refresh
from engine.index.space import SpaceIndex
from engine.store import Store
from engine.types import Modality
from tests.mounts import small_disk
from tests.store import invariants
from tests.store.make import LOOKS, TEXT, picture

_BALLAST = "ballast"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds three megabytes."""
    with small_disk(tmp_path / "small", "3m") as folder:
        yield folder


@pytest.fixture
def store(small: Path) -> Iterator[Store]:
    with Store.create(small / "library", "fake") as made:
        with made.writer() as writer:
            writer.ensure_space(TEXT)
            writer.ensure_space(LOOKS)
            writer.commit([picture(f"/{i}.jpg", f"{i}") for i in range(20)])
        yield made


BEFORE = {f"/{i}.jpg": f"{i}" for i in range(20)}


def fill(folder: Path) -> None:
    """Leave no byte."""
    with (folder / _BALLAST).open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def test_a_commit(store: Store, small: Path) -> None:
    fill(small)
    full = pytest.raises(LibraryReadOnly, match=r"disk of .* is full; the library is as it was")
    with full, store.writer() as writer:
        writer.commit([picture(f"/new{i}.jpg", f"new{i}") for i in range(200)])
    invariants.check(store, BEFORE)
    (small / _BALLAST).unlink()
    with store.writer() as writer:
        writer.commit([picture("/new.jpg", "new")])
    invariants.check(store, BEFORE | {"/new.jpg": "new"})


def test_a_compaction(store: Store, small: Path) -> None:
    with store.writer() as writer:
        writer.commit([picture("/0.jpg", "other")])
    fill(small)
    with store.writer() as writer, pytest.raises(LibraryReadOnly, match="is full"):
        writer.compact(lambda ids: np.zeros(len(ids), np.bool_))
    invariants.check(store, BEFORE | {"/0.jpg": "other"})


def test_a_refresh(store: Store, small: Path) -> None:
    (small / "library" / "indexes").mkdir()
    (small / "library" / "indexes" / "lock").write_text("x" * 100)
    fill(small)
    with pytest.raises(LibraryReadOnly, match="is full"), disk.refreshing(store.path):
        refresh(store, TEXT, None, BuildOptions(threads=1))
    assert not list((small / "library" / "indexes").glob("*/*"))
    index = SpaceIndex(TEXT)
    index.follow(store)
    assert len(index.indexes[Modality.IMAGE]) == 20


def test_making_a_library(small: Path) -> None:
    fill(small)
    with pytest.raises(LibraryReadOnly, match="is full"):
        Store.create(small / "library", "fake")
    assert [file.name for file in small.iterdir()] == [_BALLAST]
