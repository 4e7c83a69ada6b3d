"""Packing a long recording: the right passage, in little room, and much of the rest."""

from __future__ import annotations

import numpy as np

from engine.assistant.packing import central, pack


def unit(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def made(count=600, dim=32):
    draw = np.random.default_rng(7)
    vectors = unit(draw.normal(size=(count, dim)))
    return [f"sentence number {place} about nothing" for place in range(count)], vectors


def test_the_nearest_passages_and_their_neighbours_are_packed_within_the_window():
    texts, vectors = made()
    packed = pack("what is it", vectors[300], texts, vectors, 200)
    assert {299, 300, 301} <= set(packed.chosen)
    assert list(packed.chosen) == sorted(packed.chosen)
    assert 150 < packed.tokens <= 200
    assert packed.left_out == 600 - len(packed.chosen)


def test_a_rare_word_is_found_where_vectors_say_nothing():
    texts, vectors = made()
    texts[123] = "the plumber comes on friday"
    packed = pack("When does the plumber come?", vectors[5], texts, vectors, 200)
    assert 123 in packed.chosen


def test_what_is_said_already_makes_room_for_something_else():
    vectors = unit([[1, 0.1, 0]] * 30 + [[0.6, 0.8, 0]])
    packed = pack("x", vectors[0], ["eight letters here"] * 31, vectors, 60)
    assert 30 in packed.chosen
    assert len(packed.chosen) < 31


def test_nothing_is_packed_of_nothing():
    assert pack("x", np.ones(3, np.float32), [], np.zeros((0, 3), np.float32), 10).chosen == ()
    texts, vectors = made(3)
    assert pack("x", vectors[0], texts, vectors, 1).chosen == ()


def test_a_summary_takes_what_is_central_and_no_copies():
    vectors = unit([[1, 0, 0], [1, 0.01, 0], [0.9, 0.5, 0], [0, 0, 1]])
    assert central(vectors, 4) == [0, 1, 2, 3]
    chosen = central(vectors, 2)
    assert chosen in ([0, 2], [1, 2])
