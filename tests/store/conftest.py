"""An empty library with two spaces."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.store import Store
from engine.types import IndexedAsset
from tests.store.make import LOOKS, TEXT


@pytest.fixture(scope="session")
def empty_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once and copied for every test, because making one waits for the disk."""
    path = tmp_path_factory.mktemp("store") / "library"
    with Store.create(path, "fake") as store, store.writer() as writer:
        writer.ensure_space(TEXT)
        writer.ensure_space(LOOKS)
    return path


@pytest.fixture
def store(tmp_path: Path, empty_library: Path) -> Iterator[Store]:
    shutil.copytree(empty_library, tmp_path / "library")
    with Store.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def commit(store: Store) -> Callable[..., int]:
    """Commit these assets; the number of moments."""

    def run(*assets: IndexedAsset) -> int:
        with store.writer() as writer:
            return writer.commit(assets)

    return run
