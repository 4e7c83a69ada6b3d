"""A mapped index that is cut while it is searched is an error or read anew, and no signal."""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache

import numpy as np
import pytest

from engine import Library
from engine.common.mapped_files import PageLost, guarded
from engine.errors import LibraryUnavailable
from engine.index import disk, inverted_lists
from engine.index.build import BuildOptions
from engine.index.lost_pages import MappedIndexes
from engine.index.refresh import refresh
from engine.index.snapshot import IDS, INDEX, VECTORS, Snapshot
from tests import media_files as make
from tests.index.on_disk import snapshot, unit_rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the signal is taken on Linux"),
]

DIM, ROWS = 32, 3000
FILES = {
    "SQfp16": [IDS, INDEX],
    "IVF8,PQ16x4fs": [IDS, VECTORS, inverted_lists.CODES],
    "IVF8,RaBitQfs": [IDS, VECTORS],
}
"""The files of each structure that are mapped, and not read when they are opened."""


@pytest.fixture(scope="module")
def rows():
    return unit_rows(np.random.default_rng(0), ROWS, DIM)


@pytest.fixture(scope="module")
def built(tmp_path_factory, rows):
    """The folder of an index of each structure, built once and to be copied."""

    @cache
    def of(key):
        folder = tmp_path_factory.mktemp("built") / "s"
        snapshot(folder, np.arange(1, ROWS + 1), rows, key, target=0.9)
        return folder

    return of


@pytest.mark.parametrize(("key", "file"), [(k, f) for k, files in FILES.items() for f in files])
def test_each_mapped_file_that_is_cut_is_an_error(tmp_path, rows, built, key, file):
    made = Snapshot(shutil.copytree(built(key), tmp_path / "s"))
    os.truncate(tmp_path / "s" / file, 0)
    with pytest.raises(PageLost, match="it was cut, or its disk fails"), guarded(tmp_path):
        made.search(rows[0], 10)


def test_a_library_whose_index_is_cut_is_searched_all_the_same(tmp_path, settings, caplog):
    for number in range(6):
        make.picture(tmp_path / "media" / f"{number}.png", "red" if number % 2 else "blue")
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as library:
        library.index([tmp_path / "media"])
        with disk.refreshing(library.path):
            for space in library.store.spaces().values():
                refresh(library.store, space, None, BuildOptions(threads=1))
    with Library.open(tmp_path / "lib", settings=settings) as library:
        before = [hit.path for hit in library.search("red").hits]
        for name in (IDS, INDEX, VECTORS):
            for file in (tmp_path / "lib").glob(f"indexes/*/*/*/{name}"):
                os.truncate(file, 0)
        assert [hit.path for hit in library.search("red").hits] == before
        assert "has not its size; it is passed over" in caplog.text
        caplog.clear()
        assert [hit.path for hit in library.search("red").hits] == before
        assert caplog.text == ""


def test_a_disk_that_fails_at_the_second_look_too_is_an_error(tmp_path, rows):
    file = tmp_path / "indexes" / "v"
    file.parent.mkdir()
    forgotten = []

    def fail() -> float:
        file.write_bytes(bytes(2**16))
        mapped = np.memmap(file, np.uint8, "r")
        os.truncate(file, 0)
        return float(mapped.sum())

    indexes = MappedIndexes(tmp_path, lambda: forgotten.append(True))
    with pytest.raises(LibraryUnavailable, match=r"cannot be read: .*nothing was changed"):
        indexes.read(fail)
    assert indexes.read(lambda: 1) == 1
    assert len(forgotten) == 2
