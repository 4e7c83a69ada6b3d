"""Vectors and facts that programs ask a library for, beside a search."""

from __future__ import annotations

import numpy as np
import pytest

from engine import Library
from engine.errors import InvalidQuery
from tests import media_files as make

pytestmark = pytest.mark.slow


@pytest.fixture
def library(tmp_path, settings):
    make.picture(tmp_path / "red.png", "red")
    make.sound(tmp_path / "deep.wav", (200, 2.0))
    with Library.open(tmp_path / "l", create=True, encoder="fake", settings=settings) as made:
        made.index([tmp_path / "red.png", tmp_path / "deep.wav"])
        yield made


def test_texts_have_unit_vectors_in_their_order(library):
    rows = library.embed(["red", "green", "red"])
    assert rows.shape == (3, library.towers.shared.dim) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(rows[0], rows[2])
    assert not np.allclose(rows[0], rows[1])
    assert library.embed([]).shape == (0, library.towers.shared.dim)


@pytest.mark.parametrize("name", ["red.png", "deep.wav"])
def test_an_example_has_the_vector_that_its_moment_has(library, tmp_path, name):
    row = library.embed_example(tmp_path / name)
    np.testing.assert_array_equal(row, library.embed_example((tmp_path / name).read_bytes()))
    hit = library.similar(tmp_path / name, top=1)
    assert row.shape == (library.towers.shared.dim,) and len(hit) <= 1
    text = library.embed(["red"])[0]
    assert (name == "red.png") == (row @ text > 0.9)


def test_what_is_no_example_is_refused(library, tmp_path):
    for wrong in (tmp_path / "gone.png", b"no picture"):
        with pytest.raises(InvalidQuery):
            library.embed_example(wrong)


def test_files_and_moments_are_found_by_the_numbers_of_hits(library, tmp_path):
    hit = library.search("red", top=1)[0]
    assert library.asset(hit.asset_id).path == hit.path == str(tmp_path / "red.png")
    assert library.moment(hit.moment_id).asset_id == hit.asset_id
    for ask in (library.asset, library.moment):
        with pytest.raises(KeyError):
            ask(10**9)
