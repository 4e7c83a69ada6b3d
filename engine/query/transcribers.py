"""The protocol of a transcriber, which is a speech bridge with a name; and adapters to it.

``whisper`` is the bridge that libraries hear by (``engine.encoders.speech``). The others here are
for a file at a time: a checkpoint of transformers, or a server.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from engine.common.silence import quiet_transformers
from engine.config import Settings
from engine.encoders.protocols import Sentence, SpeechBridge, Word
from engine.errors import ChatFailed
from engine.generate import http_post
from engine.generate.budget import Billed, ModelBudget, RequestBudget
from engine.generate.hf_models import HfModel, load_model
from engine.generate.http_post import Request
from engine.generate.openai import server_of
from engine.generate.speaker import Speech
from engine.types.arrays import Waveform

_RATE = 16_000
_SPAN_SECONDS = 28.0
"""Seconds that a model is given at a time, where it takes no longer ones."""
_MOST_TOKENS = 400


class Transcriber(SpeechBridge, Protocol):
    """Speech into sentences, by a model that has a name."""

    name: str

    def check(self) -> None:
        """See that it can be had, without loading it.

        Raises:
            UsageError: it is not installed or not configured.
        """
        ...


class HfTranscriber(HfModel):
    """``hf:NAME``: Whisper, SpeechT5, Qwen3-ASR and their like, by transformers' auto classes.

    Making one loads nothing. Its sentences are as long as the spans that it is given, and their
    words have no times of their own.
    """

    rate = _RATE

    def transcribe(self, samples: Waveform) -> Sequence[Sentence]:
        """Return what is said in a recording, a sentence for each span of it."""
        import torch

        processor, model = self._loaded
        size = int(_SPAN_SECONDS * _RATE)
        found = []
        for first in range(0, len(samples), size):
            part = np.ascontiguousarray(samples[first : first + size])
            # Which may tell of two limits of length, of which the right one counts.
            with self._lock, torch.inference_mode(), quiet_transformers():
                text = _written(processor, model, part)
            if text:
                found.append(Sentence(first / _RATE, (first + len(part)) / _RATE, text))
        return found

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        return load_model(self.name, self._model, "AutoModelForSpeechSeq2Seq")


def _written(processor: Any, model: Any, samples: Waveform) -> str:
    """Return what a model writes for a sound: one that is asked for it (Qwen3-ASR), or not."""
    if not hasattr(processor, "apply_transcription_request"):
        inputs = processor(audio=samples, sampling_rate=_RATE, return_tensors="pt")
        ids = model.generate(**inputs, max_new_tokens=_MOST_TOKENS)
        return str(processor.batch_decode(ids, skip_special_tokens=True)[0]).strip()
    inputs = processor.apply_transcription_request(audio=samples)
    ids = model.generate(**inputs, max_new_tokens=_MOST_TOKENS, do_sample=False)
    answer = ids[0, inputs["input_ids"].shape[1] :]
    return str(processor.decode(answer, return_format="transcription_only")).strip()


class ServedTranscriber:
    """``openai:MODEL``: a server of ``/v1/audio/transcriptions``; the sound is sent there.

    One that was made is of one task: its requests have one budget together.
    """

    rate = _RATE

    def __init__(
        self, model: str, settings: Settings, environ: Mapping[str, str] | None = None
    ) -> None:
        self.name = f"openai:{model}"
        self._model, self._settings = model, settings
        self._url, self._key = server_of(environ)
        self._budget = RequestBudget(ModelBudget.of(settings), settings.hear_price, "minutes")

    @property
    def spent(self) -> Billed:
        """The cost so far, of all that was transcribed."""
        return self._budget.spent

    def check(self) -> None:
        """See that it can be asked, without asking.

        Raises:
            ExtraMissing: httpx is not installed.
        """
        http_post.check()

    def transcribe(self, samples: Waveform) -> Sequence[Sentence]:
        """Return the sentences of a recording, with the server's times.

        Raises:
            ChatFailed: no answer came in time, or none that is a transcript.
        """
        return self._asked(samples, "segment")

    def transcribe_words(self, samples: Waveform) -> Sequence[Sentence]:
        """Return sentences with their words, where the server times them."""
        return self._asked(samples, "segment", "word")

    def _asked(self, samples: Waveform, *times: str) -> list[Sentence]:
        fields = [("model", self._model), ("response_format", "verbose_json")]
        fields += [("timestamp_granularities[]", each) for each in times]
        body, content = _form(fields, Speech(samples, _RATE).to_wav())
        request = Request(f"{self._url}/audio/transcriptions", body, self._key, content=content)
        with self._budget.request(len(samples) / _RATE / 60) as seconds:
            answer = http_post.post(request, seconds=seconds)
        return _sentences(answer, len(samples) / _RATE)


def _form(fields: Sequence[tuple[str, str]], sound: bytes) -> tuple[bytes, str]:
    """Return the body of a form with a file (RFC 7578), and its content type."""
    mark = secrets.token_hex(16)
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="sound.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n"
    ).encode()
    return b"".join([*parts, head, sound, f"\r\n--{mark}--\r\n".encode()]), (
        f"multipart/form-data; boundary={mark}"
    )


def _sentences(body: bytes, seconds: float) -> list[Sentence]:
    """Read an answer in ``verbose_json``; times are held within the recording.

    Raises:
        ChatFailed: it is none.
    """
    try:
        answer = json.loads(body)
        words = [
            Word(_within(w["start"], seconds), _within(w["end"], seconds), str(w["word"]).strip())
            for w in answer.get("words") or ()
        ]
        found = [
            (_within(s["start"], seconds), _within(s["end"], seconds), str(s["text"]).strip())
            for s in answer.get("segments") or ()
        ]
        text = str(answer["text"]).strip()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ChatFailed("the server answered with something that is no transcript") from None
    if not found and text:
        found = [(0.0, seconds, text)]
    return [
        Sentence(start, end, spoken, tuple(w for w in words if start <= w.start < end))
        for start, end, spoken in found
        if spoken
    ]


def _within(time: object, seconds: float) -> float:
    return min(max(0.0, float(time)), seconds)  # type: ignore[arg-type]


def transformers(model: str, settings: Settings) -> Transcriber:
    """Make a transcriber of transformers."""
    return HfTranscriber(model, settings)


def served(model: str, settings: Settings) -> Transcriber:
    """Make a server's transcriber."""
    return ServedTranscriber(model, settings)


def whisper(_: str, settings: Settings) -> Transcriber:
    """Make the speech bridge by its name."""
    from engine.encoders.speech import WhisperSpeech, require
    from engine.encoders.weight_files import WHISPER

    class Named(WhisperSpeech):
        name = "whisper"

        def check(self) -> None:
            require()
            for weight in WHISPER:
                weight.locate()

    return Named(settings)
