"""The bank of phrases is embedded once for each encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.query.calibration.phrase_vectors import phrase_vectors
from engine.query.calibration.phrases import phrases
from engine.testing.fake_encoder import FakeEncoder, FakeSounds
from engine.types import Space
from engine.types.arrays import Vectors


class Counting(FakeEncoder):
    """Counts the texts that it embeds."""

    texts = 0

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        return super().embed_texts(texts)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path / "cache")


def test_another_library_asks_for_what_is_kept(settings):
    encoder = Counting()
    first, second = (phrase_vectors(Towers(encoder, FakeSounds()), settings) for _ in range(2))
    assert encoder.texts == len(phrases())
    np.testing.assert_array_equal(first, encoder.embed_texts(phrases()))
    assert first.tobytes() == second.tobytes() and second.dtype == np.float32


def test_another_revision_has_its_own(settings):
    phrase_vectors(Towers(Counting(), FakeSounds()), settings)
    encoder = Counting()
    encoder.shared = Space("fake", "fake", "2", 64)
    phrase_vectors(Towers(encoder, FakeSounds()), settings)
    assert encoder.texts == len(phrases())


@pytest.mark.parametrize("damage", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_what_is_damaged_is_made_again(settings, damage):
    encoder = Counting()
    towers = Towers(encoder, FakeSounds())
    whole = phrase_vectors(towers, settings)
    (file,) = (settings.cache / "phrases").glob("*.npy")
    file.write_bytes(damage)
    np.testing.assert_array_equal(phrase_vectors(towers, settings), whole)
    assert encoder.texts == 2 * len(phrases())


def test_of_another_shape_it_is_made_again(settings):
    towers = Towers(Counting(), FakeSounds())
    whole = phrase_vectors(towers, settings)
    (file,) = (settings.cache / "phrases").glob("*.npy")
    np.save(file, whole[:, :-1])
    np.testing.assert_array_equal(phrase_vectors(towers, settings), whole)


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path):
    (tmp_path / "file").write_text("in the way")
    encoder = Counting()
    rows = phrase_vectors(
        Towers(encoder, FakeSounds()), Settings(cache=tmp_path / "file" / "cache")
    )
    assert rows.shape == (len(phrases()), 64)
