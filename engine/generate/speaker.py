"""The protocol of a voice, and the sound that it makes of a text."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from engine.common.atomic_write import check_place, written
from engine.errors import ChatFailed, UsageError
from engine.types.arrays import Waveform

if TYPE_CHECKING:
    from engine.generate.budget import Billed

_SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[。\uff01\uff1f])|\n+")
LONGEST_PIECE = 400
"""Letters that a model speaks at a time; a longer sentence is cut between words."""
_PAUSE_SECONDS = 0.25
"""Silence between two sentences, for voices that leave none."""
MOST_LETTERS = 100_000
"""Letters of a text; more than an hour of speech."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word with the seconds at which it begins."""

    start: float
    text: str


@dataclass(frozen=True, slots=True)
class Speech:
    """Sound that says something."""

    samples: Waveform
    """Shape (n,), float32 in [-1, 1]."""
    rate: int
    """Samples per second."""
    words: tuple[SpokenWord, ...] = ()
    """The words with their beginnings, where the voice knows them."""
    spent: Billed | None = None
    """The cost of a server's voice up to here; None for one that runs here."""

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / self.rate

    def to_wav(self) -> bytes:
        """Return a WAV file: mono, 16 bit."""
        scaled = np.clip(self.samples, -1.0, 1.0) * 32767
        stream = io.BytesIO()
        with wave.open(stream, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes(np.rint(scaled).astype("<i2").tobytes())
        return stream.getvalue()

    def save(self, path: Path) -> None:
        """Write it to a WAV file, which appears whole or not at all.

        Raises:
            UsageError: it cannot be written there.
        """
        check_place(path)
        with written(path) as draft:
            draft.write_bytes(self.to_wav())


class Speaker(Protocol):
    """A voice, or several."""

    name: str
    """The name that it is asked for by."""

    @property
    def voices(self) -> Sequence[str]:
        """The voices that it has, the default one first; empty where only a server knows."""
        ...

    def check(self) -> None:
        """See that it can be had, without loading it.

        Raises:
            ExtraMissing: a package that it needs is not installed.
            EncoderUnavailable: its weights are not on this machine.
        """
        ...

    def stream(
        self, text: str, *, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak a text, a piece at a time.

        Args:
            voice: one of ``voices``; None for the first.
            speed: 2 is twice as fast.

        Raises:
            UsageError: there is no such voice.
            ChatFailed: a server does not answer as it should.
        """
        ...


def speak(speaker: Speaker, text: str, *, voice: str | None = None, speed: float = 1.0) -> Speech:
    """Return a text as one piece of sound.

    Raises:
        UsageError: there is nothing to say, it is too long, or ``speed`` is not in [0.25, 4].
        ChatFailed: as ``Speaker.stream``.
    """
    if not text.strip():
        raise UsageError("there is nothing to say")
    if len(text) > MOST_LETTERS:
        raise UsageError(f"the text has {len(text):,} letters; {MOST_LETTERS:,} can be spoken")
    if not 0.25 <= speed <= 4:
        raise UsageError(f"a speed of {speed:g} is not between 0.25 and 4")
    return joined(list(speaker.stream(text, voice=voice, speed=speed)))


def joined(pieces: Sequence[Speech]) -> Speech:
    """Put pieces one after another; their words move along.

    Raises:
        ChatFailed: there is none, or two of them differ in their rate.
    """
    if not pieces or len({piece.rate for piece in pieces}) > 1:
        raise ChatFailed("the voice made no sound that can be joined")
    words: list[SpokenWord] = []
    seconds = 0.0
    for piece in pieces:
        words += (replace(word, start=word.start + seconds) for word in piece.words)
        seconds += piece.seconds
    samples = np.concatenate([piece.samples for piece in pieces])
    return Speech(samples, pieces[0].rate, tuple(words), pieces[-1].spent)


def sentences(text: str) -> list[str]:
    """Cut a text into pieces that a model speaks at a time."""
    cut = (part.strip() for part in _SENTENCE.split(text))
    return [piece for part in cut if part for piece in _within(part)]


def _within(sentence: str) -> Iterator[str]:
    while len(sentence) > LONGEST_PIECE:
        place = sentence.rfind(" ", 1, LONGEST_PIECE)
        place = place if place > 0 else LONGEST_PIECE
        yield sentence[:place].strip()
        sentence = sentence[place:].strip()
    if sentence:
        yield sentence


def with_pause(samples: Waveform, rate: int) -> Waveform:
    """Return samples with the silence that parts two sentences behind them."""
    silence = np.zeros(int(_PAUSE_SECONDS * rate), np.float32)
    return np.concatenate([samples.astype(np.float32), silence])


def of_wav(content: bytes) -> Speech:
    """Read a WAV file of 16 bit; several channels become their mean.

    Raises:
        ChatFailed: it is none.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            if file.getsampwidth() != 2 or file.getnchannels() < 1:
                raise ChatFailed("the voice's sound is not of 16 bit")
            # A stream's header may claim more frames than there are.
            raw = file.readframes(min(file.getnframes(), len(content)))
            rate, channels = file.getframerate(), file.getnchannels()
    except (wave.Error, EOFError) as error:
        raise ChatFailed("the voice answered with something that is no sound") from error
    samples = np.frombuffer(raw[: len(raw) // (2 * channels) * 2 * channels], "<i2")
    mean = samples.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return Speech(mean / np.float32(32768), rate)
