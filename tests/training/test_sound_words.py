"""The head of sixty words is judged by what it has not seen, and learned with what has no word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import UsageError
from engine.training import sound_words
from engine.training.sound_words import fit, fit_gate, judge
from engine.training.word_clips import NO_WORD, Clips
from engine.training.word_report import BEGIN, END, write_card


def clips(words, seed=0, each=10, group=2):
    """Recordings in groups of ``group``, around a centre of their word."""
    random = np.random.default_rng(seed)
    labels = np.repeat(words, each)
    centres = {w: np.random.default_rng(sum(map(ord, w)) + 1).random(512) for w in words}
    rows = np.stack([centres[w] + 0.3 * random.random(512) for w in labels]).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    count = len(labels)
    return Clips(
        rows, labels, np.arange(count) // group, np.ones(count, bool), np.full(count, "made")
    )


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sound_words, "_NETWORKS", 1)
        yield


WORDS = ("bark", "bell", "hum", "purr", "rain")


@pytest.fixture(scope="module")
def judged():
    return judge(clips([*WORDS, NO_WORD]), clips(["noise"], seed=1), WORDS, seed=0)


def test_new_recordings_of_a_word_are_named(judged):
    first, three, count = judged.accuracy()
    assert (count, three) == (50, 1.0)
    assert first > 0.9
    assert judged.kept() == WORDS


def test_a_group_is_in_one_fold_alone(judged):
    for group in np.unique(judged.clips.groups):
        assert len(set(judged.fold_of[judged.clips.groups == group])) == 1


def test_noise_and_words_left_out_are_told_from_known_ones(judged):
    aurocs = judged.aurocs(fit_gate)
    assert set(aurocs) == {"noise", "a word left out"}
    assert aurocs["noise"] > 0.9


def test_a_word_that_cannot_be_told_is_left_out(judged):
    outputs = judged.outputs.copy()
    outputs[judged.clips.words == "bell", WORDS.index("bell")] = -1
    deaf = replace(judged, outputs=outputs)
    assert deaf.kept() == tuple(word for word in WORDS if word != "bell")
    assert "bell" not in deaf.table()


def test_the_same_seed_learns_the_same_head():
    one, two = (fit(clips(["bark", "bell"]), ("bark", "bell"), seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.first, two.first)


def test_figures_are_written_between_the_marks_of_a_card(judged, tmp_path):
    card = tmp_path / "CARD.md"
    card.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_card(card, judged, fit_gate)
    text = card.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert "| bell | 10 | 10 | 5 | 1.00 | 1.00 |" in text
    card.write_text("no place")
    with pytest.raises(UsageError, match="no place for figures"):
        write_card(card, judged, fit_gate)
