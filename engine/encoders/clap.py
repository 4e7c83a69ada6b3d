"""Any CLAP model of transformers as an encoder of text and sound: ``clap:NAME``.

NAME is a repository of a model hub (``laion/clap-htsat-unfused``) or a folder that
transformers wrote: ``config.json``, ``preprocessor_config.json``, a tokenizer and
``model.safetensors``. Weights are only ever loaded as tensors.

CLAP (Elizalde et al. 2023; Wu et al. 2023) has towers for texts and for sounds, and
none for pictures. So its space holds sound alone, and stands beside another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.optional_package import without_looking_for_garbage
from engine.common.silence import quiet_transformers
from engine.common.user_path import expanded
from engine.common.vectors import chunks, l2_normalize
from engine.config import Settings
from engine.encoders import hub
from engine.encoders.hub import first_sentence
from engine.encoders.one_space import OneSpace
from engine.encoders.protocols import Embedded, Heard, Pixels, Spectrogram
from engine.encoders.revisions import model_revision
from engine.errors import EncoderUnavailable, ExtraMissing, UnsupportedMedia
from engine.types import Modality, Space
from engine.types.arrays import Vectors, Waveform

PREFIX = "clap:"
_REVISION = 1
"""Revision of the code between a sound or a text and its vector."""
_PROBES = ("A dog's 2nd bark, at 10:45 am!", "Zürich; 東京")
"""Other tokenizers make other tokens of them."""
_SETTINGS = ("*.json", "*.txt")
_TENSORS, _PICKLES = "*.safetensors", "pytorch_model*.bin"


@dataclass(frozen=True, slots=True)
class LoadedClap:
    """A model with its tokenizer, its spectrograms and its revision."""

    model: Any
    tokenize: Any
    spectrogram: Any
    most_tokens: int
    revision: str


class ClapEncoder(OneSpace):
    """Implements ``Encoder`` for texts, and ``SoundBridge`` with a tower in the place of
    words: its features lie in the shared space. Making one loads nothing.

    A window of sound that is longer than what the model takes (10 s, as a rule) is cut
    into equal parts, and its vector is the mean of theirs. Models with fusion would draw
    such parts at random instead, and a vector must not depend on chance.
    """

    modalities = frozenset({Modality.SOUND})
    image_size = 1

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._batch_size = settings.batch_size
        self._lock = RLock()

    def check(self) -> None:
        """Load the model; raise ``EncoderUnavailable`` or ``ExtraMissing`` if it cannot be had."""
        _ = self._loaded

    @property
    def _loaded(self) -> LoadedClap:
        # Threads that decode are often the first to ask, all at once.
        with self._lock:
            return self._model

    @cached_property
    def _model(self) -> LoadedClap:
        return load(self.name)

    @property
    def shared(self) -> Space:
        """Texts and sounds; named for the model, so that two can stand side by side."""
        dim = int(self._loaded.model.config.projection_dim)
        return Space(self.name, self.name, self._loaded.revision, dim)

    @property
    def rate(self) -> int:
        """Samples per second: 48,000 for all models that are known."""
        return int(self._loaded.spectrogram.sampling_rate)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return self._rows(self._texts(part) for part in chunks(texts, self._batch_size))

    def _texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        # Padding is a state of the tokenizer, which no two threads may set at a time.
        with self._lock:
            tokens = self._loaded.tokenize(
                list(texts),
                padding=True,
                truncation=True,
                max_length=self._loaded.most_tokens,
                return_tensors="pt",
            )
        return _features(
            self._loaded.model.get_text_features,
            input_ids=tokens["input_ids"],
            attention_mask=tokens["attention_mask"],
        )

    def prepare_image(self, image: Image.Image) -> Pixels:  # noqa: ARG002
        """Raise ``UnsupportedMedia``: there is no picture tower."""
        raise UnsupportedMedia(f"{self.name} embeds texts and sounds, and no pictures")

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        """Nothing, of nothing: no picture can be prepared."""
        return Embedded({}, ((),) * len(pixels))

    def prepare(self, samples: Waveform) -> Spectrogram:
        """Log-mel spectrograms of one window's parts: (parts, frames, bands) float32."""
        most = int(self._loaded.spectrogram.nb_max_samples)
        parts = np.array_split(samples, max(1, math.ceil(len(samples) / most)))
        # A sound without a single sample cannot be repeated until it is long enough.
        whole = [part if len(part) else np.zeros(1, np.float32) for part in parts]
        made = self._loaded.spectrogram(whole, sampling_rate=self.rate, return_tensors="np")
        # With fusion there are four of each, which are alike where nothing is too long.
        return np.asarray(made["input_features"][:, 0], np.float32)

    def listen(self, windows: Sequence[Spectrogram]) -> Heard:
        """Vectors of n windows in the shared space, (n, dim), and no words: (n, 0)."""
        if not windows:
            return Heard(self._rows(()), self.words_of(self._rows(())))
        rows = self._rows(map(self._sounds, chunks(np.concatenate(windows), self._batch_size)))
        starts = np.cumsum([0] + [len(w) for w in windows[:-1]])
        features = l2_normalize(np.add.reduceat(rows, starts))
        return Heard(features, self.words_of(features))

    def _sounds(self, parts: Spectrogram) -> NDArray[np.float32]:
        import torch

        model, windows = self._loaded.model, torch.from_numpy(parts)[:, None]
        copies = 4 if model.config.audio_config.enable_fusion else 1
        return _features(
            model.get_audio_features,
            input_features=windows.expand(-1, copies, -1, -1),
            is_longer=torch.zeros((len(parts), 1), dtype=torch.bool),
        )

    def _rows(self, batches: Any) -> Vectors:
        return np.concatenate([np.zeros((0, self.shared.dim), np.float32), *batches])


