"""The files that a question names, and their facts: how long, how large, from when."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath

from engine.assistant.evidence import WORDED, Claim, EvidencePassage
from engine.assistant.extractive import Sentences
from engine.assistant.frames import AnswerFrames
from engine.assistant.question import LibraryQuestion, Measure
from engine.common.text import clock
from engine.store import Store
from engine.store.records import KnownAsset
from engine.types import Asset, Modality

FindPassages = Callable[[str], Sequence[EvidencePassage]]
"""Return the passages that a search finds, the likeliest first."""
_WORD = re.compile(r"[^\W_]+")
_ARTICLE = re.compile(
    r"^(?:(?:the|my|our|a|an|this|that|file|named|called)\s+)*"
    r"(?:(?:picture|photo|image|video|clip|recording|film|movie)s?\s+(?:of|with|showing)\s+"
    r"(?:(?:the|my|our|a|an)\s+)?)?",
    re.IGNORECASE,
)


def called(passages: Sequence[EvidencePassage], name: str) -> list[EvidencePassage]:
    """Return the passages of files that are called so, with or without a suffix; one a file."""
    asked = _words(_ARTICLE.sub("", name))
    found: dict[str, EvidencePassage] = {}
    for passage in passages:
        whole = PurePath(passage.path).name
        if asked and asked in (_words(whole), _words(PurePath(whole).stem)):
            found.setdefault(passage.path, passage)
    return [*found.values()]


def file_of(find: FindPassages, name: str) -> EvidencePassage | None:
    """Return the file that words name, or else the likeliest that shows or sounds like them."""
    found = find(_ARTICLE.sub("", name) or name)
    own = called(found, name)
    likely = [p for p in found if p.claim not in WORDED and p.confidence >= _LIKELY]
    return next(iter([*own, *likely]), None)


_LIKELY = 0.5


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def measured(
    store: Store, passages: Sequence[EvidencePassage], measure: Measure, frames: AnswerFrames
) -> Sentences:
    """Return a sentence for each file that says how long, how large or how old it is."""
    assets = store.whole_assets({passage.asset_id for passage in passages})
    found: Sentences = []
    for passage in passages:
        value = _value(assets.get(passage.asset_id), measure)
        frame = (frames.lacking if value is None else frames.measured)[measure]
        text = frame.format(name=passage.name, value=_shown(value, measure))
        found.append((text, [_as_file(passage)]))
    return found


def compared(store: Store, pair: Sequence[EvidencePassage], question: LibraryQuestion) -> Sentences:
    """Return the sentence that compares two files by a fact, or what one of them lacks."""
    frames, measure = question.frames, question.measure
    assets = store.whole_assets({passage.asset_id for passage in pair})
    values = [_value(assets.get(passage.asset_id), measure) for passage in pair]
    lacking = [p for p, value in zip(pair, values, strict=True) if value is None]
    if lacking:
        return [
            (frames.lacking[measure].format(name=p.name), [_as_file(p)]) for p in lacking
        ]  # fmt: skip
    both = [_as_file(passage) for passage in pair]
    more, less, same = frames.more[measure]
    shown = [_shown(value, measure) for value in values]
    if shown[0] == shown[1]:
        # A difference that nobody sees in the figures is none to tell of.
        line = frames.equal.format(
            first=both[0].name, second=both[1].name, more=same, value=shown[0]
        )
        return [(line, both)]
    first = int((values[0] < values[1]) != question.least)  # type: ignore[operator]
    line = frames.compared.format(
        first=both[first].name, second=both[1 - first].name, value=shown[first],
        other=shown[1 - first], more=less if question.least else more,
    )  # fmt: skip
    return [(line, [both[first], both[1 - first]])]


def _value(asset: Asset | None, measure: Measure) -> float | str | None:
    if asset is None:
        return None
    return {
        Measure.LENGTH: asset.duration, Measure.SIZE: asset.size, Measure.DATE: asset.taken_at,
    }[measure]  # fmt: skip


def _shown(value: float | str | None, measure: Measure) -> str:
    if isinstance(value, str):
        return value.replace("T", " ")
    if measure is Measure.LENGTH:
        return f"{clock(value or 0.0)}" if (value or 0) >= 60 else f"{value or 0:.1f} s"
    return f"{value or 0:,.0f} bytes"


def _as_file(passage: EvidencePassage) -> EvidencePassage:
    return replace(
        passage, start=None, end=None, claim=Claim.FILE, text=passage.name, confidence=1.0,
        verdict=None,
    )  # fmt: skip


def file_passage(file: KnownAsset) -> EvidencePassage:
    """Return a file as a passage that is about no moment of it."""
    return EvidencePassage(
        file.path, file.kind, file.asset_id, 0, Modality.SPEECH, None, None, Claim.FILE,
        PurePath(file.path).name, 1.0,
    )  # fmt: skip


def sentences_of(store: Store, passage: EvidencePassage) -> list[EvidencePassage]:
    """Return all that is said in a file, or else to be read in it, in its order."""
    records = store.moments_of(passage.asset_id)
    for modality, claim in ((Modality.SPEECH, Claim.SAYS), (Modality.SCREEN, Claim.READS)):
        own = [r for r in records if r.moment.modality is modality and r.moment.text]
        if own:
            own.sort(key=lambda record: (record.moment.start or 0.0, record.moment_id))
            return [
                replace(
                    passage, moment_id=r.moment_id, modality=modality, start=r.moment.start,
                    end=r.moment.end, claim=claim, text=r.moment.text or "", confidence=1.0,
                    verdict=None,
                )
                for r in own
            ]  # fmt: skip
    return []
