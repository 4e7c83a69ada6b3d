"""What stands for the pairs that have nothing to do with each other."""

from __future__ import annotations

import numpy as np
import pytest

from engine.encoders.fake import fake_towers
from engine.index.live import LiveIndex
from engine.index.oracle import NumpyIndex
from engine.index.space import SpaceIndex
from engine.query.background import estimate_all
from engine.query.calibrate import expected
from engine.query.phrases import phrases
from engine.types import Modality, Space, Vectors

TEXTS = {"fake": fake_towers().encoder.embed_texts(phrases())}


def space(name: str, dim: int, **rows: Vectors) -> SpaceIndex:
    made = SpaceIndex(Space(name, "fake", "1", dim))
    for modality, vectors in rows.items():
        index = made.indexes[Modality(modality)] = LiveIndex(dim, tail=NumpyIndex(dim))
        index.add(np.arange(1, len(vectors) + 1), vectors)
    return made


def around(axis: int, count: int, dim: int = 64) -> Vectors:
    """Unit vectors near one axis."""
    rows = np.random.default_rng(axis).normal(0, 0.05, (count, dim)).astype(np.float32)
    rows[:, axis] += 1
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_examples_are_asked_of_every_modality_of_their_spaces():
    """A sound that asks for pictures is measured against sounds and pictures, which are
    far apart here, and not against sounds and sounds, which are near."""
    shared = space("fake", 64, image=around(0, 30), sound=around(1, 40))
    found = {
        (one.query, one.modality): one
        for one in estimate_all({"fake": shared}, TEXTS)
    }  # fmt: skip
    assert set(found) == {(q, m) for q in ("text", "image", "audio") for m in shared.indexes}
    assert found["image", Modality.SOUND].n == 30 * 40
    sounds = shared.indexes[Modality.SOUND].sample(40)
    assert expected(found["audio", Modality.SOUND], sounds).min() > 0.7
    image = shared.indexes[Modality.IMAGE].sample(30)
    assert expected(found["audio", Modality.IMAGE], image).max() < 0.2
    assert found["text", Modality.IMAGE].n == len(phrases()) * 30


def test_texts_are_asked_in_the_shared_space_alone():
    looks = space("fake-looks", 768, image=around(0, 3, 768), keyframe=around(5, 4, 768))
    found = estimate_all({"fake-looks": looks}, TEXTS)
    assert {one.query for one in found} == {"image"}
    assert {one.modality: one.n for one in found} == {
        Modality.IMAGE: 3 * 3 - 3 + 4 * 3,
        Modality.KEYFRAME: 4 * 4 - 4 + 3 * 4,
    }


def test_a_large_modality_is_sampled_the_same_way_each_time(monkeypatch):
    monkeypatch.setattr("engine.query.background._SAMPLE", 50)
    shared = space("fake", 64, image=around(0, 200))
    one, other = (estimate_all({"fake": shared}, TEXTS) for _ in range(2))
    assert one == other
    assert {b.n for b in one} == {len(phrases()) * 50, 50 * 50 - 50}


@pytest.mark.parametrize("indexes", [{}, {"fake": space("fake", 64)}])
def test_an_empty_library_has_no_background(indexes):
    assert estimate_all(indexes, TEXTS) == []
