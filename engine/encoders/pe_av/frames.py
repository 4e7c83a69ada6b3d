"""Tell when a sound is heard, by PE-A-Frame of transformers, which embeds a frame at a time.

Frames of 40 ms make moments finer than windows: within a window that answers a text, they say
from when to when.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from engine.config import Settings
from engine.encoders.pe_av.encoder import embed_words
from engine.encoders.pe_av.load import LoadedPeAv, load_frames
from engine.encoders.pe_av.names import PREFIX, parse
from engine.types.arrays import Waveform

_LIKELY = 0.0
"""Log odds from which on a frame holds what is sought."""
_GAP = 0.2
"""Seconds without it that do not end a span."""


@dataclass(frozen=True, slots=True)
class HeardSpan:
    """A span in which something is heard, in seconds from the start of the sound."""

    start: float
    end: float
    log_odds: float
    """Log odds of its most certain frame, as the model says them."""


class SoundFrames:
    """Tells when in a sound something is heard. Making one loads nothing.

    Args:
        name: ``pe-av:NAME``, a model of frames (``pe-av:facebook/pe-a-frame-small``) or its
            folder.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name if name.startswith(PREFIX) else f"{PREFIX}{name}"
        self._settings = settings
        self._lock = RLock()

    @property
    def _loaded(self) -> LoadedPeAv:
        with self._lock:
            return self._model

    @cached_property
    def _model(self) -> LoadedPeAv:
        return load_frames(parse(self.name).model, self.name, self._settings)

    @property
    def rate(self) -> int:
        """Samples per second of the sounds that it takes."""
        return int(self._loaded.sounds.sampling_rate)

    @property
    def frame_seconds(self) -> float:
        """Seconds of one frame."""
        return float(self._loaded.sounds.hop_length) / self.rate

    def log_odds(self, text: str, samples: Waveform) -> NDArray[np.float64]:
        """Return the log odds, (frames,), that what a text names is heard in each frame.

        Args:
            samples: at ``rate``.

        Raises:
            ExtraMissing: transformers is not installed.
            EncoderUnavailable: the model cannot be had.
        """
        import torch

        loaded, model = self._loaded, self._loaded.model
        words = embed_words(loaded, model.text_model, model.text_audio_head, [text], self._lock)
        inputs = loaded.sounds([samples], sampling_rate=self.rate, return_tensors="pt")
        with torch.inference_mode():
            placed = {key: value.to(loaded.device) for key, value in inputs.items()}
            frames = model.get_audio_embeds(**placed)[0].float().cpu().numpy()
            scale = float(model.text_audio_logit_scale)
            bias = float(model.text_audio_logit_bias)
        found: NDArray[np.float64] = (frames @ words[0]).astype(np.float64) * scale + bias
        return found

    def when(self, text: str, samples: Waveform) -> list[HeardSpan]:
        """Return the spans in which what a text names is heard, in their order.

        Errors are those of ``log_odds``.
        """
        odds = self.log_odds(text, samples)
        length = len(samples) / self.rate
        return [
            HeardSpan(span.start, min(span.end, length), span.log_odds)
            for span in spans_of(odds, self.frame_seconds)
        ]


def spans_of(odds: NDArray[np.float64], seconds: float) -> list[HeardSpan]:
    """Return the spans of frames that are likely, those a short gap apart as one.

    Args:
        odds: log odds of frames, (n,).
        seconds: the length of a frame.
    """
    spans: list[HeardSpan] = []
    for frame in np.flatnonzero(odds > _LIKELY).tolist():
        start, end, value = frame * seconds, (frame + 1) * seconds, float(odds[frame])
        if spans and start - spans[-1].end <= _GAP:
            last = spans.pop()
            spans.append(HeardSpan(last.start, end, max(last.log_odds, value)))
        else:
            spans.append(HeardSpan(start, end, value))
    return spans
