"""A lesson: what a library says, shows and sounds of a topic, with a quiz."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from engine.assistant.evidence import EvidencePassage
from engine.compose.connecting import Written, connecting_sentences
from engine.compose.context import ComposeContext
from engine.compose.quiz import MOST, QuizQuestion, cloze_questions, sentences_of
from engine.compose.topic import TopicMoments, moments_of_topic, read_topic
from engine.compose.written_quiz import written_questions
from engine.errors import UsageError
from engine.types import Modality

_LONGEST = 300
"""Characters of a topic."""
_ENOUGH = 3
"""Moments that a lesson needs."""
_SHORT = 220
"""Characters of a sentence for pupils; longer ones are cut after a sentence of theirs."""


class LessonLevel(StrEnum):
    """Whom a lesson is for."""

    SCHOOL = "school"
    """A few short sentences, pictures and sounds."""
    UNIVERSITY = "university"
    """All that there is, with what is said around it."""


@dataclass(frozen=True, slots=True)
class _Amounts:
    sentences: int
    pictures: int
    sounds: int
    clips: int
    around: int


_OF_LEVEL = {
    LessonLevel.SCHOOL: _Amounts(8, 6, 3, 3, 0),
    LessonLevel.UNIVERSITY: _Amounts(40, 18, 8, 8, 1),
}


@dataclass(frozen=True, slots=True)
class Quoted:
    """A sentence of the library, and the sentences around it."""

    passage: EvidencePassage
    before: tuple[EvidencePassage, ...] = ()
    after: tuple[EvidencePassage, ...] = ()


@dataclass(frozen=True, slots=True)
class TopicLesson:
    """The facts of a lesson; ``html`` is the page. ``found`` is False where there is not enough."""

    topic: str
    level: LessonLevel
    thing: str
    written: tuple[Written, ...] = ()
    """Sentences of a model, where one wrote."""
    quotes: tuple[Quoted, ...] = ()
    shown: tuple[EvidencePassage, ...] = ()
    heard: tuple[EvidencePassage, ...] = ()
    quiz: tuple[QuizQuestion, ...] = ()
    clips: int = 0
    """The number of quotes that have a clip."""
    notes: tuple[str, ...] = ()
    html: str = ""

    @property
    def found(self) -> bool:
        """False where the library has not enough about the topic."""
        return bool(self.quotes or self.shown or self.heard)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts for JSON, without the page."""
        return {
            "topic": self.topic, "level": self.level, "thing": self.thing, "found": self.found,
            "written": [
                {"text": text, "moments": [p.moment_id for p in by]} for text, by in self.written
            ],
            "quotes": [quote.passage.to_dict() for quote in self.quotes],
            "shown": [p.to_dict() for p in self.shown], "heard": [p.to_dict() for p in self.heard],
            "quiz": [
                {"question": q.text or f"{q.before}____{q.after}", "options": [*q.options],
                 "answer": q.answer, "moment_id": q.passage.moment_id} for q in self.quiz
            ],
            "notes": [*self.notes],
        }  # fmt: skip


def lesson(context: ComposeContext, topic: str, level: LessonLevel, *, quiz: bool) -> TopicLesson:
    """Gather a lesson. Errors are those of ``Library.lesson``."""
    topic = " ".join(topic.split())
    if not any(map(str.isalnum, topic)) or len(topic) > _LONGEST:
        raise UsageError(f"a topic has 1 to {_LONGEST} characters")
    read = read_topic(topic)
    found = moments_of_topic(context, read)
    made = TopicLesson(topic, level, read.thing)
    count = len(found.worded) + len(found.shown) + len(found.heard)
    if count < _ENOUGH or not (found.worded or read.is_thing):
        return made
    amounts = _OF_LEVEL[level]
    notes = [found.note] if found.note else []
    chosen = found.worded[: amounts.sentences]
    return replace(
        made,
        written=tuple(connecting_sentences(context, topic, chosen, notes)),
        quotes=tuple(_quoted(context, p, level, amounts.around) for p in chosen),
        shown=found.shown[: amounts.pictures], heard=found.heard[: amounts.sounds],
        quiz=tuple(_quiz(context, found, topic)) if quiz else (),
        clips=amounts.clips, notes=tuple(notes),
    )  # fmt: skip


def _quoted(
    context: ComposeContext, passage: EvidencePassage, level: LessonLevel, around: int
) -> Quoted:
    if level is LessonLevel.SCHOOL:
        return Quoted(replace(passage, text=_short(passage.text)))
    if passage.modality is not Modality.SPEECH or not around:
        return Quoted(passage)
    near = context.browse.neighbours(passage.moment_id, around)
    return Quoted(passage, _like(passage, near.before), _like(passage, near.after))


def _like(passage: EvidencePassage, records: Sequence[Any]) -> tuple[EvidencePassage, ...]:
    return tuple(
        replace(
            passage, moment_id=each.moment_id, start=each.moment.start, end=each.moment.end,
            text=" ".join((each.moment.text or "").split()), verdict=None,
        )
        for each in records
        if (each.moment.text or "").strip()
    )  # fmt: skip


def _short(text: str) -> str:
    """Return the first sentences of a text that are short together, whole ones."""
    if len(text) <= _SHORT:
        return text
    kept = ""
    for sentence in sentences_of(text):
        if kept and len(kept) + len(sentence) > _SHORT:
            break
        kept = f"{kept} {sentence}".strip()
    return kept if len(kept) <= 2 * _SHORT else kept[:_SHORT].rpartition(" ")[0] + " \u2026"


def _quiz(context: ComposeContext, found: TopicMoments, topic: str) -> list[QuizQuestion]:
    """Return a model's questions that are borne out, then words that are left out."""
    written = written_questions(context, found.worded)
    used = {question.passage.moment_id for question in written}
    others = [p for p in found.worded if p.moment_id not in used]
    return [*written, *cloze_questions(others, topic, MOST - len(written))]
