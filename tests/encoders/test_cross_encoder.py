"""The cross-encoder reads query and passage together, in English."""

from __future__ import annotations

import numpy as np
import pytest

from engine.encoders.cross_encoder import CrossEncoder
from engine.query.rerank.cross import UNRELATED

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cross(settings):
    return CrossEncoder(settings)


def test_a_passage_that_answers_stands_above_one_that_does_not(cross):
    query = "how long to bake the cake"
    answer, other = cross.logits(
        query, ["Then forty minutes in the oven, and do not open the door.", "Knight takes e5."]
    )
    assert answer > other + 1
    assert other < UNRELATED < answer


def test_neighbours_in_a_batch_change_little(cross):
    query, passage = "when does the train leave", "The train to Lisbon leaves at nine."
    (alone,) = cross.logits(query, [passage])
    beside = cross.logits(query, [passage, "a dog " * 40, "INVOICE No. 2231"])
    assert beside.shape == (3,) and beside.dtype == np.float64
    assert beside[0] == pytest.approx(alone, abs=0.5)


@pytest.mark.parametrize(
    ("text", "known"),
    [("the dog is ill", True), ("IMG_2231: 12.5", False), ("17", True), ("", True),
     ("der Hund ist krank geworden", False), ("厨房漏水", False), ("собака больна", False)],
)  # fmt: skip
def test_what_is_english_is_told_by_whole_words(cross, text, known):
    assert (cross.share_known(text) >= 0.5) == known


def test_any_text_can_be_read(cross):
    assert np.isfinite(cross.logits("", ["", "word " * 5000, "\ufffd\x00"])).all()


def test_loading_is_remembered(settings):
    cross = CrossEncoder(settings)
    cross.check()
    assert not cross.is_loaded()
    cross.load()
    assert cross.is_loaded()
