"""Answers of several libraries as one: sentences whose numbers go on from library to library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from engine.assistant.answer import (
    EXTRACTIVE,
    NOT_HERE,
    CitedAnswer,
    CitedSentence,
    StreamedSentence,
    lines_of_nearest,
)
from engine.assistant.evidence import Claim, EvidencePassage
from engine.generate.budget import Spent

_NEAREST = 5
"""Files that are named where no library has an answer."""


@dataclass(frozen=True, slots=True)
class LibraryCitation:
    """A moment that is cited, with its number and its library."""

    number: int
    library: str
    passage: EvidencePassage


@dataclass(frozen=True, slots=True)
class AnsweredSentence:
    """A sentence with the moments that are cited in it for the first time."""

    sentence: CitedSentence
    citations: tuple[LibraryCitation, ...]
    model: str = EXTRACTIVE


OnAnswered: TypeAlias = Callable[[AnsweredSentence], None]


@dataclass(frozen=True, slots=True)
class JoinedAnswer:
    """The answer of one library or several."""

    sentences: tuple[CitedSentence, ...]
    citations: tuple[LibraryCitation, ...]
    model: str
    notes: tuple[str, ...]
    spent: Spent
    answers: tuple[tuple[str, CitedAnswer], ...]
    """The answers with the names of their libraries."""

    @property
    def found(self) -> bool:
        """False where no library bears the question."""
        return bool(self.sentences)

    @property
    def nearest(self) -> tuple[LibraryCitation, ...]:
        """The moments that come nearest, numbered from 1, where no library has an answer."""
        moments = [(name, p) for name, answer in self.answers for p in answer.nearest]
        moments.sort(key=lambda moment: -moment[1].confidence)
        numbered = enumerate(moments[:_NEAREST] if not self.found else (), 1)
        return tuple(LibraryCitation(number, name, p) for number, (name, p) in numbered)

    @property
    def text(self) -> str:
        """The sentences with their numbers; where there are none, that there are none."""
        if self.found:
            return " ".join(map(str, self.sentences))
        return self.answers[0][1].text if self.answers else NOT_HERE

    def nearest_lines(self) -> list[str]:
        """Return what comes nearest as lines, below one that says what they are; none if none."""
        asked = self.answers[0][1].question.text if self.answers else ""
        return lines_of_nearest(asked, [each.passage for each in self.nearest])


class AnswerJoiner:
    """Joins answers as their sentences come.

    Args:
        on_answered: called with each sentence.
        several: whether sentences say which library they are of.
    """

    def __init__(self, on_answered: OnAnswered, *, several: bool) -> None:
        self._on_answered, self._several = on_answered, several
        self._numbers: dict[tuple[str, tuple[int, int, Claim]], int] = {}
        self._sentences: list[CitedSentence] = []
        self._citations: list[LibraryCitation] = []
        self._answers: list[tuple[str, CitedAnswer]] = []
        self._named = ""

    def add_sentence(self, library: str, streamed: StreamedSentence) -> None:
        """Add a sentence of a library, with the moments that it cites."""
        text = streamed.sentence.text
        cites, new = [], []
        for passage in streamed.passages:
            key = library, passage.key
            if key not in self._numbers:
                self._numbers[key] = len(self._numbers) + 1
                new.append(LibraryCitation(self._numbers[key], library, passage))
            cites.append(self._numbers[key])
        if self._several and self._named != library:
            self._named, text = library, f"In {library}: {text}"
        made = CitedSentence(text, tuple(dict.fromkeys(cites)), streamed.sentence.stop)
        self._sentences.append(made)
        self._citations += new
        self._on_answered(AnsweredSentence(made, tuple(new), streamed.model))

    def add_answer(self, library: str, answer: CitedAnswer) -> None:
        """Add the record of an answer, whose sentences were added."""
        self._answers.append((library, answer))

    def joined(self) -> JoinedAnswer:
        """Return all of it."""
        answers = [answer for _, answer in self._answers]
        models = [answer.model for answer in answers if answer.model != EXTRACTIVE]
        notes = dict.fromkeys(note for answer in answers for note in answer.notes)
        spent = [answer.spent for answer in answers]
        return JoinedAnswer(
            tuple(self._sentences), tuple(self._citations), models[0] if models else EXTRACTIVE,
            tuple(notes),
            Spent(
                sum(s.seconds for s in spent), sum(s.asked for s in spent),
                sum(s.answered for s in spent), sum(s.money for s in spent),
                sum(s.questions for s in spent),
            ),
            tuple(self._answers),
        )  # fmt: skip
