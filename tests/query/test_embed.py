"""A query's own vectors."""

from __future__ import annotations

import numpy as np
import pytest

from engine.query.embed import embed_picture, embed_query, embed_sound
from engine.query.prepare import ExampleFile
from engine.testing.fake_encoder import fake_towers
from engine.types import Branch, Modality, Plan, Query, QueryPart
from tests import media_files as make


def test_an_example_video_is_all_of_its_shots_and_not_the_first(tmp_path, settings):
    towers = fake_towers()
    video = make.video(tmp_path / "v.mp4", ["red", "blue"], seconds=3.0)
    vector = embed_picture(ExampleFile(video), towers, settings)["fake"]
    red, blue = towers.encoder.embed_texts(["red", "blue"])
    assert vector @ red > 0.5
    assert vector @ blue > 0.5
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_an_example_sound_is_its_first_minute_and_not_the_first_window(tmp_path, settings):
    towers = fake_towers()
    sound = make.sound(tmp_path / "s.wav", (200, 10.0), (5000, 10.0))
    start = make.sound(tmp_path / "start.wav", (200, 10.0))
    whole, first = (
        embed_sound(ExampleFile(path), towers, settings)["fake"] for path in (sound, start)
    )
    (high,) = towers.encoder.embed_texts(["high tone"])
    assert whole @ high > first @ high + 0.1


def test_parts_are_composed_by_their_weights(settings):
    towers = fake_towers()
    parts = QueryPart("red", weight=2.0), QueryPart("blue", weight=-1.0)
    branch = Branch("early", "fake", Modality.IMAGE, parts)
    composed = embed_query(Plan(Query(parts), (branch,), 1), towers, settings).for_branch(branch)
    red, blue = towers.encoder.embed_texts(["red", "blue"])
    wanted = 2 * red - blue
    assert composed == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-6)
