"""A text asks for something heard, seen, said or written, and banks of phrases tell which."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.query.calibration.contrast import CONTRASTS, HEARD, WORDED, log_odds_of
from engine.query.calibration.phrases import (
    phrases,
    saying_phrases,
    sound_phrases,
    thing_phrases,
)
from engine.query.calibration.sight_and_sound import heard_phrases, seen_phrases
from engine.query.calibration.words_and_senses import worded_phrases
from engine.testing.fake_encoder import fake_towers
from engine.types import Modality

EMBED = fake_towers().encoder.embed_texts


@pytest.fixture(scope="module")
def known():
    return fitted(HEARD)


def fitted(contrast):
    others, wanted = contrast.phrases()
    return contrast.direction("fake", EMBED([*others, *wanted]))


def odds(known, text: str) -> float:
    return log_odds_of(known, EMBED([text])[0])


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
    for modality in (*HEARD.others, *HEARD.wanted):
        assert HEARD.prior(0.0, modality) == pytest.approx(0)
    assert HEARD.prior(50.0, Modality.SOUND) == pytest.approx(math.log(2))
    assert HEARD.prior(50.0, Modality.IMAGE) < -45
    assert HEARD.prior(-3.0, Modality.KEYFRAME) > 0 > HEARD.prior(-3.0, Modality.SOUND)
    assert HEARD.prior(50.0, Modality.SPEECH) == HEARD.prior(-50.0, Modality.SCREEN) == 0


def test_words_are_told_from_what_is_seen_or_heard_and_pictures_keep_what_they_have():
    known = fitted(WORDED)
    assert odds(known, "the opening hours of the bank") > 0.3
    assert odds(known, "a red car") < -0.3
    assert odds(known, "a dog barking") < -0.3
    assert WORDED.prior(-3.0, Modality.SCREEN) < -2
    assert WORDED.prior(3.0, Modality.SCREEN) == 0
    assert WORDED.prior(3.0, Modality.IMAGE) == WORDED.prior(-3.0, Modality.SOUND) == 0
    assert worded_phrases()[: len(saying_phrases())] == saying_phrases()


def test_directions_are_kept_apart():
    assert len({(contrast.query, contrast.kept) for contrast in CONTRASTS}) == len(CONTRASTS)
    assert not HEARD.is_among({Modality.IMAGE, Modality.SCREEN})
    assert WORDED.is_among({Modality.SOUND, Modality.SPEECH})


def test_a_fit_comes_out_the_same_each_time(known):
    assert fitted(HEARD) == known
