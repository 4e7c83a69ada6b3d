"""Passages: what moments say, or are found to show, in one sentence each."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Self, TypeAlias

from engine.assistant.frames import AnswerFrames, frames_of
from engine.common.text import clock
from engine.query.rerank.base import clean
from engine.store import Store
from engine.store.fulltext.documents import spaced_name
from engine.types import Asset, Hit, Kind, Modality, MomentRecord, Span

_LONGEST = 1_000
"""Characters of a passage that are kept."""
_BESIDE = 3
"""Moments that come after another one, and are named."""


class Claim(StrEnum):
    """The way in which a moment bears something."""

    SAYS = "says"
    READS = "reads"
    CAPTION = "caption"
    NAME = "name"
    SHOWS = "shows"
    SOUNDS = "sounds"
    ALIKE = "alike"
    """It looks or sounds like what was sent along with the question."""
    LISTED = "listed"
    """It passes the filters, where nothing else was asked."""
    FILE = "file"
    """It is the file that a question names, or whose facts it asks for."""
    BESIDE = "beside"
    """It comes before or after another moment."""


PassageKey: TypeAlias = tuple[int, int, Claim]
"""The numbers of an asset and of a moment, and a claim."""
WORDED = frozenset({Claim.SAYS, Claim.READS, Claim.CAPTION})
"""Claims whose words are a sentence of the library's own."""
_OF_STAGE = {
    Modality.SPEECH: Claim.SAYS, Modality.SCREEN: Claim.READS, Modality.SOUND: Claim.SOUNDS,
}  # fmt: skip
_IN_TURN = {
    Modality.SPEECH: Claim.SAYS, Modality.SCREEN: Claim.READS, Modality.KEYFRAME: Claim.BESIDE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class EvidencePassage:
    """A moment as evidence. Times are seconds from the index, None for a picture."""

    path: str
    kind: Kind
    asset_id: int
    moment_id: int
    modality: Modality
    start: float | None
    end: float | None
    claim: Claim
    text: str
    """The words that are said, written or captioned; else those that were searched for."""
    confidence: float
    """The search's calibrated probability that it answers, 0 to 1."""
    verdict: float | None = None
    """The cross-encoder's log odds that it bears the question; None where it did not judge."""
    date: str = ""
    """The time at which the media says that it was made, ISO 8601; empty where it does not."""
    place: tuple[float, float] | None = None
    """Latitude and longitude, in degrees."""
    nats: float = 0.0
    """The evidence of its vectors alone, which the length of a question does not lessen."""
    stages: tuple[EvidencePassage, ...] = ()
    """The later moments, where several in order were asked for."""

    @property
    def key(self) -> PassageKey:
        """Numbers that tell it from other passages: a file without moments has a moment 0."""
        return self.asset_id, self.moment_id, self.claim

    @property
    def name(self) -> str:
        """The name of the file, fit for one line."""
        return clean(PurePath(self.path).name, 200)

    @property
    def sentence(self) -> str:
        """One English sentence that the moment bears, without a full stop."""
        return self.worded(frames_of(""))

    def worded(self, frames: AnswerFrames) -> str:
        """Return the sentence in the language of some frames, without a full stop."""
        sure = f"{self.confidence:.0%}"
        return frames.claims[self.claim].format(name=self.name, text=self.text, sure=sure)

    @property
    def where(self) -> str:
        """The path with the time, as a player opens it."""
        if self.kind is Kind.IMAGE or self.start is None:
            return self.path
        return f"{self.path} at {clock(self.start)}"

    def to_dict(self) -> dict[str, Any]:
        """Return its facts for JSON."""
        return {
            "path": self.path, "kind": self.kind, "modality": self.modality,
            "asset_id": self.asset_id, "moment_id": self.moment_id,
            "start": self.start, "end": self.end, "claim": self.claim,
            "text": self.text, "confidence": round(self.confidence, 4),
            "verdict": None if self.verdict is None else round(self.verdict, 2),
            "date": self.date or None, "place": self.place,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Return the passage of such facts."""
        place = fields["place"]
        return cls(
            str(fields["path"]), Kind(fields["kind"]), int(fields["asset_id"]),
            int(fields["moment_id"]), Modality(fields["modality"]), fields["start"], fields["end"],
            Claim(fields["claim"]), str(fields["text"]), float(fields["confidence"]),
            fields["verdict"], str(fields["date"] or ""),
            None if place is None else (float(place[0]), float(place[1])),
        )  # fmt: skip


def passages_of(store: Store, hits: Sequence[Hit], subject: str) -> list[EvidencePassage]:
    """Return the passages of hits, in their order; a caption once a file."""
    if not hits:
        return []
    records = store.records([hit.moment_id for hit in hits])
    assets = store.whole_assets({hit.asset_id for hit in hits})
    found: list[EvidencePassage] = []
    captioned: set[int] = set()
    for hit in hits:
        record, asset = records.get(hit.moment_id), assets.get(hit.asset_id)
        if asset is None:
            continue
        moment_text = "" if record is None else record.moment.text or ""
        claim, text = _claim(hit, moment_text, asset, subject)
        if claim is Claim.CAPTION:
            if hit.asset_id in captioned:
                continue
            captioned.add(hit.asset_id)
        passage = EvidencePassage(
            hit.path, hit.kind, hit.asset_id, hit.moment_id, hit.modality, hit.start, hit.end,
            claim, clean(text, _LONGEST), hit.confidence, date=asset.taken_at or "",
            place=asset.place, nats=max((w.log_odds for w in hit.why if w.space), default=0.0),
        )  # fmt: skip
        stages = tuple(_stage(passage, span) for span in hit.spans[1:])
        found.append(replace(passage, stages=stages))
    return found


def _stage(first: EvidencePassage, span: Span) -> EvidencePassage:
    claim = _OF_STAGE.get(span.modality, Claim.SHOWS)
    text = clean((span.words if claim in WORDED else None) or span.asked, _LONGEST)
    return replace(
        first, moment_id=span.moment_id, modality=span.modality, start=span.start, end=span.end,
        claim=claim, text=text, verdict=None,
    )  # fmt: skip


def beside(store: Store, passage: EvidencePassage, step: int) -> list[EvidencePassage]:
    """Return the moments of a file that come after one, or before it where ``step`` is negative.

    What is said, where anything is, and else what is to be read, and else what is shown.
    """
    if passage.start is None:
        return []
    moments = [r for r in store.moments_of(passage.asset_id) if r.moment.start is not None]
    for modality, claim in _IN_TURN.items():
        own = [record for record in moments if record.moment.modality is modality]
        own.sort(key=lambda record: (record.moment.start or 0.0, record.moment_id))
        starts = [record.moment.start or 0.0 for record in own]
        if step > 0:
            near = own[bisect_right(starts, passage.start) :][:_BESIDE]
        else:
            near = own[: bisect_left(starts, passage.start)][-_BESIDE:]
        if near:
            return [_moment_passage(record, passage, claim, step) for record in near]
    return []


def _moment_passage(
    record: MomentRecord, near: EvidencePassage, claim: Claim, step: int
) -> EvidencePassage:
    moment = record.moment
    text = clean(moment.text or "", _LONGEST) or ("after" if step > 0 else "before")
    return replace(
        near, moment_id=record.moment_id, modality=moment.modality, start=moment.start,
        end=moment.end, claim=claim, text=text, confidence=1.0, verdict=None,
    )  # fmt: skip


def _claim(hit: Hit, text: str, asset: Asset, subject: str) -> tuple[Claim, str]:
    if not hit.why:
        return Claim.LISTED, subject
    if hit.modality is Modality.SPEECH:
        return Claim.SAYS, text
    if hit.modality is Modality.SCREEN:
        return Claim.READS, text
    perceived = Claim.SOUNDS if hit.modality is Modality.SOUND else Claim.SHOWS
    weight = {why.branch: 0.0 for why in hit.why}
    for why in hit.why:
        weight[why.branch] = max(weight[why.branch], why.log_odds)
    by_words = weight.pop("words", 0.0)
    if by_words <= max(weight.values(), default=0.0):
        return perceived, subject
    # The words of the file found it, and not its looks: so they alone are claimed.
    written = ". ".join(
        dict.fromkeys(filter(None, (asset.caption, *(asset.texts or "").split("\n"))))
    )
    if _shares_words(subject, written):
        return Claim.CAPTION, written
    if _shares_words(subject, spaced_name(hit.path)):
        return Claim.NAME, subject
    return perceived, subject


def _shares_words(subject: str, text: str) -> bool:
    return any(word in text.casefold() for word in subject.casefold().split() if len(word) > 2)


def best_of_each(passages: Iterable[EvidencePassage]) -> list[EvidencePassage]:
    """Return each moment once, at its highest confidence, in the order of the first."""
    best: dict[PassageKey, EvidencePassage] = {}
    for passage in passages:
        key = passage.key
        if key not in best or passage.confidence > best[key].confidence:
            best[key] = passage
    return list(best.values())


def nearest_files(passages: Iterable[EvidencePassage], most: int) -> list[EvidencePassage]:
    """Return the likeliest moment of each file, the likeliest few files first."""
    best = (max(own, key=lambda p: p.confidence) for own in by_file(passages).values())
    return sorted(best, key=lambda passage: -passage.confidence)[:most]


def by_file(passages: Iterable[EvidencePassage]) -> Mapping[str, list[EvidencePassage]]:
    """Group passages by their files, the first file first."""
    files: dict[str, list[EvidencePassage]] = {}
    for passage in passages:
        files.setdefault(passage.path, []).append(passage)
    return files
