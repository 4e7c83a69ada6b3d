"""SpeechT5 with its HiFi-GAN, by transformers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import EncoderUnavailable, UsageError
from engine.generate.hf_models import HfModel, loading, model_source
from engine.generate.speaker import Speech, sentences, with_pause

_VOCODER = "microsoft/speecht5_hifigan"
_FOLDER = "vocoder"


class SpeechT5Speaker(HfModel):
    """``hf:NAME``, a checkpoint of SpeechT5 (Ao et al. 2022). Making one loads nothing.

    Args:
        model: a folder, or the hub's name of a model that is on disk. The vocoder is in the
            folder ``vocoder`` of it, or else the one that SpeechT5 was published with.
    """

    voices: Sequence[str] = ()
    """A voice is a file of an x-vector, ``.npy``, 512 numbers; without one all are zero."""

    def stream(
        self, text: str, *, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak a text, a sentence at a time; see ``Speaker.stream``. It has one speed."""
        import torch

        if speed != 1.0:
            raise UsageError("SpeechT5 speaks at one speed")
        tokenizer, model, vocoder = self._loaded
        who = torch.from_numpy(_x_vector(voice, int(model.config.speaker_embedding_dim)))
        for sentence in sentences(text):
            ids = tokenizer(sentence, return_tensors="pt")["input_ids"]
            with self._lock, torch.inference_mode():
                samples = model.generate_speech(ids, who, vocoder=vocoder)
            rate = int(vocoder.config.sampling_rate)
            yield Speech(with_pause(samples.float().numpy().ravel(), rate), rate)

    @cached_property
    def _loaded(self) -> tuple[Any, Any, Any]:
        source = model_source(self._model)
        inside = Path(source) / _FOLDER
        vocoder = str(inside) if inside.is_dir() else model_source(_VOCODER)
        with loading(self.name):
            from transformers import AutoTokenizer, SpeechT5ForTextToSpeech, SpeechT5HifiGan

            here = {"local_files_only": True}
            tokenizer = AutoTokenizer.from_pretrained(source, **here)
            model = SpeechT5ForTextToSpeech.from_pretrained(source, use_safetensors=True, **here)
            voice = SpeechT5HifiGan.from_pretrained(vocoder, use_safetensors=True, **here)
        return tokenizer, model.eval(), voice.eval()


def _x_vector(voice: str | None, dim: int) -> Any:
    if voice is None:
        return np.zeros((1, dim), np.float32)
    try:
        vector = np.load(voice, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"{voice} is no file of an x-vector, .npy") from error
    if vector.size != dim or vector.dtype.kind != "f":
        raise EncoderUnavailable(f"{voice} does not hold {dim} numbers")
    return vector.reshape(1, dim).astype(np.float32)
