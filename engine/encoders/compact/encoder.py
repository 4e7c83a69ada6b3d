"""The compact encoder: MiniLM's sentence space, with pictures put into words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from PIL import Image

from engine.config import Settings
from engine.encoders.compact.pictures import CLASSES, LOOKS_DIM, CompactPictures, Seen
from engine.encoders.compact.text import DIM, MiniLM
from engine.encoders.protocols import Embedded, Pixels
from engine.encoders.revisions import revision_of
from engine.encoders.runtime.backend import Pending, Then
from engine.types import Space
from engine.types.arrays import Vectors

NAME = "compact"


class CompactEncoder:
    """Implements ``Encoder`` and ``Pipelined``. Making one loads nothing."""

    name = NAME
    image_size = CompactPictures.resized_side

    def __init__(self, settings: Settings) -> None:
        self._text = MiniLM(settings)
        self._pictures = CompactPictures(settings)
        self._batch = settings.batch_size

    @cached_property
    def shared(self) -> Space:
        """384-d; its revision names all that the vector of a text or a picture depends on."""
        revision = revision_of(texts=self._text.revision, pictures=self._pictures.revision)
        return Space(NAME, NAME, revision, DIM)

    @cached_property
    def looks(self) -> Space:
        """1280-d pooled features of the picture tower."""
        return Space("looks", NAME, self._pictures.looks_revision, LOOKS_DIM)

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless every tower can be had."""
        self._text.check()
        self._pictures.check()

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return self._text.embed(texts)

    def knows_word(self, word: str) -> bool:
        """Tell whether the text tower knows a word as a whole."""
        return self._text.knows_word(word)

    def prepare_image(self, image: Image.Image) -> Pixels:
        return self._pictures.prepare(image)

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        return self.submit_images(pixels).result()

    def picture_batch(self) -> int:
        return self._batch

    def submit_images(self, pixels: Sequence[Pixels]) -> Pending[Embedded]:
        return Then(self._pictures.submit(pixels), self._embedded)

    def _embedded(self, seen: Seen) -> Embedded:
        vectors = {
            self.shared.name: self._pictures.words(seen.probabilities),
            self.looks.name: seen.features,
        }
        return Embedded(vectors, self._pictures.tags(seen.probabilities))

    def typical_images(self) -> Vectors:
        """Return a vector for each class, as a picture of that class alone has, (1000, 384)."""
        return self._pictures.words(np.eye(CLASSES, dtype=np.float32))
