"""Find which names are likely seen or heard in files, by searching for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.assistant.evidence import Claim, EvidencePassage, passages_of
from engine.classify.everyday_things import EVERYDAY_THINGS
from engine.compose.context import ComposeContext
from engine.compose.restrict import only_paths
from engine.query.concepts.concept import key_of
from engine.types import Filter, Group, Modality, PartKind, Query, QueryPart

_TOP = 500
"""Moments that a name is looked for in."""
_PERCEIVED = (Claim.SHOWS, Claim.SOUNDS)
_SURE = 0.5
"""Probability from which a word that the library itself put to a sound is named."""


@dataclass(frozen=True, slots=True)
class LikelyName:
    """A name, and the moments at which it is likely seen or heard, in the order of time."""

    name: str
    taught: bool
    """True for a name that the library was taught by examples."""
    passages: tuple[EvidencePassage, ...]

    @property
    def confidence(self) -> float:
        """The greatest probability of its moments."""
        return max(passage.confidence for passage in self.passages)


def likely_names(context: ComposeContext, paths: Sequence[str]) -> list[LikelyName]:
    """Return the names that are likely seen or heard in files, the taught and likeliest first.

    Looked for are the names that the library was taught, and everyday things. A probability is
    the search's own, which is calibrated.
    """
    if not paths:
        return []
    taught = [concept.name for concept in context.concepts]
    known = {key_of(name) for name in taught}
    things = [thing for thing in EVERYDAY_THINGS if key_of(thing) not in known]
    context.progress.start("looking for names", len(taught) + len(things), "names")
    passes, found = only_paths(paths), []
    for name, kind in [
        *((name, PartKind.CONCEPT) for name in taught), *((name, PartKind.TEXT) for name in things)
    ]:  # fmt: skip
        passages = _of_name(context, name, kind, passes)
        if passages:
            found.append(LikelyName(name, kind is PartKind.CONCEPT, passages))
        context.progress.advance()
    return sorted(found, key=lambda each: (not each.taught, -each.confidence, each.name))


def _of_name(
    context: ComposeContext, name: str, kind: PartKind, passes: Filter
) -> tuple[EvidencePassage, ...]:
    part = QueryPart(name, kind, quoted=((0, len(name)),))
    result = context.run(
        Query((part,), filter=passes, top=_TOP, group=Group.NONE, likely=True, spelling=False)
    )
    found = [
        passage
        for passage in passages_of(context.store, result.likely.hits, name)
        if passage.claim in _PERCEIVED
    ]
    return tuple(sorted(found, key=lambda each: (each.path, each.start or 0.0)))


def heard_words(context: ComposeContext, asset_id: int, path: str) -> list[LikelyName]:
    """Return the words that the library put to sounds of a file, the most probable first."""
    words: dict[str, list[EvidencePassage]] = {}
    for record in context.browse.moments_of(asset_id, Modality.SOUND):
        for tag in record.moment.tags:
            if tag.weight >= _SURE:
                words.setdefault(tag.word, []).append(
                    EvidencePassage(
                        path, record.kind, asset_id, record.moment_id, Modality.SOUND,
                        record.moment.start, record.moment.end, Claim.SOUNDS, tag.word,
                        min(tag.weight, 1.0),
                    )
                )  # fmt: skip
    found = [LikelyName(word, False, tuple(passages)) for word, passages in words.items()]
    return sorted(found, key=lambda each: (-each.confidence, each.name))