def _features(tower: Any, **inputs: Any) -> NDArray[np.float32]:
    """Return the features of a tower's output, (n, dim), L2-normalised."""
    import torch

    with torch.inference_mode():
        rows: NDArray[np.float32] = tower(**inputs).pooler_output.float().numpy()
    return rows


def load(name: str) -> LoadedClap:
    """Load a model with everything that goes with it.

    Raises:
        ExtraMissing: transformers is not installed.
        EncoderUnavailable: there is no such model, or its weights are neither on disk
            nor to be fetched.
    """
    if not find_spec("transformers"):
        raise ExtraMissing(f"the encoder {name}", "clap")
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    with quiet_transformers(), _one_line(name):
        with without_looking_for_garbage():
            from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

        folder = _folder(name.removeprefix(PREFIX))
        if not (folder / "config.json").is_file():
            # transformers would draw all weights of its largest model, and then miss them.
            raise ValueError("there is no config.json")
        local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        tokenize = AutoTokenizer.from_pretrained(folder, **local)
        spectrogram = ClapFeatureExtractor.from_pretrained(folder, local_files_only=True)
        model, found = ClapModel.from_pretrained(
            folder, local_files_only=True, weights_only=True, output_loading_info=True
        )
        if missing := sorted(found["missing_keys"]):
            raise ValueError(f"the weights lack {missing[0]} and {len(missing) - 1} more tensors")
        most = _most_tokens(model, tokenize)
        return LoadedClap(
            model.eval(), tokenize, spectrogram, most, _revision(model, tokenize, spectrogram, most)
        )


def _folder(name: str) -> Path:
    """Return the folder of a model, fetched first where it is of a hub."""
    path = expanded(name)
    if path.is_dir():
        return path
    from huggingface_hub import snapshot_download

    def fetched(*patterns: str) -> Path:
        return Path(
            snapshot_download(name, allow_patterns=list(patterns), local_files_only=offline)
        )

    offline = hub.unreachable() is not None
    folder = fetched(*_SETTINGS, _TENSORS)
    return folder if any(folder.glob(_TENSORS)) else fetched(*_SETTINGS, _PICKLES)


def _most_tokens(model: Any, tokenize: Any) -> int:
    """Tokens of a text that the model reads. RoBERTa numbers them from behind the padding."""
    config = model.config.text_config
    places = config.max_position_embeddings - (config.pad_token_id or 0) - 1
    return int(min(places, tokenize.model_max_length))


def _revision(model: Any, tokenize: Any, spectrogram: Any, most_tokens: int) -> str:
    """Return a hash of every tensor of the model, and of all that decides what goes into them."""
    settings = {
        "code": _REVISION,
        "model": {k: v for k, v in model.config.to_dict().items() if not k.startswith("_")},
        "sounds": spectrogram.to_dict(),
        "tokens": [tokenize(list(_PROBES))["input_ids"], most_tokens],
    }
    return model_revision(model, settings)


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Whatever goes wrong while a model is fetched and loaded, as one line."""
    try:
        yield
    except Exception as error:
        raise EncoderUnavailable(
            f"encoder {name} cannot be loaded ({first_sentence(error)}); clap:NAME names a model of"
            " a hub that can be reached or has been fetched, or a folder with its config.json and"
            " model.safetensors"
        ) from error
