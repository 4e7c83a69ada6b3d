"""Diarizers: who speaks when in a recording, for sentences that were transcribed already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engine.config import Settings
from engine.encoders.protocols import Sentence
from engine.errors import EncoderUnavailable, MediaTooLarge
from engine.generate.hf_models import HfModel, load_model
from engine.media.audio import read_audio
from engine.types.arrays import Waveform

_RATE = 16_000
_CHUNK = 60.0
_MOST_SECONDS = 4 * 3600.0
"""Seconds of a recording that is diarized: all of it is held in memory, 0.9 GB, since a speaker
keeps a number for as long as the model hears one recording."""


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """A stretch in which one person speaks; those of several may overlap."""

    start: float
    end: float
    speaker: int
    """From 1, by who speaks first."""


class Diarizer(Protocol):
    """A model that tells speakers apart."""

    name: str
    rate: int

    def check(self) -> None:
        """See that it can be had, without loading it.

        Raises:
            UsageError: it is not installed or not configured.
        """
        ...

    def turns(self, samples: Waveform) -> list[SpeakerTurn]:
        """Return who speaks when in a recording, by the start."""
        ...


class HfDiarizer(HfModel):
    """``hf:NAME``: Nemotron 3 Diarization by transformers, eight speakers at most.

    Making one loads nothing.
    """

    rate = _RATE

    def turns(self, samples: Waveform) -> list[SpeakerTurn]:
        """Return who speaks when; see ``Diarizer.turns``."""
        import torch

        processor, model = self._loaded
        inputs = processor(np.ascontiguousarray(samples), sampling_rate=_RATE)
        with self._lock, torch.inference_mode():
            logits = model(**inputs).logits
        (found,) = processor.extract_speaker_dict(logits, inputs["attention_mask"])
        return [SpeakerTurn(turn["Start"], turn["End"], turn["Speaker"] + 1) for turn in found]

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        auto = "AutoModelForAudioFrameClassification"
        processor, model = load_model(self.name, self._model, auto)
        if not hasattr(processor, "extract_speaker_dict"):
            raise EncoderUnavailable(
                f"{self.name} tells no speakers apart; one that does is"
                " hf:nvidia/Nemotron-3-Diarization"
            )
        return processor, model


def with_speakers(
    sentences: Sequence[Sentence], turns: Sequence[SpeakerTurn]
) -> tuple[Sentence, ...]:
    """Return sentences with the speaker who has most of each; none where nobody is heard in it."""
    return tuple(replace(sentence, speaker=_speaker(sentence, turns)) for sentence in sentences)


def _speaker(sentence: Sentence, turns: Sequence[SpeakerTurn]) -> int | None:
    shares: dict[int, float] = {}
    for turn in turns:
        shared = min(turn.end, sentence.end) - max(turn.start, sentence.start)
        if shared > 0:
            shares[turn.speaker] = shares.get(turn.speaker, 0.0) + shared
    return max(shares, key=lambda speaker: shares[speaker], default=None)


def whole_recording(path: Path, rate: int) -> Waveform:
    """Return all samples of a sound, with silence where its track has gaps.

    Raises:
        MediaError: it cannot be read, or has no sound.
        MediaTooLarge: it is too long to tell its speakers apart.
    """
    from engine.media.audio import probe_audio

    if probe_audio(path).duration > _MOST_SECONDS:
        hours = _MOST_SECONDS / 3600
        raise MediaTooLarge(f"speakers are told apart in recordings of {hours:g} hours at most")
    chunks = list(read_audio(path, rate, _CHUNK))
    whole = np.zeros(max(round(c.start * rate) + len(c.samples) for c in chunks), np.float32)
    for chunk in chunks:
        first = round(chunk.start * rate)
        whole[first : first + len(chunk.samples)] = chunk.samples
    return whole


def transformers(model: str, settings: Settings) -> Diarizer:
    """Make a diarizer of transformers."""
    return HfDiarizer(model, settings)
