"""Hits of sounds with the times at which what was sought is heard, finer than their windows.

A window has seconds, of which a bark has one. A model of frames (PE-A-Frame) hears each window that
was found again, for the text of the query, and says from when to when. It changes no order: where a
sound stands among others is what the spaces of the library say.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from engine.encoders.pe_av.frames import HeardSpan
from engine.errors import SensoriumError
from engine.media.excerpt import samples_of
from engine.types import Hit, Modality, SearchResult
from engine.types.arrays import Waveform


class HearsWhen(Protocol):
    """A model that says when in a sound something is heard."""

    name: str

    @property
    def rate(self) -> int:
        """Samples per second of the sounds that it takes."""
        ...

    def when(self, text: str, samples: Waveform) -> Sequence[HeardSpan]:
        """Return the spans in which what a text names is heard."""
        ...


def with_heard_times(found: SearchResult, model: HearsWhen, seconds: float) -> SearchResult:
    """Return hits whose sounds begin and end where what was sought is heard.

    A window in which the model hears it nowhere keeps its times, and so does one whose file cannot
    be read now, and what is not heard in time. Of several spans the most certain is meant.

    Args:
        seconds: after which no further sound is heard.
    """
    text, deadline = found.query.text, time.monotonic() + seconds
    heard = [hit for hit in found.hits if _is_sound(hit)]
    if not text or not heard:
        return found
    spans: dict[int, HeardSpan] = {}
    for hit in heard:
        if time.monotonic() >= deadline:
            break
        if span := _most_certain(hit, text, model):
            spans[hit.moment_id] = span
    hits = tuple(_at(hit, spans.get(hit.moment_id)) for hit in found.hits)
    note = f"{model.name} hears it in {len(spans)} of {len(heard)} sounds, and says when"
    return replace(found, hits=hits, notes=(*found.notes, note))


def _is_sound(hit: Hit) -> bool:
    return hit.modality is Modality.SOUND and hit.start is not None and hit.end is not None


def _most_certain(hit: Hit, text: str, model: HearsWhen) -> HeardSpan | None:
    """Return the most certain span within a window, in seconds of its file."""
    assert hit.start is not None
    assert hit.end is not None
    try:
        samples = samples_of(Path(hit.path), hit.start, hit.end - hit.start, model.rate)
    except (SensoriumError, OSError):
        return None
    spans = model.when(text, samples)
    if not spans:
        return None
    best = max(spans, key=lambda span: span.log_odds)
    return HeardSpan(hit.start + best.start, min(hit.start + best.end, hit.end), best.log_odds)


def _at(hit: Hit, span: HeardSpan | None) -> Hit:
    return hit if span is None else replace(hit, start=span.start, end=span.end)
