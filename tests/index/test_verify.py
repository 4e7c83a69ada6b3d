"""Snapshots are compared with the log, and what is wrong gets a line."""

from __future__ import annotations

import errno
import json
import os

import numpy as np
import pytest

from engine.errors import LibraryUnavailable
from engine.index import disk
from engine.index.build import BuildOptions
from engine.index.exact import import_faiss
from engine.index.refresh import refresh
from engine.index.verify import verify_indexes
from engine.store import Store
from tests.store.make import LOOKS, TEXT, picture, sound


@pytest.fixture
def store(tmp_path):
    """A library with snapshots of both spaces, one asset newer, one of them deleted."""
    with Store.create(tmp_path / "library", "fake") as made, made.writer() as writer:
        writer.ensure_space(TEXT)
        writer.ensure_space(LOOKS)
        writer.commit([picture(f"/{i}.jpg") for i in range(4)])
        writer.commit([sound("/a.wav", "hello", "world")])
        for space in (TEXT, LOOKS):
            with disk.refreshing(made.path):
                refresh(made, space, None, BuildOptions(threads=1))
        writer.commit([picture("/new.jpg")])
        writer.remove([1])
    with Store.open(tmp_path / "library") as opened:
        yield opened


def folder(store, name: str):
    return disk.folder_of(store.path, TEXT.name) / "1" / name


def test_nothing_is_wrong_with_what_was_folded_in(store):
    assert list(verify_indexes(store, deep=True)) == []


def test_nothing_is_wrong_after_a_compaction(store):
    with store.writer() as writer:
        writer.compact(lambda ids: disk.holding(store.path, ids))
    assert list(verify_indexes(store, deep=True)) == []


def test_a_file_that_is_cut(store):
    file = folder(store, "image/vectors.f16")
    file.write_bytes(file.read_bytes()[:-2])
    (line,) = verify_indexes(store)
    assert "vectors.f16 has not its size" in line
    assert line.endswith("sensorium rebuild")


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE])
def test_an_index_that_cannot_be_read_now_is_not_damaged(store, monkeypatch, number):
    """FAISS has one class of errors for both, and writes the system's reason behind it."""

    def failing(*_):
        raise RuntimeError(f"Error in FileIOReader: could not open x: {os.strerror(number)}")

    monkeypatch.setattr(import_faiss(), "read_index", failing)
    for line in verify_indexes(store):
        assert os.strerror(number).lower() in line and "rebuild" not in line
    with pytest.raises(LibraryUnavailable):
        disk.newest(store.path, TEXT, strict=True)
    with pytest.raises(LibraryUnavailable), disk.refreshing(store.path):
        refresh(store, TEXT, None, BuildOptions(threads=1))
    assert folder(store, "image/index.faiss").exists()


def test_a_snapshot_ahead_of_the_log(store):
    level = json.loads(folder(store, "level.json").read_text())
    folder(store, "level.json").write_text(json.dumps(level | {"watermark": 99}))
    (line,) = verify_indexes(store)
    assert "level with segment 99, and the log has none past" in line


def test_a_vector_that_is_another(store):
    file = folder(store, "image/vectors.f16")
    rows = np.fromfile(file, np.float16)
    rows[0] += 0.1
    rows.tofile(file)
    assert list(verify_indexes(store)) == []
    assert list(verify_indexes(store, deep=True)) == []  # its moment is dead
    rows[-1] += 0.1
    rows.tofile(file)
    (line,) = verify_indexes(store, deep=True)
    assert "1 vectors are not those of the log" in line


def test_a_row_that_is_missing_and_one_too_many(store):
    file = folder(store, "image/ids.i64")
    ids = np.fromfile(file, np.int64)
    ids[-1] = 1000
    ids.tofile(file)
    missing, stray = verify_indexes(store, deep=True)
    assert "1 vectors are missing" in missing
    assert "1 rows are of no moment" in stray
