"""Hits of sounds with the times at which what was sought is heard."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from engine import Library
from engine.encoders.pe_av.frames import HeardSpan, SoundFrames
from engine.media.excerpt import samples_of
from engine.query.sound_spans import with_heard_times
from engine.types import Modality
from tests import media_files as make
from tests.pe_av import write_pe_frames

pytestmark = pytest.mark.slow

QUERY = "a deep hum"


class HearsLoud:
    """A model to which whatever is asked for is what is loud."""

    name, rate = "pe-av:loud", 48_000

    def __init__(self) -> None:
        self.texts: list[str] = []

    def when(self, text: str, samples: np.ndarray) -> list[HeardSpan]:
        self.texts.append(text)
        loud = np.flatnonzero(np.abs(samples) > 0.1) / self.rate
        if not len(loud):
            return []
        first, last = float(loud[0]), float(loud[-1])
        return [HeardSpan(0.0, 0.1, 0.5), HeardSpan(first, last, 3.0)]


@pytest.fixture
def library(settings, tmp_path):
    quick = dataclasses.replace(settings, speech=False, ocr=False)
    make.picture(tmp_path / "media" / "red.png")
    make.sound(tmp_path / "media" / "deep.wav", (0, 2.0), (200, 1.0), (0, 1.5))
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=quick) as made:
        made.index([tmp_path / "media"])
        yield made


def test_a_sound_begins_and_ends_where_it_is_heard(library):
    before, model = library.search(QUERY), HearsLoud()
    after = with_heard_times(before, model, 60.0)
    (window,) = [hit for hit in before.hits if hit.modality is Modality.SOUND]
    (heard,) = [hit for hit in after.hits if hit.modality is Modality.SOUND]
    assert window.end - window.start > 3
    assert (heard.start, heard.end) == (pytest.approx(2.0, abs=0.05), pytest.approx(3.0, abs=0.05))
    assert [(h.moment_id, h.score) for h in after.hits] == [
        (h.moment_id, h.score) for h in before.hits
    ]
    assert after.notes[-1] == "pe-av:loud hears it in 1 of 1 sounds, and says when"
    assert model.texts == [QUERY]


def test_what_is_not_heard_in_time_or_is_gone_keeps_its_window(library, tmp_path):
    before = library.search(QUERY)
    assert with_heard_times(before, HearsLoud(), 0.0).hits == before.hits
    (tmp_path / "media" / "deep.wav").unlink()
    assert with_heard_times(before, HearsLoud(), 60.0).hits == before.hits


def test_a_search_has_the_times_of_the_configured_model(library, settings, tmp_path):
    import torch

    folder = write_pe_frames(tmp_path / "frames")
    name = f"pe-av:{folder}"
    (window,) = [hit for hit in library.search(QUERY).hits if hit.modality is Modality.SOUND]
    sound = samples_of(Path(window.path), window.start, window.end - window.start, 48_000)
    quick = dataclasses.replace(library.settings, sound_frames=name)
    with Library.open(library.path, settings=quick) as asked:
        frames = asked._search._sound_frames
        with torch.inference_mode():  # random weights hear everything, or nothing: half of it here
            frames._loaded.model.text_audio_logit_scale.fill_(1.0)
            odds = frames.log_odds(QUERY, sound)
            frames._loaded.model.text_audio_logit_bias.sub_(float(np.quantile(odds, 0.8)))
        (hit,) = [hit for hit in asked.search(QUERY).hits if hit.modality is Modality.SOUND]
        best = max(frames.when(QUERY, sound), key=lambda span: span.log_odds)
        other = frames.log_odds("a bright bell", sound)
    assert (hit.start, hit.end) == (window.start + best.start, window.start + best.end)
    assert hit.end - hit.start < window.end - window.start
    assert not np.allclose(other, odds, atol=1e-3)
    assert isinstance(frames, SoundFrames)
