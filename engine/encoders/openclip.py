"""Any open_clip model as an encoder: ``open_clip:MODEL/PRETRAINED`` or a folder.

A folder is one that open_clip itself writes: ``open_clip_config.json`` beside
``open_clip_model.safetensors``. Weights are only ever loaded as tensors.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from engine.config import Settings
from engine.encoders.base import Embedded, Pixels
from engine.errors import EncoderUnavailable
from engine.types import Space, Vectors

PREFIX = "open_clip:"
_REVISION = 1
"""Of everything here between a picture or a text and its vector."""
_PROBES = ("A dog's 2nd walk, at 10:45 am!", "Zürich; 東京")
"""Other tokenizers make other tokens of them."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model with its tokenizer, its transforms and its revision."""

    model: Any
    tokenize: Any
    resize: Any
    """The transforms that take a picture to the pixels of the tower."""
    mean: Any
    std: Any
    revision: str


class OpenClipEncoder:
    """Implements ``Encoder`` in PyTorch. Making one loads nothing."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._settings = settings

    def check(self) -> None:
        """Load the model; raise ``EncoderUnavailable`` if it cannot be had."""
        _ = self._loaded

    @cached_property
    def _loaded(self) -> Loaded:
        return load(self.name)

    @cached_property
    def shared(self) -> Space:
        """Text and pictures; named for the model, so that two can stand side by side."""
        dim = self.embed_texts(["a"]).shape[1]
        return Space(self.name, self.name, self._loaded.revision, dim)

    @property
    def looks(self) -> Space:
        """The same space: CLIP's pictures resemble each other where words find them."""
        return self.shared

    @property
    def image_size(self) -> int:
        size = self._loaded.model.visual.image_size
        return max(size) if isinstance(size, tuple | list) else int(size)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        batches = [
            self._run(lambda tokens: self._loaded.model.encode_text(tokens, normalize=True), part)
            for part in _batches(texts, self._settings.batch_size)
        ]
        return np.concatenate(batches) if batches else np.zeros((0, self.shared.dim), np.float32)

    def _run(self, encode: Any, texts: Sequence[str]) -> Vectors:
        import torch

        with torch.inference_mode():
            vectors: Vectors = encode(self._loaded.tokenize(list(texts))).float().numpy()
        return vectors

    def prepare_image(self, image: Image.Image) -> Pixels:
        return np.asarray(self._loaded.resize(image), dtype=np.uint8)

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        import torch

        loaded = self._loaded
        with torch.inference_mode():
            batch = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255.0
            batch = (batch - loaded.mean) / loaded.std
            vectors = loaded.model.encode_image(batch, normalize=True).float().numpy()
        return Embedded({self.shared.name: vectors}, ((),) * len(pixels))


def load(name: str) -> Loaded:
    """Load a model with everything that goes with it.

    Raises:
        EncoderUnavailable: open_clip has no such model, or the weights are
            neither on disk nor to be fetched.
    """
    from engine.torchvision_ops import declare_missing_operators

    model_name, pretrained = _parse(name)
    if pretrained is not None:
        _stay_offline_without_a_network()
    declare_missing_operators()
    import open_clip
    import torch

    with _quiet(), _one_line(name):
        model, _, transform = open_clip.create_model_and_transforms(
            model_name, pretrained=pretrained, weights_only=True, require_pretrained=True
        )
        tokenize = open_clip.get_tokenizer(model_name)
        *resize, _tensor, normalize = transform.transforms
        settings = {
            "code": _REVISION,
            "model": open_clip.get_model_config(model_name),
            "pictures": open_clip.get_model_preprocess_cfg(model),
            "tokens": tokenize(list(_PROBES)).tolist(),
        }
        return Loaded(
            model.eval(),
            tokenize,
            _chain(resize),
            torch.tensor(normalize.mean).view(1, 3, 1, 1),
            torch.tensor(normalize.std).view(1, 3, 1, 1),
            _revision(model, settings),
        )


def _parse(name: str) -> tuple[str, str | None]:
    """open_clip's own names for what the user typed."""
    if not name.startswith(PREFIX):
        return f"local-dir:{Path(name).expanduser().resolve()}", None
    model, slash, pretrained = name.removeprefix(PREFIX).partition("/")
    if not (model and slash and pretrained):
        raise EncoderUnavailable(f"{name!r} does not name weights: open_clip:MODEL/PRETRAINED")
    return model, pretrained


def _stay_offline_without_a_network() -> None:
    """Have the hub's client look on disk only, where the hub's name means nothing.

    It would try again for most of a minute. The variable is read once, when the
    client is imported, so this comes before anything imports it.
    """
    hub = urlsplit(os.environ.get("HF_ENDPOINT", "https://huggingface.co")).hostname
    try:
        socket.getaddrinfo(hub, 443)
    except OSError:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Whatever goes wrong while a model is fetched and loaded, as one line."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split()).partition(". ")[0] or type(error).__name__
        raise EncoderUnavailable(
            f"encoder {name} cannot be loaded ({reason}); weights come from a model hub or a"
            " folder with open_clip_config.json, and `--encoder compact` needs neither"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """open_clip and the hub's client report every step; what matters of it is raised."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _revision(model: Any, settings: Mapping[str, Any]) -> str:
    """A hash of every tensor of the model and of its settings: how the tensors are put
    together, how pictures are resized and normalised, and what texts are cut into."""
    import hashlib

    digest = hashlib.blake2b(digest_size=8)
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _chain(transforms: Sequence[Any]) -> Any:
    def apply(image: Image.Image) -> Image.Image:
        for transform in transforms:
            image = transform(image)
        return image

    return apply


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[first : first + size] for first in range(0, len(items), size))
