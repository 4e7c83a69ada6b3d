"""A soundtrack into moments: windows that are heard, and sentences that are said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.config import Settings
from engine.encoders.base import SpeechBridge
from engine.encoders.towers import Towers
from engine.media.audio import is_silent, probe_audio, read_audio, read_windows
from engine.types import Modality, Moment
from indexers.pieces import Facts, Piece, Prepared, Tower
from indexers.tracks import either

SPEECH_SECONDS = 300.0
"""Sound that the speech bridge is given at a time, so that a day-long file fits."""


def decode_audio(path: Path, towers: Towers, settings: Settings) -> Iterator[Piece]:
    """The file's facts, its windows, and its sentences where speech is transcribed."""
    info = probe_audio(path)
    yield Facts(duration=info.duration, place=info.place, caption=info.caption)
    yield from either(soundtrack(path, towers, settings))


def soundtrack(path: Path, towers: Towers, settings: Settings) -> dict[str, Iterator[Piece]]:
    """What there is to hear, by the name that a fault is reported under."""
    tracks: dict[str, Iterator[Piece]] = {"sound": _windows(path, towers, settings)}
    if towers.speech is not None:
        tracks["speech"] = _sentences(path, towers.speech, settings)
    return tracks


def _windows(path: Path, towers: Towers, settings: Settings) -> Iterator[Prepared]:
    rate = towers.sound.rate
    for chunk in read_windows(path, settings, rate):
        end = chunk.start + len(chunk.samples) / rate
        moment = Moment(Modality.SOUND, chunk.start, end)
        yield Prepared(moment, Tower.SOUND, towers.sound.prepare(chunk.samples))


def _sentences(path: Path, speech: SpeechBridge, settings: Settings) -> Iterator[Prepared]:
    rate = speech.rate
    for chunk in read_audio(path, rate, SPEECH_SECONDS):
        if is_silent(chunk.samples, rate, settings.silence_db):
            continue  # recognisers make up words where there is nothing to hear
        for said in speech.transcribe(chunk.samples):
            if text := said.text.strip():
                start, end = chunk.start + said.start, chunk.start + said.end
                yield Prepared(Moment(Modality.SPEECH, start, end, text=text), Tower.TEXT, text)
