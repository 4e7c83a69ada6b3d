"""Scores become comparable: they are measured against their own background."""

from __future__ import annotations

import numpy as np
import pytest

from engine.query.calibration.log_odds import background, estimate, expected, log_odds
from engine.query.calibration.phrases import phrases
from engine.store import Background
from engine.types import Modality

TEXT = ("words", "text", Modality.IMAGE)
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


def test_what_is_expected_of_a_moment_is_its_mean_over_the_queries():
    """Moments that are near every query, hubs, have a higher background."""
    queries, moments = rows(200, 1), rows(50, 2)
    moments[:10] = moments[:10] + 3 * queries.mean(axis=0) / np.linalg.norm(queries.mean(axis=0))
    moments /= np.linalg.norm(moments, axis=1, keepdims=True)
    found = estimate(TEXT, queries, moments)
    means = (queries @ moments.T).mean(axis=0)
    assert means[:10].min() > means[10:].max()
    # Drawn together by what chance explains, and right on the whole.
    assert expected(found, moments).mean() == pytest.approx(means.mean(), abs=0.002)
    assert np.corrcoef(expected(found, moments), means)[0, 1] > 0.999


def test_means_that_differ_by_chance_are_drawn_together():
    queries, moments = rows(50, 1), rows(200, 2)
    spread = (queries @ moments.T).mean(axis=0).std()
    assert expected(estimate(TEXT, queries, moments), moments).std() < 0.5 * spread


def test_the_deviation_is_that_of_pairs_and_not_of_moments_or_queries():
    """Queries that differ in how near they are to everything."""
    queries, moments = rows(200, 1, 256), rows(100, 2, 256)
    moments = moments + moments[:1]
    plain = estimate(TEXT, queries, moments).std
    near = queries + np.linspace(0, 1, 200)[:, None].astype(np.float32) * moments[:1]
    assert estimate(TEXT, near, moments).std < 1.5 * plain
    assert (near @ moments.T).std() > 5 * plain


def test_a_score_at_the_background_says_nothing_and_more_deviations_say_more():
    raw = np.array([0.2, 0.35, 0.1])
    known = Background(*TEXT, 0.2, 0.05, 1000)
    assert log_odds(raw, 0.2, known) == pytest.approx(
        [0, 3 * np.pi / np.sqrt(3), -3.6276], abs=1e-3
    )


def test_what_the_banks_own_pairs_reach_says_little():
    """A space of moments that are nearly the same, to which some words are near and some far."""
    same = rows(1, 3)
    queries, moments = rows(200, 1), rows(300, 2) * 0.1 + same
    moments /= np.linalg.norm(moments, axis=1, keepdims=True)
    plain, heavy = estimate(TEXT, queries, rows(300, 2)), estimate(TEXT, queries, moments)
    for known, least, most in ((plain, 20, 25), (heavy, 0, 12)):
        raw = np.array([known.mean + 12 * known.std])
        assert least < log_odds(raw, known.mean, known)[0] < most


def test_evidence_rises_with_the_score():
    known = estimate(TEXT, rows(200, 1), rows(300, 2))
    raw = np.linspace(-1, 1, 2001)
    assert (np.diff(log_odds(raw, known.mean, known)) > 0).all()


def test_a_lower_cosine_can_be_the_better_match():
    picture = log_odds(np.array([0.28]), 0.2, Background(*TEXT, 0.2, 0.02, 1000))
    text = log_odds(np.array([0.7]), 0.5, Background(*TEXT, 0.5, 0.1, 1000))
    assert picture > text


def test_an_unknown_background_is_the_prior_of_its_kind():
    unknown = background({}, TEXT)
    assert unknown.n == 0
    assert expected(unknown, rows(2, 1)) == pytest.approx([unknown.mean] * 2)


def test_the_bank_of_phrases_is_large_and_distinct():
    bank = phrases()
    assert len(bank) == len(set(bank)) >= 200
    assert all(phrase == phrase.strip() and phrase for phrase in bank)


def test_a_background_of_no_pairs_is_the_prior():
    """The kind: nothing on either side, as a run that ran out of memory leaves it."""
    key = ("space", "text", Modality.IMAGE)
    none, some = np.zeros((0, 4), np.float32), np.eye(4, dtype=np.float32)
    for queries, moments in ((none, some), (some, none), (none, none)):
        assert estimate(key, queries, moments) == background({}, key)
