"""A library of the fake encoder, a folder of media, and runs over both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.config import Settings
from engine.encoders.fake import fake_towers
from engine.store import Store
from engine.types import IndexReport
from indexers.local import run

Index: TypeAlias = Callable[..., IndexReport]


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
        return run(store, towers, paths or (media,), settings, **options)  # type: ignore[arg-type]

    return indexed


def vectors(store: Store, space: str) -> dict[int, NDArray[np.float32]]:
    """Every vector of a space by its moment, less those of deleted moments."""
    found: dict[int, NDArray[np.float32]] = {}
    for info in store.segments(space):
        ids, rows = store.read_segment(info)
        found.update(zip(ids.tolist(), rows, strict=True))
    return {i: row for i, row in found.items() if i not in set(store.tombstones().tolist())}


def moment_ids(store: Store, path: Path) -> list[int]:
    """The moments of the asset at ``path``."""
    asset = store.get(path)
    assert asset is not None, f"{path} is not indexed"
    return [record.moment_id for record in store.moments_of(asset.asset_id)]
