"""Moments that get other vectors in one space: new numbers, and nothing else of them changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import SpaceMismatch
from engine.store import Store
from engine.store.verify import verify
from tests.store.make import LOOKS, TEXT, picture, sound, vector


def rows(store: Store, space: str) -> dict[int, np.ndarray]:
    found: dict[int, np.ndarray] = {}
    for info in store.segments(space):
        found |= dict(zip(*map(list, store.read_segment(info)), strict=True))
    return {i: row for i, row in found.items() if i in set(store.moment_ids().tolist())}


@pytest.fixture
def filled(store: Store, commit: Callable[..., int]) -> Store:
    """Moments 1 (dog), 2 (cat), 3 and 4 (said), in three segments a space at most."""
    commit(picture("/a.jpg", "a", "dog", caption="in the garden"))
    commit(picture("/b.jpg", "b", "cat"))
    commit(sound("/c.wav", "hello", "goodbye"))
    return store


def test_facts_stay_and_vectors_of_other_spaces_are_copied(filled: Store) -> None:
    before = {name: rows(filled, name) for name in ("text", "looks")}
    records = filled.records(filled.moment_ids())
    generation = filled.generation()
    placed = np.stack([vector("x", 8), vector("y", 8)])
    with filled.writer() as writer:
        new = writer.realign(TEXT.with_head("h"), np.array([1, 3]), placed)
    assert new.tolist() == [5, 6]
    assert filled.moment_ids().tolist() == [2, 4, 5, 6]
    assert filled.tombstones(since=generation).tolist() == [1, 3]
    after = {name: rows(filled, name) for name in ("text", "looks")}
    np.testing.assert_array_equal([after["text"][5], after["text"][6]], placed)
    np.testing.assert_array_equal(after["looks"][5], before["looks"][1])
    assert set(after["looks"]) == {2, 5}
    now = filled.records([5, 6])
    for was, moment_id in ((1, 5), (3, 6)):
        assert now[moment_id] == replace(records[was], moment_id=moment_id)
    assert filled.spaces()["text"] == TEXT.with_head("h")
    assert filled.spaces()["looks"] == LOOKS
    assert verify(filled, deep=True).problems == ()


def test_words_follow_and_a_name_stays_with_the_first_moment(filled: Store) -> None:
    with filled.writer() as writer:
        writer.realign(TEXT, np.array([1, 3]), np.stack([vector("x", 8)] * 2))
    for word, moment_id in (("dog", 5), ("garden", 5), ("hello", 6), ("c", 4), ("cat", 2)):
        assert [found for found, _ in filled.words(f'"{word}"', (), 9)] == [moment_id], word
    assert filled.word_rows() == 4


def test_what_was_written_under_another_head_is_still_read(
    filled: Store, commit: Callable[..., int]
) -> None:
    nothing = np.zeros(0, np.int64), np.zeros((0, 8), np.float32)
    with filled.writer() as writer:
        writer.realign(TEXT.with_head("h"), *nothing)
        assert set(rows(filled, "text")) == {1, 2, 3, 4}
        with pytest.raises(SpaceMismatch):
            writer.ensure_space(TEXT)
        writer.ensure_space(TEXT.with_head("h"))
    commit(picture("/d.jpg", "d"))
    with filled.writer() as writer:
        writer.realign(TEXT, *nothing)
    assert set(rows(filled, "text")) == {1, 2, 3, 4, 5}
    assert filled.spaces()["text"] == TEXT


def test_another_space_is_refused(filled: Store) -> None:
    ids, placed = np.array([1]), vector("x", 8)[None]
    for other in (replace(TEXT, revision="2"), replace(TEXT, dim=9), replace(TEXT, name="new")):
        with filled.writer() as writer, pytest.raises(SpaceMismatch):
            writer.realign(other, ids, placed)
    assert filled.moment_ids().tolist() == [1, 2, 3, 4]
