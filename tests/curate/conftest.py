"""A small library of real files, indexed by the fake encoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Library
from engine.store import Store
from engine.store.curation_records import Finding, Run
from tests import media_files as make


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    (folder / "more").mkdir(parents=True)
    for place, colour in enumerate(("red", "green", "blue")):
        make.picture(folder / f"{place}.png", colour)
    make.picture(folder / "more" / "0.png", "yellow")
    return folder


@pytest.fixture
def library(tmp_path: Path, media: Path, settings) -> Iterator[Library]:
    made = Library.open(tmp_path / "library", create=True, encoder="fake", settings=settings)
    with made as opened:
        assert opened.index([media]).added == 4
        yield opened


@pytest.fixture
def store(library: Library) -> Store:
    return library.store


def new_run(store: Store, *found: Finding) -> Run:
    with store.writer() as writer:
        return writer.curation.add_run(
            "test", "sensorium test", {"a": [1]}, found, store.generation()
        )


def ids_of(store: Store) -> dict[str, int]:
    """Asset ids by the last two parts of their paths."""
    return {"/".join(Path(a.path).parts[-2:]): a.asset_id for a in store.assets()}
