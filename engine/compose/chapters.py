"""Chapters of a video or a sound: those that its file names, or else those that are found in it.

A chapter begins where shots change, speech pauses, and the words before and after differ
(lexical cohesion: Hearst 1997, TextTiling); the more of these come together, the sooner.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from engine.query.browse.transcript import TranscriptLine
from engine.query.full_text import content_words

_SHOT, _PAUSE, _TOPIC = 1.0, 1.0, 1.5
"""Weights of a new shot, of a pause, and of other words."""
_LONG_PAUSE = 4.0
"""Seconds of a pause that count in full; from a third of it on they count at all."""
_NEAR = 1.0
"""Seconds within which a shot and a sentence begin together."""
_WINDOW = 6
"""Sentences before and after a place whose words are compared, half as many at least."""
_LEAST = 0.9
"""Weight from which a chapter begins."""
_MOST = 24
"""Chapters of a file, about."""
_MOST_NAMED = 500
"""Chapters that a file names which are read."""


@dataclass(frozen=True, slots=True)
class ChapterSpan:
    """A stretch of a file, in seconds, with the title that the file gives it."""

    start: float
    end: float
    title: str = ""


def named_chapters(path: Path, duration: float) -> list[ChapterSpan]:
    """Return the chapters that a container names; none where it cannot be read or has one alone."""
    from engine.media import container as containers

    found: list[ChapterSpan] = []
    with suppress(Exception), containers.open_container(path) as source:
        zero = containers.origin(source)
        for chapter in source.chapters()[:_MOST_NAMED]:
            base = chapter["time_base"]
            if base is None:
                continue
            start = max(0.0, float(chapter["start"] * base) - zero)
            end = min(duration, float(chapter["end"] * base) - zero)
            if start < end:
                title = " ".join(str(chapter["metadata"].get("title", "")).split())[:200]
                found.append(ChapterSpan(start, end, title))
    found.sort(key=lambda span: span.start)
    return found if len(found) > 1 or any(span.title for span in found) else []


def found_chapters(
    shots: Sequence[float], lines: Sequence[TranscriptLine], duration: float
) -> list[ChapterSpan]:
    """Return chapters that cover a file, by its shots and by what is said.

    Args:
        shots: seconds at which a shot begins.
        lines: sentences that are said, in the order of time.
        duration: seconds.
    """
    if duration <= 0:
        return []
    apart = max(2.0, duration / (_MOST / 2)) if duration < 300 else max(25.0, duration / _MOST)
    places = _weights(shots, lines)
    chosen: list[float] = []
    for place, weight in sorted(places.items(), key=lambda item: (-item[1], item[0])):
        if weight < _LEAST or place < apart or duration - place < apart / 2:
            continue
        if all(abs(place - other) >= apart for other in chosen):
            chosen.append(place)
    borders = [0.0, *sorted(chosen), duration]
    return [ChapterSpan(start, end) for start, end in pairwise(borders)]


def _weights(shots: Sequence[float], lines: Sequence[TranscriptLine]) -> dict[float, float]:
    """Return places at which a chapter may begin, and how much speaks for each."""
    places = {shot: _SHOT for shot in shots if shot > 0}
    spoken = [line for line in lines if line.start is not None]
    words = [Counter(content_words(line.text)) for line in spoken]
    for at in range(1, len(spoken)):
        start = spoken[at].start or 0.0
        pause = start - (spoken[at - 1].end or spoken[at - 1].start or 0.0)
        weight = _TOPIC * _difference(words[max(0, at - _WINDOW) : at], words[at : at + _WINDOW])
        if pause >= _LONG_PAUSE / 3:
            weight += _PAUSE * min(pause / _LONG_PAUSE, 1.0)
        near = min(places, key=lambda place: abs(place - start), default=math.inf)
        place = near if abs(near - start) <= _NEAR else start
        places[place] = max(places.get(place, 0.0), places.get(place, 0.0) * _SHOT + weight)
    return places


def _difference(before: Sequence[Counter[str]], after: Sequence[Counter[str]]) -> float:
    """Return 1 less the cosine of the words of two stretches; 0 where one is too short."""
    if min(len(before), len(after)) < _WINDOW // 2:
        return 0.0
    first, second = sum(before, Counter[str]()), sum(after, Counter[str]())
    product = sum(count * second[word] for word, count in first.items())
    norms = math.sqrt(sum(n * n for n in first.values()) * sum(n * n for n in second.values()))
    return 1 - product / norms if norms else 0.0
