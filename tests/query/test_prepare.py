"""Examples are decoded apart from being embedded, and embedded together."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import EmptyMedia
from engine.media.audio import Chunk
from engine.query.embed import embed_picture, embed_sound
from engine.query.prepare import ExampleFile, embed_prepared, prepare_picture, prepare_sound
from engine.testing.fake_encoder import fake_towers
from tests import media_files as make


def test_examples_of_both_kinds_are_embedded_together_as_alone(tmp_path, settings):
    towers = fake_towers()
    make.picture(tmp_path / "red.png", "red")
    make.sound(tmp_path / "low.wav", (200, 3.0))
    make.sound(tmp_path / "high.wav", (3000, 25.0))
    red, low, high = (ExampleFile(tmp_path / n) for n in ("red.png", "low.wav", "high.wav"))
    prepared = [prepare_sound(low, towers, settings), prepare_picture(red, towers, settings),
                prepare_sound(high, towers, settings)]  # fmt: skip
    together = embed_prepared(prepared, towers)
    alone = [embed_sound(low, towers, settings), embed_picture(red, towers, settings),
             embed_sound(high, towers, settings)]  # fmt: skip
    for rows, own in zip(together, alone, strict=True):
        assert rows.keys() == own.keys()
        for space in rows:
            np.testing.assert_allclose(rows[space], own[space], atol=1e-6)
    assert embed_prepared([], towers) == []


def test_a_silence_of_hours_is_looked_through_for_ten_minutes(tmp_path, settings, monkeypatch):
    make.sound(tmp_path / "x.wav", (200, 1.0))
    read = []

    def endless(path, rate, seconds):
        for number in range(3600):
            read.append(number * seconds)
            yield Chunk(number * seconds, np.zeros(int(rate * seconds), np.float32))

    monkeypatch.setattr("engine.media.audio.read_audio", endless)
    with pytest.raises(EmptyMedia, match="first ten minutes"):
        prepare_sound(ExampleFile(tmp_path / "x.wav"), fake_towers(), settings)
    assert max(read) == 600.0
