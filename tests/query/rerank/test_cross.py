"""Reranking by a cross-encoder: what rises, what stays, and what it does not read."""

from __future__ import annotations

import numpy as np
import pytest

from engine.query.rerank.base import Budget, Document
from engine.query.rerank.cross import UNRELATED, WEIGHT, Cross, evidence, excerpt

BUDGET = Budget(seconds=600)


class Words:
    """A model that counts words of the query, two nats each; it knows no word in capitals."""

    model = "words"

    def __init__(self) -> None:
        self.read: list[str] = []

    def is_loaded(self):
        return True

    def load(self):
        """It has nothing to load."""

    def share_known(self, text):
        return 0.0 if text.isupper() else 1.0

    def logits(self, query, passages):
        self.read += passages
        words = set(query.split())
        return np.array([UNRELATED + 2.0 * len(words & set(p.split())) for p in passages])


def document(moment: int, score: float, written: str = "", words: str = "") -> Document:
    return Document(moment, score, words or written, written)


def test_what_answers_rises_and_nothing_else_moves():
    given = [document(1, 2.0, "a cat"), document(2, 1.9), document(3, 1.5, "my dog is ill")]
    result = Cross(Words()).rerank("dog ill", given, BUDGET)
    assert result.order == (3, 1, 2)
    assert result.scores == {1: 2.0, 2: 1.9, 3: pytest.approx(1.5 + WEIGHT * 4.0)}
    assert result.note is None


def test_a_passage_is_never_evidence_against_a_moment():
    assert evidence(np.array([UNRELATED - 1.0, UNRELATED, UNRELATED + 3.0])).tolist() == [
        0.0, 0.0, pytest.approx(3.0),
    ]  # fmt: skip


def test_classes_that_a_tower_recognised_are_not_read():
    model = Words()
    result = Cross(model).rerank("dog", [document(1, 1.0, words="dog, beach")], BUDGET)
    assert (model.read, result.scores) == ([], {1: 1.0})


def test_a_query_in_another_language_leaves_the_fused_order_and_says_so():
    model = Words()
    given = [document(1, 2.0, "EIN KATER"), document(2, 1.0, "HUND")]
    result = Cross(model).rerank("HUND", given, BUDGET)
    assert (result.order, result.scores) == ((1, 2), {1: 2.0, 2: 1.0})
    assert result.note == "the fused order stands: the cross-encoder reads English alone"
    assert model.read == []


def test_what_is_too_short_to_judge_is_left_as_it_is():
    model = Words()
    given = [document(1, 2.0, "00223"), document(2, 1.0, "IMG 2291"), document(3, 0.5, "a dog")]
    result = Cross(model).rerank("my dog", given, BUDGET)
    assert (result.order, result.note, model.read) == ((1, 2, 3), None, [])
    result = Cross(model).rerank("dog", [document(4, 1.0, "my dog is ill")], BUDGET)
    assert result.scores == {4: 1.0}
    assert "several words" in (result.note or "")


def test_a_long_passage_is_cut_around_the_words_of_the_query():
    text = f"{'before ' * 90}the plumber's invoice is due on Monday {'after ' * 90}".strip()
    part = excerpt(text, "invoices of the plumber")
    assert "plumber's invoice is due" in part
    assert len(part) <= 300
    assert set(part.split()) <= set(text.split()), "no word is cut"
    assert excerpt(text, "nothing").startswith("before before")
    assert excerpt("short", "invoice") == "short"
