"""A text asks for something heard or for something seen, and the bank of phrases tells which."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.query.calibration import heard
from engine.query.calibration.phrases import phrases, sound_phrases, thing_phrases
from engine.query.calibration.sight_and_sound import heard_phrases, seen_phrases
from engine.testing.fake_encoder import fake_towers
from engine.types import Modality

EMBED = fake_towers().encoder.embed_texts


@pytest.fixture(scope="module")
def known():
    return heard.direction("fake", EMBED([*seen_phrases(), *heard_phrases()]))


def odds(known, text: str) -> float:
    return heard.log_odds_of_hearing(known, EMBED([text])[0])


def test_the_bank_begins_with_things_and_sounds():
    listed = [*thing_phrases(), *sound_phrases()]
    assert phrases()[: len(listed)] == listed
    assert "a dog barking" in sound_phrases() and "a dog" in thing_phrases()
    assert seen_phrases()[: len(thing_phrases())] == thing_phrases()
    assert heard_phrases()[: len(sound_phrases())] == sound_phrases()
    assert not set(seen_phrases()) & set(heard_phrases())


def test_words_of_sounds_speak_for_sounds_and_words_of_things_for_things(known):
    assert odds(known, "a dog barking") > 0.2
    assert odds(known, "howling") > 0.5
    assert odds(known, "a red car") < -0.5
    assert odds(known, "a man riding") < -0.5


def test_both_kinds_count_alike_whatever_their_number(known):
    every = [odds(known, text) for text in (*seen_phrases(), *heard_phrases())]
    count = len(seen_phrases())
    assert np.mean(every[:count]) == pytest.approx(-np.mean(every[count:]), abs=0.4)


def test_what_may_be_either_changes_nothing_and_no_modality_gains_much():
    for modality in (*heard.SEEN, *heard.HEARD):
        assert heard.prior(0.0, modality) == pytest.approx(0)
    assert heard.prior(50.0, Modality.SOUND) == pytest.approx(math.log(2))
    assert heard.prior(50.0, Modality.IMAGE) < -45
    assert heard.prior(-3.0, Modality.KEYFRAME) > 0 > heard.prior(-3.0, Modality.SOUND)
    assert heard.prior(50.0, Modality.SPEECH) == heard.prior(-50.0, Modality.SCREEN) == 0


def test_a_fit_comes_out_the_same_each_time(known):
    assert heard.direction("fake", EMBED([*seen_phrases(), *heard_phrases()])) == known
