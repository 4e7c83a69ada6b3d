"""An export, and an import, onto a disk that is really full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.errors import ExportFailed
from engine.exchange.export import export
from engine.exchange.import_dataset import ImportOptions, check_dataset
from engine.store import Store
from engine.testing.fake_encoder import fake_towers
from engine.types import ExportFormat
from tests.mounts import small_disk


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds half a megabyte."""
    with small_disk(tmp_path / "small", "512k") as folder:
        yield folder


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, settings) -> Path:
    """A library whose exports are larger than that in every format."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "media").mkdir()
    noise = np.random.default_rng(5)
    for number in range(400):
        side = 20 if number else 600
        pixels = noise.integers(0, 255, (side, side, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "media" / f"{number}.png")
    with Library.open(folder / "library", create=True, encoder="fake", settings=settings) as made:
        made.index([folder / "media"])
        with made.store.writer() as writer:
            writer.curation.import_tags(
                {str(file): [f"tag {file.stem}"] for file in (folder / "media").iterdir()}
            )
    return folder / "library"


@pytest.mark.parametrize("name", list(ExportFormat))
def test_an_export(large: Path, small: Path, name: str) -> None:
    with Store.open(large) as store:
        for out in (small / "out", small / "deep" / "er" / "out"):
            full = pytest.raises(ExportFailed, match=r"the disk of .*out is full; nothing of it")
            with full as raised:
                export(store, out, name)
            assert raised.value.exit_code == 1
    assert not list(small.iterdir())


def test_an_import(large: Path, small: Path, tmp_path: Path) -> None:
    with Store.open(large) as store:
        export(store, tmp_path / "out", "webdataset", main="fake")
    with pytest.raises(ExportFailed, match=r"the disk of .*files is full; nothing of it is left"):
        check_dataset(
            fake_towers(), ImportOptions("webdataset", tmp_path / "out", to=small / "files")
        )
    assert not list(small.iterdir())


def test_a_folder_that_takes_no_files(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportFailed, match=r"cannot be written: not a directory; nothing of it"):
        export(store, tmp_path / "file" / "out", "jsonl")
