"""Scores become comparable: they are measured against their own background."""

from __future__ import annotations

import numpy as np
import pytest

from engine.query.calibrate import background, estimate, log_odds
from engine.query.phrases import phrases
from engine.store import Background
from engine.types import Modality

TEXT = ("words", "text", Modality.IMAGE)
SAID = ("words", "text", Modality.SPEECH)
EXAMPLE = ("words", "image", Modality.IMAGE)


def rows(count: int, seed: int, dim: int = 64) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((count, dim))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def test_the_background_of_unrelated_vectors_is_theirs():
    found = estimate(TEXT, rows(200, 1), rows(800, 2))
    assert found.n == 160_000
    assert found.mean == pytest.approx(0.0, abs=0.002)
    assert found.std == pytest.approx(1 / 8, abs=0.002)  # 1/sqrt(dim)


def test_a_vector_does_not_meet_itself():
    same = rows(50, 3)
    assert estimate(EXAMPLE, same, same).n == 50 * 49


def test_a_small_sample_does_not_rule():
    one = np.eye(4, dtype=np.float32)[:1]
    lone = estimate(TEXT, one, one[:, ::-1].copy())
    assert 0.05 < lone.std < 0.2


def test_a_score_at_the_background_says_nothing_and_more_deviations_say_more():
    ground = Background(*TEXT, 0.2, 0.05, 1000)
    assert log_odds(0.2, ground) == 0
    assert log_odds(0.35, ground) == pytest.approx(3 * np.pi / np.sqrt(3))
    assert log_odds(0.1, ground) < 0


def test_a_lower_cosine_can_be_the_better_match():
    picture, text = Background(*TEXT, 0.2, 0.02, 1000), Background(*SAID, 0.5, 0.1, 1000)
    assert log_odds(0.28, picture) > log_odds(0.7, text)


def test_an_unknown_background_is_the_prior_of_its_kind():
    assert background({}, TEXT).n == 0


def test_the_bank_of_phrases_is_large_and_distinct():
    bank = phrases()
    assert len(bank) == len(set(bank)) >= 200
    assert all(phrase == phrase.strip() and phrase for phrase in bank)
