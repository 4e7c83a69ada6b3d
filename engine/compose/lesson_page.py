"""The page of a lesson."""

from __future__ import annotations

from collections.abc import Callable

from engine.assistant.evidence import Claim, EvidencePassage
from engine.common.markup import Html, element, join
from engine.compose.context import ComposeContext
from engine.compose.document import (
    Citations,
    contents,
    document,
    name_of,
    percent,
    quote,
    section,
    when,
)
from engine.compose.lesson import LessonLevel, Quoted, TopicLesson
from engine.compose.pictures import clip, still
from engine.compose.quiz import QuizQuestion
from engine.compose.sources import source_list
from engine.types import Kind, Modality

_AROUND = 1.0
"""Seconds before and after a sentence in its clip."""
_SOUND = 8.0
"""Seconds of a sound."""
_CLAIMS = {Claim.SAYS: "Said", Claim.READS: "To be read", Claim.CAPTION: "Written"}
_LEVELS = {LessonLevel.SCHOOL: "for school", LessonLevel.UNIVERSITY: "for university"}


class LessonPage:
    """Writes one lesson as a page."""

    def __init__(self, context: ComposeContext, lesson: TopicLesson) -> None:
        self._context, self._lesson = context, lesson
        self._cites = Citations()

    def html(self) -> str:
        """Return the whole page."""
        lesson, thing = self._lesson, self._lesson.thing
        parts: list[tuple[str, str, Callable[[], Html]]] = [
            ("short", "In short", self._in_short),
            ("seen", f"What it looks like: {thing}", self._shown),
            ("heard", f"What it sounds like: {thing}", self._heard),
            ("words", "What is said and written", self._words),
            ("quiz", "Quiz", self._quiz), ("sources", "Sources and licences", self._sources),
        ]  # fmt: skip
        self._context.progress.start("writing the lesson", len(parts), "parts")
        made = []
        for name, title, make in parts:
            if body := make():
                made.append((name, title, body))
            self._context.progress.advance()
        return document(
            lesson.topic,
            [
                self._header(), contents((name, title) for name, title, _ in made),
                element("main", *(section(*part) for part in made)),
                element("footer", "Made by Sensorium from the library\u2019s own moments; what"
                        " they do not say is not here."),
            ],
        )  # fmt: skip

    def _header(self) -> Html:
        lesson = self._lesson
        title = lesson.topic[:1].upper() + lesson.topic[1:]
        counts = (
            (len(lesson.quotes), "sentence"), (len(lesson.shown), "picture"),
            (len(lesson.heard), "sound"), (len(lesson.quiz), "question"),
        )  # fmt: skip
        facts = [_LEVELS[lesson.level]]
        facts += [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count]
        line = element("p", *(element("span", fact) for fact in facts), class_="facts")
        notes = [element("p", note, class_="note") for note in lesson.notes]
        if not lesson.quotes:
            notes.append(
                element(
                    "p", "Nothing that is said or written in this library bears this topic: the"
                    " lesson shows what it looks and sounds like.", class_="note",
                )
            )  # fmt: skip
        return element("header", element("h1", title, dir="auto"), line, *notes)

    # --- sections -------------------------------------------------------------------

    def _in_short(self) -> Html:
        written = [
            self._cites.claim("p", element("bdi", text), by=by)
            for text, by in self._lesson.written
        ]  # fmt: skip
        if written:
            return join(tuple(written))
        best = [quoted.passage for quoted in self._lesson.quotes[:2]]
        sentences = [self._cites.claim("p", quote(p.text), by=[p]) for p in best]
        return element("blockquote", *sentences) if sentences else Html("")

    def _shown(self) -> Html:
        return _grid([self._figure(passage) for passage in self._lesson.shown])

    def _heard(self) -> Html:
        return _grid([self._figure(passage) for passage in self._lesson.heard])

    def _figure(self, passage: EvidencePassage) -> Html:
        start = passage.start or 0.0
        if passage.kind is Kind.IMAGE:
            shown = still(self._context, passage)
        else:
            length = _SOUND if passage.kind is Kind.AUDIO else (passage.end or start) - start
            shown = clip(self._context, passage, start, start + length)
        likely = f"Likely {passage.text} ({percent(passage.confidence)})"
        where = element("small", element("bdi", name_of(passage.path)), _at(passage))
        claim = self._cites.claim("div", likely, by=[passage])
        caption = element("figcaption", claim, where)
        return element("figure", shown, caption)

    def _words(self) -> Html:
        by_file: dict[str, list[Quoted]] = {}
        for quoted in self._lesson.quotes:
            by_file.setdefault(quoted.passage.path, []).append(quoted)
        clips = self._lesson.clips
        parts = []
        for path, quotes in by_file.items():
            parts.append(element("h3", name_of(path), dir="auto"))
            if clips > 0 and (shown := self._of_moment(quotes[0].passage)):
                clips -= 1
                parts.append(shown)
            parts += [self._stretch(stretch) for stretch in _stretches(quotes)]
        return join(tuple(parts))

    def _of_moment(self, passage: EvidencePassage) -> Html:
        """Show the moment of a sentence: a clip where it is said, a picture where it is read."""
        start, end = passage.start or 0.0, passage.end or passage.start or 0.0
        if passage.kind is Kind.IMAGE or passage.claim is not Claim.SAYS:
            shown = still(self._context, passage)
        else:
            shown = clip(self._context, passage, max(0.0, start - _AROUND), end + _AROUND)
        words = quote(passage.text[:160])
        about = element("small", "The moment of this: ", words, " ", self._cites.cite(passage))
        caption = element("figcaption", about)
        return element("figure", shown, caption)

    def _stretch(self, stretch: list[tuple[EvidencePassage, bool]]) -> Html:
        """Quote sentences that follow each other; those that are only around one are faint."""
        lines = []
        for passage, bears in stretch:
            kind = element("small", f"{_CLAIMS[passage.claim]}{_at(passage)}", class_="note")
            words = (
                quote(passage.text)
                if bears
                else element("span", quote(passage.text), class_="context")
            )
            lines.append(
                self._cites.claim("p", words, *((" ", kind) if bears else ()), by=[passage])
            )
        return element("blockquote", *lines)

    # --- quiz -----------------------------------------------------------------------

    def _quiz(self) -> Html:
        questions = self._lesson.quiz
        if not questions:
            return Html("")
        asked = [self._question(number, each) for number, each in enumerate(questions, 1)]
        answers = "; ".join(f"{n}: {q.options[q.answer]}" for n, q in enumerate(questions, 1))
        folded = element("details", element("summary", "All answers"), element("p", answers))
        score = element("p", f"{len(questions)} questions in all.", class_="score")
        printed = element("p", f"Answers: {answers}", class_="note print-only")
        return element("div", *asked, score, folded, printed, class_="quiz")

    def _question(self, number: int, question: QuizQuestion) -> Html:
        passage = question.passage
        if question.is_cloze:
            blank = element("span", "\u2003", class_="blank", role="img",
                            aria_label="a word is left out")  # fmt: skip
            text: tuple[object, ...] = (
                element("q", question.before, blank, question.after, dir="auto"),
            )
        else:
            text = (element("bdi", question.text),)
        choices = [
            self._choice(number, place, option, place == question.answer)
            for place, option in enumerate(question.options)
        ]
        whole = self._cites.claim("p", quote(passage.text), by=[passage])
        return element(
            "fieldset", element("legend", f"Question {number}"),
            self._cites.claim("p", *text, by=[passage]), *choices,
            element("div", whole, class_="why"),
        )  # fmt: skip

    def _choice(self, number: int, place: int, option: str, right: bool) -> Html:
        name = f"question-{number}"
        return element(
            "div",
            element("input", type="radio", name=name, id=f"{name}-{place}",
                    class_="right" if right else "wrong"),
            element("label", option, for_=f"{name}-{place}", dir="auto"),
            element("span", "\u2713 right" if right else "\u2717 wrong", class_="mark"),
            class_="choice",
        )  # fmt: skip

    def _sources(self) -> Html:
        listed = source_list(self._context, self._cites.passages)
        summary = element("summary", "All moments by their numbers")
        return Html(listed + element("details", summary, self._cites.listed()))


def _stretches(quotes: list[Quoted]) -> list[list[tuple[EvidencePassage, bool]]]:
    """Return the sentences of a file in order, each once, with whether it bears the topic.

    Sentences around one that another one shares are of one stretch.
    """
    stretches: list[list[tuple[EvidencePassage, bool]]] = []
    bearing = {quoted.passage.moment_id for quoted in quotes}
    seen: set[int] = set()
    for quoted in sorted(quotes, key=lambda each: each.passage.start or 0.0):
        own = [*quoted.before, quoted.passage, *quoted.after]
        new = [(p, p.moment_id in bearing) for p in own if p.moment_id not in seen]
        follows = len(new) < len(own) and stretches
        seen.update(p.moment_id for p in own)
        if follows:
            stretches[-1].extend(new)
        elif new:
            stretches.append(new)
    return stretches


def _grid(figures: list[Html]) -> Html:
    return element("div", *figures, class_="grid") if figures else Html("")


def _at(passage: EvidencePassage) -> str:
    if passage.modality is Modality.IMAGE or not when(passage):
        return ""
    return f" at {when(passage)}"
