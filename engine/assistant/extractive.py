"""Answers that are made of what moments say, without any model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.assistant.evidence import WORDED, Claim, EvidencePassage, by_file
from engine.assistant.frames import listed_names
from engine.assistant.question import LibraryQuestion, Wanted
from engine.media import place_names
from engine.query.rerank.cross import excerpt

_SENTENCES = 3
"""Sentences that are quoted, the best first; the same words of several files are one."""
_FILES = 5
"""Files that are named one by one."""
_COUNTED = 20
"""Files of a count that are cited."""
_CLOSE = 4.6
"""Nats behind the best verdict within which other sentences are quoted beside it."""

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
    if question.wanted in (Wanted.DATE, Wanted.PLACE):
        return _facts(question, passages)
    if question.wanted is Wanted.FILES:
        return [
            (best.worded(question.frames), [best, *best.stages]) for best in _of_files(passages)
        ]
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
        found.append((replace(own[0], text=part).worded(question.frames), own[:_FILES]))
    return found


def _place(place: tuple[float, float]) -> str:
    """Write a place in degrees, after its name where that is known."""
    degrees = ", ".join(f"{each:.5f}" for each in place)
    name = place_names.name_of(place)
    return degrees if name is None else f"{name}: {degrees}"


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _count(question: LibraryQuestion, passages: Sequence[EvidencePassage]) -> Sentences:
    frames = question.frames
    files = [own[0] for own in by_file(passages).values()]
    kinds = {passage.kind for passage in files}
    count = len(files)
    single, several = frames.nouns[kinds.pop() if len(kinds) == 1 else None]
    about = frames.about.format(subject=question.subject) if question.subject else ""
    if files[0].claim is Claim.LISTED:
        frame = frames.listed
    else:
        frame = frames.counted[0 if count == 1 else 1]
    line = frame.format(count=count, noun=single if count == 1 else several, about=about)
    return [(line, files[:_COUNTED])]


def _facts(question: LibraryQuestion, passages: Sequence[EvidencePassage]) -> Sentences:
    """Return a sentence for each file that has the fact, and one for all that do not."""
    frames, dates = question.frames, question.wanted is Wanted.DATE
    found: Sentences = []
    lacking = []
    for passage in _of_files(passages):
        sentence = passage.worded(frames)
        if dates and passage.date:
            line = frames.made_on.format(sentence=sentence, date=passage.date.replace("T", " "))
        elif not dates and passage.place is not None:
            line = frames.made_at.format(sentence=sentence, place=_place(passage.place))
        else:
            lacking.append(passage)
            continue
        found.append((line, [passage]))
    if lacking:
        names = listed_names([passage.name for passage in lacking], frames)
        subject = lacking[0].text if lacking[0].claim in WORDED else question.subject
        several = len(lacking) > 1
        sentence = (
            frames.shows.format(names=names, text=subject) if several
            else lacking[0].worded(frames)
        )  # fmt: skip
        lack = (frames.no_date if dates else frames.no_place)[several]
        found.append((lack.format(sentence=sentence), lacking))
    return found
