"""Aligners: the times of words that a transcript has already, by a model that hears them.

Qwen3-ForcedAligner (Qwen team 2026) times the words of any transcriber, in eleven languages, in
steps of 80 ms.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

import numpy as np

from engine.config import Settings
from engine.encoders.protocols import Sentence, Word
from engine.errors import EncoderUnavailable
from engine.generate.hf_models import HfModel, load_model
from engine.types.arrays import Waveform

_RATE = 16_000
_BESIDE = 0.5
"""Seconds that are heard before and after a sentence: transcribers cut close, and err."""
_LANGUAGES = frozenset({"de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "yue", "zh"})
"""The languages that Qwen3-ForcedAligner was trained on."""


class WordAligner(Protocol):
    """A model that times the words of sentences."""

    name: str
    rate: int

    def check(self) -> None:
        """See that it can be had, without loading it.

        Raises:
            UsageError: it is not installed or not configured.
        """
        ...

    def align(self, samples: Waveform, sentence: Sentence) -> Sentence:
        """Return a sentence of a recording with its words, timed; as it is where that cannot be.

        Args:
            samples: of the recording, at ``rate``; times of the sentence are from its start.
        """
        ...


class HfAligner(HfModel):
    """``hf:NAME``: Qwen3-ForcedAligner by transformers. Making one loads nothing."""

    rate = _RATE

    def align(self, samples: Waveform, sentence: Sentence) -> Sentence:
        """Time the words of a sentence; see ``WordAligner.align``.

        A language that the model was not trained on is left as it is.
        """
        if sentence.language not in (None, *_LANGUAGES):
            return sentence
        first = max(0, round((sentence.start - _BESIDE) * _RATE))
        part = np.ascontiguousarray(samples[first : round((sentence.end + _BESIDE) * _RATE)])
        timed = self._timed(part, sentence.text) if len(part) else []
        offset, length = first / _RATE, len(samples) / _RATE
        words = tuple(
            Word(min(offset + word["start_time"], length), min(offset + word["end_time"], length),
                 word["text"])
            for word in timed
        )  # fmt: skip
        return Sentence(sentence.start, sentence.end, sentence.text, words, sentence.language)

    def _timed(self, part: Waveform, text: str) -> list[dict[str, Any]]:
        """Return the words of a text with times from the start of a sound."""
        import torch

        processor, model = self._loaded
        # With a language, it would ask for packages that split Japanese and Korean.
        inputs, words = processor.prepare_forced_aligner_inputs(audio=part, transcript=text)
        if not words[0]:
            return []
        with self._lock, torch.inference_mode():
            logits = model(**inputs).logits
        (timed,) = processor.decode_forced_alignment(
            logits, inputs["input_ids"], words, model.config.timestamp_token_id
        )
        found: list[dict[str, Any]] = timed
        return found

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        processor, model = load_model(self.name, self._model, "AutoModelForTokenClassification")
        if not hasattr(processor, "decode_forced_alignment"):
            raise EncoderUnavailable(
                f"{self.name} times no words; an aligner is hf:Qwen/Qwen3-ForcedAligner-0.6B-hf"
            )
        return processor, model


def transformers(model: str, settings: Settings) -> WordAligner:
    """Make an aligner of transformers."""
    return HfAligner(model, settings)
