"""What bears a question where the cross-encoder says nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.assistant.evidence import Claim, EvidencePassage
from engine.assistant.verification import (
    AHEAD,
    EVIDENT,
    Verifier,
    mentions,
    standing_alone,
    standing_out,
)
from engine.types import Kind, Modality

SEEN = EvidencePassage(
    "/a.jpg", Kind.IMAGE, 1, 1, Modality.IMAGE, None, None, Claim.SHOWS, "a monkey", 0.38
)


def others(*confidences: float) -> list[EvidencePassage]:
    return [
        replace(SEEN, path=f"/{number}.jpg", asset_id=number, moment_id=number, confidence=sure)
        for number, sure in enumerate(confidences, 2)
    ]


def test_what_is_far_above_all_else_stands_alone():
    assert standing_alone([*others(0.01, 0.005), SEEN]) == SEEN
    assert standing_alone([SEEN]) == SEEN
    # Another moment of the same file is no other file.
    assert standing_alone([SEEN, replace(SEEN, moment_id=9, confidence=0.3)]) == SEEN


def test_what_has_neighbours_or_says_little_does_not():
    assert standing_alone([SEEN, *others(0.2)]) is None
    assert standing_alone([replace(SEEN, confidence=0.1)]) is None
    assert standing_alone([]) is None
    assert standing_alone([SEEN, replace(others(0.5)[0], claim=Claim.SAYS)]) is None


def spoken(*nats: float) -> list[EvidencePassage]:
    return [
        replace(SEEN, asset_id=n, moment_id=n, claim=Claim.SAYS, text=f"sentence {n}", nats=each)
        for n, each in enumerate(nats)
    ]


def test_words_that_are_far_ahead_stand_out_with_their_copies():
    first, second = spoken(EVIDENT + 1, EVIDENT + 1 - AHEAD)
    assert standing_out([second, first]) == [first]
    copy = replace(second, text="Sentence 0!", nats=EVIDENT)
    assert standing_out([copy, first]) == [first, copy]
    assert standing_out([first, replace(SEEN, nats=EVIDENT + 9)]) == [first], "of words alone"


def test_words_with_neighbours_or_little_evidence_do_not_stand_out():
    assert standing_out(spoken(EVIDENT + 1, EVIDENT + 1.1 - AHEAD)) == []
    assert standing_out(spoken(EVIDENT - 0.1)) == []
    assert standing_out([replace(SEEN, nats=99.0)]) == []


class _KnowsAll:
    """A cross-encoder to which every word is one that it knows."""

    model = "knows-all"

    def __init__(self) -> None:
        self.judged: list[tuple[str, str]] = []

    def is_loaded(self) -> bool:
        return True

    def load(self) -> None:
        pass

    def share_known(self, _: str) -> float:
        return 1.0

    def logits(self, query: str, passages: Sequence[str]) -> NDArray[np.float64]:
        self.judged += [(query, passage) for passage in passages]
        return np.full(len(passages), float(len(query)))


def test_a_german_question_is_not_judged_because_of_the_names_in_it():
    verifier = Verifier(_KnowsAll())
    assert verifier.refusal("When is the invoice to the Acme Corporation due?") is None
    assert verifier.refusal("Wann ist die Rechnung an die Acme Corporation f\u00e4llig?")


def test_what_many_files_say_and_what_is_asked_again_is_judged_once():
    pairs = _KnowsAll()
    verifier = Verifier(pairs)
    said = [replace(each, text="the keys hang here") for each in spoken(1.0, 2.0, 3.0)]
    for _ in range(2):
        found = verifier.verify(["where are the keys"], said)
        assert [passage.verdict for passage in found.kept] == [18.0] * 3
    assert pairs.judged == [("where are the keys", "the keys hang here")]
    assert verifier.verdicts("where are keys", ["the keys hang here", "a dog"]) == [14.0, 14.0]
    assert len(pairs.judged) == 3


@pytest.mark.parametrize(
    ("text", "subject", "right"),
    [
        ("The treasure is buried here", "a treasure", True),
        ("The treasure is buried here", "the treasures", True),
        ("The treasure is buried here", "a treasure map", False),
        ("You two tablets", "the", False),
        ("北京今天天气很好", "天气", True),
        ("北京今天天气很好", "下雨", False),
    ],
)
def test_a_mention_has_all_the_words(text, subject, right):
    assert mentions(text, subject) is right
