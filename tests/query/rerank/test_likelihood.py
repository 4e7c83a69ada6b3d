"""Reranking by likelihood: what it adds, what it leaves, and what time lets it do."""

from __future__ import annotations

import time
from threading import Event

import numpy as np
import pytest

from engine.common.progress import NO_PROGRESS
from engine.errors import EncoderUnavailable
from engine.query.rerank.base import Budget, Document
from engine.query.rerank.likelihood import WEIGHT, Likelihood, prompt
from tests.messages import Messages

BUDGET = Budget(seconds=600)


class Counting:
    """Likelihoods that are easy to foretell: shared words; it counts what it is asked."""

    model = "counting"

    def __init__(self, fail_at: int | None = None, *, loaded: bool = True) -> None:
        self.asked: list[int] = []
        self._fail_at = fail_at
        self.loaded, self.prepared = loaded, True

    def is_loaded(self):
        return self.loaded

    def is_prepared(self):
        return self.prepared

    def load(self):
        self.loaded = True

    def log_likelihoods(self, prompts, continuation):
        self.asked.append(len(prompts))
        if len(self.asked) == self._fail_at:
            raise RuntimeError("out of\nmemory")
        wanted = set(continuation.split())
        return np.array([4.0 * len(wanted & set(p.split())) - 10 for p in prompts])


def documents(n: int) -> list[Document]:
    return [Document(100 + i, float(-i), f"moment {i}") for i in range(n)]


def test_the_ratio_is_added_to_the_fused_score():
    given = [Document(1, 2.0, "a cat"), Document(2, 1.0, "a dog barks"), Document(3, 0.5, "")]
    result = Likelihood(Counting()).rerank("dog", given, BUDGET)
    assert result.scores == {1: 2.0, 2: pytest.approx(1.0 + WEIGHT * 4.0), 3: 0.5}
    assert result.order == (2, 1, 3)
    assert (result.note, result.cached, result.tokens) == (None, False, 0)


def test_only_the_top_is_scored():
    model = Counting()
    given = [*documents(3), Document(9, -9.0, "dog dog")]
    result = Likelihood(model).rerank("dog", given, Budget(candidates=3, seconds=600))
    assert sum(model.asked) == 3 + 1  # and the query alone
    assert result.order == (100, 101, 102, 9)


