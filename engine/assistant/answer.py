"""An answer: sentences that cite moments, and the record of how it came about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from engine.assistant.evidence import Claim, EvidencePassage
from engine.assistant.frames import frames_of
from engine.assistant.question import LibraryQuestion
from engine.assistant.verification import LeftOutPassage
from engine.common.shown_as_text import ShownAsText
from engine.common.text import printable
from engine.generate.budget import Spent

NOT_HERE = frames_of("").absent
_STOPS = ".\u3002"
EXTRACTIVE = "extractive"
"""The name in the place of a model's, where none wrote."""


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence of an answer."""

    text: str
    cites: tuple[int, ...]
    """Numbers of ``CitedAnswer.passages``, from 1."""
    stop: str = "."
    """The full stop of its language."""

    def __str__(self) -> str:
        marks = "".join(f"[{number}]" for number in self.cites)
        text = self.text.rstrip(_STOPS)
        return f"{text} {marks}{self.stop}" if marks else f"{text}{self.stop}"


@dataclass(frozen=True, slots=True)
class StreamedSentence:
    """A sentence as it is made: verified, with the moments that it cites."""

    sentence: CitedSentence
    passages: tuple[EvidencePassage, ...]
    """The moments of ``sentence.cites``, in that order."""
    model: str = EXTRACTIVE

    def __str__(self) -> str:
        return str(self.sentence)


OnSentence: TypeAlias = Callable[[StreamedSentence], None]
"""Called with each sentence of an answer once it is verified, in the order of the answer."""


@dataclass(frozen=True, slots=True)
class Searched:
    """One search that a question became."""

    query: str
    hits: int
    likely: int
    by: str = "rules"
    """``rules``, or the model that asked for it."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CitedAnswer(ShownAsText):
    """The answer to a question. ``str`` of it is what `sensorium ask` prints."""

    question: LibraryQuestion
    sentences: tuple[CitedSentence, ...]
    passages: tuple[EvidencePassage, ...]
    """The passages that are cited, in the order of their numbers."""
    model: str = EXTRACTIVE
    """The model that wrote the sentences, or ``extractive``."""
    searches: tuple[Searched, ...] = ()
    left_out: tuple[LeftOutPassage, ...] = ()
    """Passages that were found and are not likely, or do not bear the question."""
    dropped: tuple[str, ...] = ()
    """Sentences of a model that nothing bears, with the reason."""
    notes: tuple[str, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)
    """The versions of the prompts that a model was asked with."""
    took_ms: Mapping[str, float] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    absent: str = ""
    """The words in the place of an answer, where nothing is found; empty for those of the
    question's language."""
    nearest: tuple[EvidencePassage, ...] = ()
    """The likeliest moments of the files that come nearest, best first, where nothing bears the
    question. They are no answer, and something to look at."""

    @property
    def found(self) -> bool:
        """False where nothing in the library bears the question."""
        return bool(self.sentences)

    @property
    def text(self) -> str:
        """The sentences with their numbers."""
        if self.found:
            return " ".join(map(str, self.sentences))
        return self.absent or frames_of(self.question.text).absent

    @property
    def spoken(self) -> str:
        """The sentences without numbers, for a voice."""
        spoken = (f"{s.text.rstrip(_STOPS)}{s.stop}" for s in self.sentences)
        return " ".join(spoken) or self.text

    def __str__(self) -> str:
        return "\n".join([printable(self.text), *self.sources(), *self.nearest_lines()])

    def sources(self) -> list[str]:
        """Return a line for each cited moment: its number, path and time."""
        return [
            f"[{number}] {printable(passage.where)}"
            for number, passage in enumerate(self.passages, 1)
        ]

    def nearest_lines(self) -> list[str]:
        """Return what comes nearest as lines, below one that says what they are; none if none."""
        return lines_of_nearest(self.question.text, self.nearest)

    def explain(self) -> str:
        """Return what was asked, found, left out, verified and spent, as lines."""
        return "\n".join(map(printable, self._explained()))

    def _explained(self) -> Iterator[str]:
        asked = self.question
        yield f"question: {asked.text}"
        yield f"wanted: {asked.wanted}, about \u201c{asked.subject}\u201d"
        for search in self.searches:
            counts = f"{search.hits} hits, {search.likely} likely"
            yield f"searched ({search.by}): {search.query}: {counts}"
            yield from (f"  {note}" for note in search.notes)
        for number, passage in enumerate(self.passages, 1):
            yield f"cited [{number}]: {_judged(passage)}"
        for left in self.left_out:
            yield f"left out, {left.reason}: {_judged(left.passage)}"
        yield from (f"dropped, {reason}" for reason in self.dropped)
        yield from (f"note: {note}" for note in self.notes)
        prompts = ", ".join(f"{name} {version}" for name, version in self.prompts.items())
        yield f"answered by: {self.model}" + (f", prompts {prompts}" if prompts else "")
        yield "took: " + ", ".join(f"{stage} {ms:.0f} ms" for stage, ms in self.took_ms.items())
        if self.spent.questions:
            yield f"spent: {self.spent}"

    def to_dict(self) -> dict[str, Any]:
        """Return the answer with its whole record, for JSON."""
        return {
            "question": self.question.text, "found": self.found, "text": self.text,
            "wanted": self.question.wanted, "subject": self.question.subject,
            "sentences": [{"text": s.text, "cites": [*s.cites]} for s in self.sentences],
            "citations": [
                {"number": number, **passage.to_dict()}
                for number, passage in enumerate(self.passages, 1)
            ],
            "nearest": [passage.to_dict() for passage in self.nearest],
            "model": self.model, "prompts": dict(self.prompts),
            "searches": [
                {"query": s.query, "by": s.by, "hits": s.hits, "likely": s.likely,
                 "notes": [*s.notes]} for s in self.searches
            ],
            "left_out": [
                {"reason": left.reason, **left.passage.to_dict()} for left in self.left_out
            ],
            "dropped": [*self.dropped], "notes": [*self.notes],
            "took_ms": {stage: round(ms, 1) for stage, ms in self.took_ms.items()},
            "spent": {
                "seconds": round(self.spent.seconds, 3), "asked": self.spent.asked,
                "answered": self.spent.answered, "money": self.spent.money,
            },
        }  # fmt: skip


