"""What stands for the pairs that have nothing to do with each other."""

from __future__ import annotations

import numpy as np
import pytest

from engine.query.calibration.contrast import HEARD
from engine.query.calibration.estimate import estimate_backgrounds
from engine.query.calibration.log_odds import expected
from engine.query.calibration.phrases import phrases
from engine.testing.fake_encoder import fake_towers
from engine.types import Modality
from engine.types.arrays import Vectors

EMBED = fake_towers().encoder.embed_texts
TEXTS = {"fake": EMBED(phrases())}
OTHERS, WANTED = HEARD.phrases()
KINDS = {("fake", HEARD): EMBED([*OTHERS, *WANTED])}


def around(axis: int, count: int, dim: int = 64) -> Vectors:
    """Unit vectors near one axis."""
    rows = np.random.default_rng(axis).normal(0, 0.05, (count, dim)).astype(np.float32)
    rows[:, axis] += 1
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_examples_are_asked_of_every_modality_of_their_spaces():
    """A sound that asks for pictures is measured against sounds and pictures, which are
    far apart here, and not against sounds and sounds, which are near."""
    shared = {Modality.IMAGE: around(0, 30), Modality.SOUND: around(1, 40)}
    found = {
        (one.query, one.modality): one
        for one in estimate_backgrounds({"fake": shared}, TEXTS, KINDS)
    }  # fmt: skip
    assert set(found) == {
        *((q, m) for q in ("text", "image", "audio") for m in shared),
        (HEARD.query, Modality.SOUND),
    }
    assert found["image", Modality.SOUND].n == 30 * 40
    assert expected(found["audio", Modality.SOUND], shared[Modality.SOUND]).min() > 0.7
    assert expected(found["audio", Modality.IMAGE], shared[Modality.IMAGE]).max() < 0.2
    assert found["text", Modality.IMAGE].n == len(phrases()) * 30


def test_texts_are_asked_in_the_shared_space_alone():
    looks = {Modality.IMAGE: around(0, 3, 768), Modality.KEYFRAME: around(5, 4, 768)}
    found = estimate_backgrounds({"fake-looks": looks}, TEXTS, {})
    assert {one.query for one in found} == {"image"}
    assert {one.modality: one.n for one in found} == {
        Modality.IMAGE: 3 * 3 - 3 + 4 * 3,
        Modality.KEYFRAME: 4 * 4 - 4 + 3 * 4,
    }


def test_the_same_samples_give_the_same_backgrounds():
    shared = {"fake": {Modality.IMAGE: around(0, 300)}}
    first, second = (estimate_backgrounds(shared, TEXTS, KINDS) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("samples", [{}, {"fake": {}}])
def test_an_empty_library_has_no_background(samples):
    assert estimate_backgrounds(samples, TEXTS, {}) == []


def test_where_both_are_held_the_direction_from_things_to_sounds_is_known():
    both = {Modality.IMAGE: around(0, 3), Modality.SOUND: around(1, 4)}
    found = estimate_backgrounds({"fake": both}, TEXTS, KINDS)
    assert [one.modality for one in found if one.query == HEARD.query] == [Modality.SOUND]
    assert HEARD.is_among(both)
    for alone in both:
        assert not HEARD.is_among({alone})