def test_what_was_said_once_is_remembered_by_its_words():
    model = Counting()
    one = Likelihood(model)
    first = one.rerank("dog", documents(5), BUDGET)
    before = len(model.asked)
    again = one.rerank("dog", documents(5), BUDGET)
    assert again.cached and not first.cached
    assert again.order == first.order
    assert len(model.asked) == before
    changed = [*documents(4), Document(104, -4.0, "a dog now")]
    assert not one.rerank("dog", changed, BUDGET).cached
    assert model.asked[before:] == [1, 1]
    assert not one.rerank("cat", documents(5), BUDGET).cached


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the model moves, a second for a prompt."""
    now = [0.0]
    monkeypatch.setattr("engine.query.rerank.pointwise.monotonic", lambda: now[0])
    return now


class Slow(Counting):
    def __init__(self, clock: list[float]) -> None:
        super().__init__()
        self._clock = clock

    def log_likelihoods(self, prompts, continuation):
        self._clock[0] += len(prompts)
        return super().log_likelihoods(prompts, continuation)


def test_what_would_not_be_done_in_time_keeps_its_fused_score(clock):
    given = [*documents(49), Document(200, -60.0, "dog")]
    result = Likelihood(Slow(clock)).rerank("dog", given, Budget(seconds=20))
    assert result.note == "18 of 50 reranked in time"
    assert clock[0] <= 20
    assert result.scores[200] == -60.0
    assert result.order == tuple(d.moment_id for d in given)


def test_time_that_is_gone_asks_nothing(clock):
    model = Slow(clock)
    result = Likelihood(model).rerank("dog", documents(3), Budget(seconds=0))
    assert (result.note, model.asked) == ("0 of 3 reranked in time", [])
    assert result.order == (100, 101, 102)


def test_the_next_time_goes_on_where_the_last_one_ended(clock):
    one = Likelihood(Slow(clock))
    counts = [one.rerank("dog", documents(50), Budget(seconds=20)).note for _ in range(3)]
    assert counts == ["18 of 50 reranked in time", "36 of 50 reranked in time", None]


# --- loading --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prepared", "line"),
    [
        (True, "loading the language model"),
        (False, "loading the language model; the first time takes half a minute"),
    ],
)
def test_loading_is_said_once(prepared, line):
    model, messages = Counting(loaded=False), Messages()
    model.prepared = prepared
    one = Likelihood(model)
    one.load(messages)
    one.load(messages)
    assert messages == [line]
    assert model.loaded


class NotYet(Counting):
    """It loads when it is let."""

    def __init__(self) -> None:
        super().__init__(loaded=False)
        self.let, self.done = Event(), Event()

    def load(self):
        self.let.wait(30)
        self.loaded = True
        self.done.set()


def test_a_model_that_is_not_loaded_in_time_is_there_for_the_next_query():
    model = NotYet()
    one = Likelihood(model)
    began = time.monotonic()
    result = one.rerank("dog", documents(3), Budget(seconds=0.05))
    assert time.monotonic() - began < 25  # it is let after 30
    assert result.note == "the language model was not loaded in time"
    assert (result.order, model.asked) == ((100, 101, 102), [])
    model.let.set()
    assert model.done.wait(30)
    assert one.rerank("dog", documents(3), BUDGET).note is None


def test_a_model_that_cannot_be_loaded_for_memory_is_a_note():
    class Large(Counting):
        def load(self):
            raise MemoryError

        def log_likelihoods(self, prompts, continuation):
            self.load()

    one = Likelihood(Large(loaded=False))
    one.load(NO_PROGRESS)
    result = one.rerank("dog", documents(2), BUDGET)
    assert result.note == "0 of 2 reranked: the model failed (MemoryError)"


def test_a_model_that_fails_leaves_the_rest_as_it_was():
    given = [*documents(9), Document(9, -20.0, "dog")]
    result = Likelihood(Counting(fail_at=3)).rerank("moment", given, BUDGET)
    assert result.note == "2 of 10 reranked: the model failed (out of memory)"
    assert result.order == tuple(d.moment_id for d in given)
    assert result.scores[100] == pytest.approx(WEIGHT * 4.0)


def test_a_model_that_is_not_there_is_an_error():
    class Absent(Counting):
        def log_likelihoods(self, prompts, continuation):
            raise EncoderUnavailable("the weights are not installed")

    with pytest.raises(EncoderUnavailable):
        Likelihood(Absent()).rerank("dog", documents(2), BUDGET)


@pytest.mark.parametrize(("query", "words"), [("", "a dog"), ("dog", ""), (" \n", "a"), ("x", " ")])
def test_without_words_there_is_nothing_to_ask(query, words):
    model = Counting()
    result = Likelihood(model).rerank(query, [Document(1, 1.0, words)], BUDGET)
    assert (result.order, result.note, model.asked) == ((1,), None, [])


def test_names_that_are_no_text_can_be_read(lm):
    given = [Document(1, 1.0, "name\udcff.jpg"), Document(2, 0.0, "\x00 a dog")]
    result = Likelihood(lm).rerank("a dog \udc80", given, BUDGET)
    assert sorted(result.order) == [1, 2]
    assert result.note is None


def test_the_real_model_finds_what_the_words_are_about(lm):
    """Of equal fused scores, and with words that no part of the query is in."""
    given = [
        Document(1, 0.0, "A guitar lesson: the first finger on the second fret, strum down."),
        Document(2, 0.0, "We will give him antibiotics, the left ear of the puppy is hot."),
        Document(3, 0.0, "INVOICE No. 2231 Amount due 480.00 EUR within 14 days"),
    ]
    one = Likelihood(lm)
    assert one.rerank("the dog is ill", given, BUDGET).order[0] == 2
    assert one.rerank("a bill that has to be paid", given, BUDGET).order[0] == 3
    assert one.rerank("learning to play chords", given, BUDGET).order[0] == 1


def test_words_are_cut_and_in_one_line():
    assert prompt("a\n b") == "a b\nSearch query:"
    assert len(prompt("word " * 1000)) < 700
