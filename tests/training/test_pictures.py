"""The class vectors of the image bridge are fitted to text."""

from __future__ import annotations

import numpy as np
import pytest

from engine.training.pictures import Synset, _classes, _solve, ancestors, fit, read_nouns

NOUNS = """\
  1 This line and the like are the licence.
00000001 03 n 01 entity 0 000 | all there is
00000002 03 n 02 animal 0 beast 0 001 @ 00000001 n 0000 | it lives
00000003 03 n 01 big_dog 0 002 @ 00000002 n 0000 ~ 00000004 n 0000 | it barks
00000004 03 n 01 Rex 0 001 @i 00000003 n 0000 | one of them
"""


@pytest.fixture
def nouns(tmp_path):
    (tmp_path / "data.noun").write_text(NOUNS)
    return read_nouns(tmp_path)


def test_words_and_what_is_right_above_them_are_read(nouns):
    assert nouns["00000002"].words == ("animal", "beast")
    assert nouns["00000003"].words == ("big dog",)
    assert nouns["00000003"].above == ("00000002",)
    assert nouns["00000004"].above == ("00000003",)
    assert nouns["00000001"].above == ()


def test_all_that_is_above_is_found_with_its_distance(nouns):
    assert ancestors(nouns, "00000004") == {"00000003": 1, "00000002": 2, "00000001": 3}


def test_the_fit_gives_a_phrase_a_high_score_where_it_is_true():
    inputs = np.eye(4, dtype=np.float32) * 10
    targets = np.array([[1, 0], [0, 1], [0.5, 0.5], [0, 0]], np.float32)
    scores = inputs @ _solve(inputs, targets, 10.0).T
    np.testing.assert_allclose(scores, targets * 100 / 110, atol=1e-5)


class Listening:
    """A tower that keeps what it was asked."""

    def __init__(self):
        self.asked = set()

    def embed(self, texts):
        self.asked |= set(texts)
        return np.random.default_rng(0).standard_normal((len(texts), 8)).astype(np.float32)


def test_words_that_are_left_out_of_the_fit_are_not_put_to_the_tower():
    offsets, _ = _classes()
    nouns = {o: Synset(("thing",), ("ab"[i > 600], "c")) for i, o in enumerate(offsets)}
    nouns |= {"a": Synset(("animal",), ()), "c": Synset(("entity",), ())}
    nouns["b"] = Synset(("artefact of man", "craft"), ())
    whole, part = Listening(), Listening()
    head = fit(whole, nouns)
    less = fit(part, nouns, unseen={"artefact of man", "animal"})
    assert part.asked < whole.asked
    gone = {"artefact of man", "a photo of a artefact of man", "a artefact of man in a picture"}
    assert whole.asked - part.asked == gone | {"animal"}
    assert head["class_vectors"].shape == less["class_vectors"].shape
