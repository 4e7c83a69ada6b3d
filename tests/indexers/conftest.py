"""A library of the fake encoder, a folder of media, and runs over both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from engine.config import Settings
from engine.store import Store
from engine.testing.fake_encoder import fake_towers
from engine.types import IndexReport
from indexers.pipeline import run
from indexers.reading import read_texts

Index: TypeAlias = Callable[..., IndexReport]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    return folder.resolve()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "library", "fake") as opened:
        yield opened


@pytest.fixture
def settings() -> Settings:
    return Settings(threads=2, batch_size=4)


@pytest.fixture
def index(store: Store, media: Path, settings: Settings) -> Index:
    """``index()`` runs over the media folder; ``index(path, ..., retry=True)`` over others."""

    def indexed(*paths: Path, **options: object) -> IndexReport:
        towers = options.pop("towers", None) or fake_towers()
        paths = paths or (media,)
        report = run(store, towers, paths, settings, **options)  # type: ignore[arg-type]
        if options.get("dry_run"):
            return report
        return read_texts(store, towers, paths, settings).added_to(report)

    return indexed
