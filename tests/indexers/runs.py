"""What tests of whole runs share: a listener, a falling tower, and looks into the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.encoders.protocols import Embedded, Pixels
from engine.errors import EncoderUnavailable
from engine.store import Store
from engine.testing.fake_encoder import COLOURS, FakeEncoder
from engine.types import IndexReport
from tests import media_files as make


def touch(path: Path, content: str = "x") -> Path:
    """Write a file that need be no picture, in a folder that is made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


class Told:
    """A ``Progress`` that counts, and calls a function when a file is done."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.total: int | None = None
        self.done: list[int] = []
        """The moments of each file that is done."""
        self._then = then

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        self.total = total

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        if self.total is not None and items:  # the scan does not know how many files there are
            self.done.append(moments)
            self._then()

    def message(self, text: str) -> None: ...


def pictures(media: Path, count: int) -> list[Path]:
    return [make.picture(media / f"{i:03}.png", [*COLOURS][i % 6]) for i in range(count)]


def names(store: Store) -> list[str]:
    return [Path(asset.path).name for asset in store.assets()]


def reasons(report: IndexReport) -> dict[str, str]:
    return {Path(failure.path).name: failure.reason for failure in report.failures}


def assert_aligned(store: Store) -> None:
    """Every picture has the vector that its own colour has when it is alone."""
    found, encoder = vectors(store, "fake"), FakeEncoder()
    for asset in store.assets():
        for record in store.moments_of(asset.asset_id):
            words = " ".join(tag.word for tag in record.moment.tags)
            alone = encoder.embed_texts([words])[0]
            np.testing.assert_allclose(found[record.moment_id], alone, atol=1e-3)
            assert asset.path.endswith(f"{words}.png") or record.moment.modality != "image"


class Broken(FakeEncoder):
    """Fails after so many batches."""

    def __init__(self, after: int = 0) -> None:
        self._left = after

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        self._left -= 1
        if self._left < 0:
            raise EncoderUnavailable("the tower fell")
        return super().embed_images(pixels)


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