def lines_of_nearest(asked: str, nearest: Sequence[EvidencePassage]) -> list[str]:
    """Return moments as lines, below one in the language of what was asked; none if none."""
    lines = [f"- {printable(passage.where)}" for passage in nearest]
    return [frames_of(asked).nearest, *lines] if lines else []


def _judged(passage: EvidencePassage) -> str:
    verdict = "" if passage.verdict is None else f", verdict {passage.verdict:.1f}"
    text = passage.text if len(passage.text) <= 80 else passage.text[:79] + "\u2026"
    return (
        f"{passage.where}, {passage.claim} \u201c{text}\u201d ({passage.confidence:.0%}{verdict})"
    )


class SentenceCollector:
    """Collects the sentences of an answer as they are made, and numbers what they cite.

    Args:
        on_sentence: called with each sentence.
        stop: the full stop of its language.
    """

    def __init__(self, on_sentence: OnSentence | None = None, *, stop: str = ".") -> None:
        self._stop, self._on_sentence = stop, on_sentence
        self._numbers: dict[tuple[int, int, Claim], int] = {}
        self.sentences: list[CitedSentence] = []
        self.passages: list[EvidencePassage] = []
        """Cited passages in the order of their numbers."""

    def add(self, text: str, borne_by: Sequence[EvidencePassage], model: str = EXTRACTIVE) -> None:
        """Add a sentence with the passages that bear it."""
        own: dict[int, EvidencePassage] = {}
        for passage in borne_by:
            if passage.key not in self._numbers:
                self.passages.append(passage)
                self._numbers[passage.key] = len(self.passages)
            own.setdefault(self._numbers[passage.key], passage)
        sentence = CitedSentence(text, tuple(own), self._stop)
        self.sentences.append(sentence)
        if self._on_sentence is not None:
            self._on_sentence(StreamedSentence(sentence, tuple(own.values()), model))
