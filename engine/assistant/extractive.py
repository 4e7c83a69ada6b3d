"""Answers that are made of what moments say, without any model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.assistant.evidence import WORDED, Claim, EvidencePassage, by_file
from engine.assistant.question import LibraryQuestion, Wanted
from engine.query.rerank.cross import excerpt
from engine.types import Kind

_SENTENCES = 3
"""Sentences that are quoted, the best first; the same words of several files are one."""
_FILES = 5
"""Files that are named one by one."""
_COUNTED = 20
"""Files of a count that are cited."""
_CLOSE = 4.6
"""Nats behind the best verdict within which other sentences are quoted beside it."""
_NOUNS = {Kind.IMAGE: "picture", Kind.VIDEO: "video", Kind.AUDIO: "recording"}

Sentences = list[tuple[str, list[EvidencePassage]]]


def extractive_sentences(
    question: LibraryQuestion, passages: Sequence[EvidencePassage]
) -> Sentences:
    """Return the sentences that answer a question, each with the passages that bear it.

    Args:
        passages: those that bear the question, best first.
    """
    if not passages:
        return []
    if question.wanted is Wanted.COUNT:
        return _count(question, passages)
    if question.wanted is Wanted.DATE:
        return [(_dated(best), [best]) for best in _of_files(passages)]
    if question.wanted is Wanted.PLACE:
        return [(_placed(best), [best]) for best in _of_files(passages)]
    if question.wanted is Wanted.FILES:
        return [(best.sentence, [best]) for best in _of_files(passages)]
    return _quoted(question, passages)


def _of_files(passages: Sequence[EvidencePassage]) -> list[EvidencePassage]:
    return [own[0] for own in by_file(passages).values()][:_FILES]


def _quoted(question: LibraryQuestion, passages: Sequence[EvidencePassage]) -> Sentences:
    """Quote the sentences; copies of one are quoted once, with all that say it."""
    same: dict[str, list[EvidencePassage]] = {}
    best = max((p.verdict for p in passages if p.verdict is not None), default=None)
    for passage in passages:
        if passage.claim not in WORDED:
            continue
        if best is not None and passage.verdict is not None and passage.verdict < best - _CLOSE:
            continue
        same.setdefault(_letters(passage.text), []).append(passage)
    found = []
    for own in [*same.values()][:_SENTENCES]:
        part = excerpt(own[0].text, question.text)
        found.append((replace(own[0], text=part).sentence, own[:_FILES]))
    return found


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _count(question: LibraryQuestion, passages: Sequence[EvidencePassage]) -> Sentences:
    files = [own[0] for own in by_file(passages).values()]
    kinds = {passage.kind for passage in files}
    noun = _NOUNS[kinds.pop()] if len(kinds) == 1 else "file"
    count = len(files)
    about = f" for \u201c{question.subject}\u201d" if question.subject else ""
    if files[0].claim is Claim.LISTED:
        line = f"{count} {noun}{'' if count == 1 else 's'}{about}"
    elif count == 1:
        line = f"1 {noun} is a likely match{about}"
    else:
        line = f"{count} {noun}s are likely matches{about}"
    return [(line, files[:_COUNTED])]


def _dated(passage: EvidencePassage) -> str:
    if not passage.date:
        return f"{passage.sentence}, and does not say when it was made"
    return f"{passage.sentence}, and was made on {passage.date.replace('T', ' at ')}"


def _placed(passage: EvidencePassage) -> str:
    if passage.place is None:
        return f"{passage.sentence}, and does not say where it was made"
    north, east = passage.place
    return f"{passage.sentence}, and was made at {north:.5f}, {east:.5f} (latitude, longitude)"
