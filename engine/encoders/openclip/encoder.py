"""An open_clip model through the ``Encoder`` protocol."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import RLock

import numpy as np
from PIL import Image

from engine.config import Settings
from engine.encoders.openclip.load import LoadedModel, fetch, load
from engine.encoders.protocols import Embedded, Pixels
from engine.encoders.runtime import choose
from engine.encoders.runtime.backend import Backend, Pending, Then
from engine.types import Space
from engine.types.arrays import Vectors


class OpenClipEncoder:
    """Implements ``Encoder``, ``Pipelined``, ``Logits`` and ``Fetched``. Making one loads
    nothing.

    Args:
        name: as ``engine.encoders.openclip.names`` has it.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._settings = settings
        self._lock = RLock()
        self._model: LoadedModel | None = None

    def check(self) -> None:
        """Load the model.

        Raises: EncoderUnavailable: it cannot be had, or no such backend can run it.
        """
        _ = self.backend

    def fetch(self) -> None:
        """Have all of its files on disk, and load nothing."""
        fetch(self.name)

    @property
    def loaded(self) -> LoadedModel:
        """The model. Threads that prepare pictures may be the first to ask, all at once."""
        with self._lock:
            if self._model is None:
                self._model = load(self.name)
            return self._model

    @cached_property
    def backend(self) -> Backend:
        """Everything that is computed by the model goes through this."""
        return choose.backend(self.loaded, self._settings)

    @cached_property
    def shared(self) -> Space:
        """Text and pictures; named for the model, so that two can stand side by side."""
        return Space(self.name, self.name, self.loaded.revision, self.loaded.dim)

    @property
    def looks(self) -> Space:
        """The same space: CLIP's pictures resemble each other where words find them."""
        return self.shared

    @property
    def logit_scale(self) -> float:
        return self.loaded.logit_scale

    @property
    def logit_bias(self) -> float | None:
        return self.loaded.logit_bias

    @property
    def image_size(self) -> int:
        size = self.loaded.model.visual.image_size
        return max(size) if isinstance(size, tuple | list) else int(size)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.shared.dim), np.float32)
        return self.backend.encode_text(self.loaded.tokenize(list(texts)).numpy())

    def prepare_image(self, image: Image.Image) -> Pixels:
        return np.asarray(self.loaded.resize(image), dtype=np.uint8)

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        return self._embedded(self.backend.encode_image(np.stack(pixels)))

    def picture_batch(self) -> int:
        return self.backend.picture_batch()

    def submit_images(self, pixels: Sequence[Pixels]) -> Pending[Embedded]:
        return Then(self.backend.submit(pixels), self._embedded)

    def _embedded(self, vectors: Vectors) -> Embedded:
        return Embedded({self.shared.name: vectors}, ((),) * len(vectors))
