"""A report of a video or a sound: chapters, names, speech, text on screen, and questions."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.assistant.evidence import Claim, EvidencePassage
from engine.compose.chapters import ChapterSpan, found_chapters, named_chapters
from engine.compose.context import ComposeContext
from engine.compose.seen import LikelyName, heard_words, likely_names
from engine.errors import UsageError
from engine.media.rights import Rights, rights_of
from engine.query.language import quoted
from engine.query.rerank.base import clean
from engine.types import Kind, Modality, MomentRecord

if TYPE_CHECKING:
    from engine.assistant.answer import CitedAnswer
    from engine.query.browse.lists import ListedAsset

_TITLE = 90
"""Characters of a chapter's title."""
_LONGEST = 1_000
"""Characters of a line."""
_QUESTIONS = 20
"""Questions of a report, at most."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of a file, with what bears its title."""

    start: float
    end: float
    title: str
    """Words of the file, or the name that is likeliest; empty where nothing is known."""
    how: str
    """``named`` by the file, ``said``, ``read``, ``likely``, or ``part`` where nothing is known."""
    passage: EvidencePassage
    """The moment that bears the title, or any of it."""
    picture: EvidencePassage
    """The moment that shows it."""


@dataclass(frozen=True, slots=True)
class WatchReport:
    """The facts of a report; ``html`` is the page."""

    path: str
    asset_id: int
    duration: float
    file: ListedAsset
    chapters: tuple[Chapter, ...]
    seen: tuple[LikelyName, ...]
    heard: tuple[LikelyName, ...]
    spoken: tuple[EvidencePassage, ...]
    on_screen: tuple[EvidencePassage, ...]
    answers: tuple[CitedAnswer, ...]
    rights: Rights
    html: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the facts for JSON, without the page."""
        return {
            "path": self.path, "duration": self.duration,
            "chapters": [
                {"start": c.start, "end": c.end, "title": c.title, "how": c.how,
                 "moment_id": c.passage.moment_id} for c in self.chapters
            ],
            "seen": [_named(each) for each in self.seen],
            "heard": [_named(each) for each in self.heard],
            "said": [passage.to_dict() for passage in self.spoken],
            "read": [passage.to_dict() for passage in self.on_screen],
            "answers": [answer.to_dict() for answer in self.answers],
        }  # fmt: skip


def _named(name: LikelyName) -> dict[str, Any]:
    return {
        "name": name.name, "taught": name.taught, "confidence": round(name.confidence, 4),
        "moments": [passage.to_dict() for passage in name.passages],
    }  # fmt: skip


def watch_report(
    context: ComposeContext, video: str | Path, questions: Sequence[str]
) -> WatchReport:
    """Gather what a report says of a file. Errors are those of ``Library.watch_report``."""
    if len(questions) > _QUESTIONS:
        raise UsageError(f"a report answers {_QUESTIONS} questions at most")
    file = context.browse.find(video)
    path, asset = file.asset.path, file.asset
    if asset.media.kind is Kind.IMAGE or asset.duration is None:
        raise UsageError(f"{clean(path, 300)} is a picture; a report is of a video or a sound")
    records = context.browse.moments_of(file.asset_id)
    spoken = _worded(records, path, Modality.SPEECH, Claim.SAYS)
    on_screen = _worded(records, path, Modality.SCREEN, Claim.READS)
    names = likely_names(context, [path])
    seen = tuple(n for n in names if any(p.claim is Claim.SHOWS for p in n.passages))
    heard = tuple(heard_words(context, file.asset_id, path))
    taught_sounds = tuple(n for n in names if n.taught and n not in seen)
    where = f"path = {quoted(glob.escape(path))}"
    context.progress.start("answering", len(questions), "questions")
    answers = []
    for question in questions:
        answers.append(context.ask(question, where))
        context.progress.advance()
    spans = named_chapters(Path(path), asset.duration) or found_chapters(
        [r.moment.start or 0.0 for r in records if r.moment.modality is Modality.KEYFRAME],
        context.browse.transcript(file.asset_id, Modality.SPEECH).lines, asset.duration,
    )  # fmt: skip
    return WatchReport(
        path, file.asset_id, asset.duration, file,
        tuple(_chapters(spans, records, path, spoken, on_screen, seen)),
        seen, (*taught_sounds, *heard), spoken, on_screen, tuple(answers),
        rights_of(Path(path), asset.media.kind),
    )  # fmt: skip


def _worded(
    records: Sequence[MomentRecord], path: str, modality: Modality, claim: Claim
) -> tuple[EvidencePassage, ...]:
    """Return what is said, or to be read; lines that repeat the one before are one."""
    found: list[EvidencePassage] = []
    worded = [r for r in records if r.moment.modality is modality and (r.moment.text or "").strip()]
    for record in sorted(worded, key=lambda each: (each.moment.start or 0.0, each.moment_id)):
        passage = moment_passage(record, path, claim, record.moment.text or "")
        if not found or found[-1].text != passage.text:
            found.append(passage)
    return tuple(found)


def moment_passage(
    record: MomentRecord, path: str, claim: Claim, text: str, confidence: float = 1.0
) -> EvidencePassage:
    """Return a moment as evidence."""
    return EvidencePassage(
        path, record.kind, record.asset_id, record.moment_id, record.moment.modality,
        record.moment.start, record.moment.end, claim, clean(text, _LONGEST), confidence,
    )  # fmt: skip


def _chapters(
    spans: Sequence[ChapterSpan],
    records: Sequence[MomentRecord],
    path: str,
    spoken: Sequence[EvidencePassage],
    on_screen: Sequence[EvidencePassage],
    seen: Sequence[LikelyName],
) -> list[Chapter]:
    """Give each stretch a title that a moment of it bears; one without a moment is left out."""
    found = []
    for span in spans:
        here = [r for r in records if _meets(r.moment.start, r.moment.end, span)]
        if not here:
            continue
        shown = max(here, key=lambda r: _shows(r, span))
        moment = moment_passage(shown, path, Claim.LISTED, "")
        title, how, by = _titled(span, spoken, on_screen, seen, moment)
        found.append(Chapter(span.start, span.end, title, how, by, moment))
    return found


def _titled(
    span: ChapterSpan,
    spoken: Sequence[EvidencePassage],
    on_screen: Sequence[EvidencePassage],
    seen: Sequence[LikelyName],
    moment: EvidencePassage,
) -> tuple[str, str, EvidencePassage]:
    if span.title:
        return span.title, "named", moment
    for how, passages in (("said", spoken), ("read", on_screen)):
        first = next((p for p in passages if span.start <= (p.start or 0.0) < span.end), None)
        if first is not None:
            return shortened(first.text, _TITLE), how, first
    likely = [(p, n) for n in seen for p in n.passages if _meets(p.start, p.end, span)]
    if likely:
        passage, name = max(likely, key=lambda pair: (pair[1].taught, pair[0].confidence))
        return name.name, "likely", passage
    return "", "part", moment


def _shows(record: MomentRecord, span: ChapterSpan) -> tuple[bool, float]:
    """Return how well a moment shows a stretch: one that is seen, then what they share."""
    start = record.moment.start or 0.0
    shared = min(record.moment.end or start, span.end) - max(start, span.start)
    return record.moment.modality is Modality.KEYFRAME, shared


def _meets(start: float | None, end: float | None, span: ChapterSpan) -> bool:
    """Tell whether a moment lies within a stretch, or reaches into it."""
    if start is None:
        return False
    return start < span.end and max(start + 1e-3, end or start) > span.start


def shortened(text: str, most: int) -> str:
    """Cut a text between words."""
    if len(text) <= most:
        return text
    part = text[:most]
    return (part.rpartition(" ")[0] or part) + " \u2026"
