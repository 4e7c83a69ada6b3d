"""Results of the tools for assistants, and their sizes, which hosts bound."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from typing_extensions import TypedDict  # pydantic reads those of typing from Python 3.12 on

from engine.common.result_view import words_of
from engine.server.asking.joined_answer import JoinedAnswer, LibraryCitation
from engine.types import Hit, Kind, MomentRecord

MOST_TEXT = 100_000
"""Bytes of the moments or the words of a result, which has them twice: as text, and structured."""
Row = TypeVar("Row", bound=Mapping[str, Any])


class FoundMoment(TypedDict):
    """A moment that was found; times are seconds, none for a picture."""

    library: str
    moment: int
    kind: str
    path: str
    start: float | None
    end: float | None
    confidence: float
    words: str


class Found(TypedDict):
    """Moments, the likeliest first, and what is to be said about the search."""

    moments: list[FoundMoment]
    notes: list[str]


class ShownMoment(TypedDict):
    """A moment that is shown or played; times are seconds, none for a picture."""

    library: str
    moment: int
    kind: str
    path: str
    start: float | None
    end: float | None


class Shown(TypedDict):
    """Moments in the order of their pictures or sounds; those that were left out have none."""

    moments: list[ShownMoment]
    left_out: list[int]


class ReadWords(TypedDict):
    """A text that is said, or to be read on screen; times are seconds."""

    how: str
    start: float | None
    end: float | None
    text: str


class Page(TypedDict):
    """The facts of a moment and of its file."""

    path: str
    kind: str
    date: str | None
    caption: str | None
    tags: list[str]
    words: list[ReadWords]
    left_out: int


class CitedMoment(TypedDict):
    """A moment that a sentence cites, by its number; times are seconds, none for a picture."""

    number: int
    library: str
    moment: int
    kind: str
    path: str
    start: float | None
    end: float | None
    claim: str
    text: str
    confidence: float


class AnswerSentence(TypedDict):
    """A sentence, and the numbers of the moments that bear it."""

    text: str
    cites: list[int]


class Answered(TypedDict):
    """An answer; where nothing in the library bears the question, `found` is false.

    Then `nearest` has what comes nearest, best first, which is no answer.
    """

    found: bool
    sentences: list[AnswerSentence]
    citations: list[CitedMoment]
    nearest: list[CitedMoment]
    model: str
    notes: list[str]


class TagsGiven(TypedDict):
    """Tags that were given and taken, and the run by which that is taken back."""

    run: int | None
    given: int
    taken: int


def fitting(rows: Iterable[Row], most: int = MOST_TEXT) -> list[Row]:
    """Return the first rows that together have so many bytes of JSON at most."""
    kept: list[Row] = []
    for row in rows:
        most -= len(json.dumps(row, ensure_ascii=False).encode(errors="replace"))
        if most < 0:
            break
        kept.append(row)
    return kept


def found_moments(hits: Sequence[tuple[str, Hit]], notes: list[str]) -> Found:
    """Return hits of libraries as a result, and a note where not all of them fit into it."""
    moments = fitting(_found_moment(name, hit) for name, hit in hits)
    if len(moments) < len(hits):
        notes = [*notes, f"{len(hits) - len(moments)} more moments are left out: ask for fewer"]
    return Found(moments=moments, notes=notes)


def answered(answer: JoinedAnswer) -> Answered:
    """Return an answer as a result, with as many of its citations as fit into it."""
    citations = fitting(map(_cited_moment, answer.citations))
    left_out = len(answer.citations) - len(citations)
    more = [f"{left_out} more citations are left out"] if left_out else []
    sentences = fitting(AnswerSentence(text=s.text, cites=[*s.cites]) for s in answer.sentences)
    return Answered(
        found=answer.found, sentences=sentences, citations=citations,
        nearest=fitting(map(_cited_moment, answer.nearest)), model=answer.model,
        notes=[*answer.notes, *more],
    )  # fmt: skip


def _cited_moment(cited: LibraryCitation) -> CitedMoment:
    p = cited.passage
    return CitedMoment(
        number=cited.number, library=cited.library, moment=p.moment_id, kind=p.kind.value,
        path=p.path, start=p.start, end=p.end, claim=p.claim.value, text=p.text,
        confidence=round(p.confidence, 3),
    )  # fmt: skip


def shown_moment(library: str, record: MomentRecord) -> ShownMoment:
    """Return a moment of a library as it is shown."""
    moment = record.moment
    return ShownMoment(
        library=library, moment=record.moment_id, kind=record.kind.value, path=record.path,
        start=moment.start, end=moment.end,
    )  # fmt: skip


def line_of(record: MomentRecord) -> str:
    """Return a moment in a line of text: its number, its path, and its time."""
    moment = record.moment
    line = f"moment {record.moment_id}: {record.path}"
    if record.kind is Kind.IMAGE or moment.start is None:
        return line
    return f"{line} from {moment.start:.1f} s to {moment.end or moment.start:.1f} s"


def hit_of(record: MomentRecord) -> Hit:
    """Return a moment as the hit that it would be."""
    moment = record.moment
    return Hit(
        1, 0.0, record.kind, record.path, record.asset_id, record.moment_id, moment.modality,
        moment.start, moment.end, (),
    )  # fmt: skip


def _found_moment(name: str, hit: Hit) -> FoundMoment:
    return FoundMoment(
        library=name, moment=hit.moment_id, kind=hit.kind.value, path=hit.path, start=hit.start,
        end=hit.end, confidence=round(hit.confidence, 3), words=words_of(hit),
    )  # fmt: skip
