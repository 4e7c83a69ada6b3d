"""A query's own vectors."""

from __future__ import annotations

import numpy as np
import pytest

from engine.encoders.fake import fake_towers
from engine.errors import InvalidQuery
from engine.query.embed import embed_picture, embed_sound, example_of
from tests import media_files as make


def test_an_example_video_is_all_of_its_shots_and_not_the_first(tmp_path, settings):
    towers = fake_towers()
    video = make.video(tmp_path / "v.mp4", ["red", "blue"], seconds=3.0)
    vector = embed_picture(video, towers, settings)["fake"]
    red, blue = towers.encoder.embed_texts(["red", "blue"])
    assert vector @ red > 0.5
    assert vector @ blue > 0.5
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_an_example_sound_is_its_first_minute_and_not_the_first_window(tmp_path, settings):
    towers = fake_towers()
    sound = make.sound(tmp_path / "s.wav", (200, 10.0), (5000, 10.0))
    start = make.sound(tmp_path / "start.wav", (200, 10.0))
    whole, first = (embed_sound(path, towers, settings)["fake"] for path in (sound, start))
    (high,) = towers.encoder.embed_texts(["high tone"])
    assert whole @ high > first @ high + 0.1


def test_an_example_is_what_its_content_says(tmp_path):
    sound = make.sound(tmp_path / "sound.png", (200, 1.0))
    assert example_of(sound).audio == str(sound)


@pytest.mark.parametrize("content", [b"", b"no picture at all"])
def test_an_example_that_cannot_be_read_is_a_mistake_of_the_query(tmp_path, settings, content):
    bad = tmp_path / "bad.png"
    bad.write_bytes(content)
    with pytest.raises(InvalidQuery, match=r"bad\.png"):
        embed_picture(bad, fake_towers(), settings)
