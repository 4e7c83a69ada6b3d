"""A soundtrack into moments: windows that are heard, and sentences that are said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.config import Settings
from engine.encoders.protocols import SpeechBridge
from engine.encoders.towers import Towers
from engine.media.audio import Chunk, is_silent, probe_audio, read_audio, read_windows
from engine.types import Modality, Moment
from indexers.decode_events import DecodeEvent, Facts, Prepared, TowerInput
from indexers.shots import ShotsBeside
from indexers.track_isolation import run_tracks

SPEECH_SECONDS = 300.0
"""Sound that the speech bridge is given at a time, so that a day-long file fits."""
_SAME_TIME = 0.05
"""Seconds by which one window may begin apart at two rates: half of the shortest one."""


def decode_audio(path: Path, towers: Towers, settings: Settings) -> Iterator[DecodeEvent]:
    """Yield the file's facts, its windows, and its sentences where speech is transcribed."""
    info = probe_audio(path)
    yield Facts(None, None, info.duration, info.taken_at, info.place, info.caption)
    yield from run_tracks(soundtrack(path, towers, settings))


def soundtrack(
    path: Path, towers: Towers, settings: Settings, beside: ShotsBeside | None = None
) -> dict[str, Iterator[DecodeEvent]]:
    """Return the tracks of a sound, by the name that a fault is reported under.

    Args:
        beside: what is seen and said meanwhile, for encoders that join that.
    """
    tracks: dict[str, Iterator[DecodeEvent]] = {"sound": _windows(path, towers, settings, beside)}
    if towers.speech is not None:
        tracks["speech"] = _sentences(path, towers.speech, settings)
    return tracks


def _windows(
    path: Path, towers: Towers, settings: Settings, beside: ShotsBeside | None
) -> Iterator[Prepared]:
    """Yield the windows worth hearing, prepared.

    Bridges that listen at different rates have the file decoded once for each rate, so
    that a sound's vectors do not depend on which other encoders a library has. What is
    silence at the first one's rate is no moment; what is at another's, none of its own.
    """
    rates = towers.sound_rates
    for heard in _side_by_side({rate: read_windows(path, settings, rate) for rate in rates}):
        if first := heard.get(rates[0]):
            moment = Moment(Modality.SOUND, first.start, end := _end(first, rates[0]))
            seen, words = beside.during(first.start, end) if beside else (None, "")
            samples = {rate: chunk.samples for rate, chunk in heard.items()}
            window = towers.prepare_sound(samples, seen, words)
            yield Prepared(moment, TowerInput.SOUND, window)


def _end(chunk: Chunk, rate: int) -> float:
    return chunk.start + len(chunk.samples) / rate


def _side_by_side(read: Mapping[int, Iterator[Chunk]]) -> Iterator[dict[int, Chunk]]:
    """Windows of one time by their rates; at the edge of silence, one may lack a rate."""
    heads = {rate: next(chunks, None) for rate, chunks in read.items()}
    while any(heads.values()):
        start = min(chunk.start for chunk in heads.values() if chunk is not None)
        now = {r: c for r, c in heads.items() if c is not None and c.start < start + _SAME_TIME}
        yield now
        heads |= {rate: next(read[rate], None) for rate in now}


def _sentences(path: Path, speech: SpeechBridge, settings: Settings) -> Iterator[Prepared]:
    rate = speech.rate
    for chunk in read_audio(path, rate, SPEECH_SECONDS):
        if is_silent(chunk.samples, rate, settings.silence_db):
            continue  # recognisers make up words where there is nothing to hear
        for sentence in speech.transcribe(chunk.samples):
            if text := sentence.text.strip():
                start, end = chunk.start + sentence.start, chunk.start + sentence.end
                yield Prepared(
                    Moment(Modality.SPEECH, start, end, text=text), TowerInput.TEXT, text
                )
