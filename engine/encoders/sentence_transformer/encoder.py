"""A model of sentence-transformers through the ``Encoder`` protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import RLock
from typing import Any

import numpy as np
from PIL import Image

from engine.common.vectors import l2_normalize
from engine.config import Settings
from engine.encoders.one_space import OneSpace, fitted
from engine.encoders.protocols import Embedded, Heard, Pixels, Spectrogram
from engine.encoders.sentence_transformer.load import LoadedSentenceModel, fetch, load
from engine.encoders.sentence_transformer.names import parse
from engine.errors import UnsupportedMedia
from engine.types import Modality, Space
from engine.types.arrays import Vectors, Waveform

_FAULTS = (ValueError, IndexError, RuntimeError)
"""The errors that models raise of an input that they cannot take."""
_SEEN = frozenset({Modality.IMAGE, Modality.KEYFRAME})


@dataclass(frozen=True, slots=True)
class PreparedShot:
    """A shot of a video as it is embedded."""

    picture: Pixels
    samples: Waveform | None
    words: str

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it holds, as good as."""
        sound = 0 if self.samples is None else self.samples.nbytes
        return self.picture.nbytes + sound + 4 * len(self.words)


class SentenceTransformerEncoder(OneSpace):
    """Implements ``Encoder``, ``EmbedsQueries``, ``JointInput``, ``Fetched``, and ``MayHear``:
    sounds lie in the shared space where the model takes them. Making one loads nothing.

    What is found is embedded by the model's ``encode_document``, and what asks by its
    ``encode_query``, each with the prompt that the model keeps for it.

    Args:
        name: as ``engine.encoders.sentence_transformer.names`` has it.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._settings = settings
        self._lock = RLock()

    def check(self) -> None:
        """Load the model; raise ``EncoderUnavailable`` or ``ExtraMissing`` if it cannot be had."""
        _ = self._loaded

    def fetch(self) -> None:
        """Have all of its files on disk, and load nothing."""
        fetch(self.name)

    @property
    def _loaded(self) -> LoadedSentenceModel:
        with self._lock:  # threads that decode are often the first to ask, all at once
            return self._model

    @cached_property
    def _model(self) -> LoadedSentenceModel:
        return load(self.name, self._settings)

    @cached_property
    def shared(self) -> Space:
        """All that the model takes; named for it, so that two can stand side by side."""
        return Space(self.name, self.name, self._loaded.revision, self._loaded.dim)

    @property
    def hears(self) -> bool:
        """Tell whether sounds have vectors of their own; else they are put into words."""
        return "audio" in self._loaded.takes

    @property
    def modalities(self) -> frozenset[Modality]:
        """The modalities that enter: all, but pictures only where the model takes them."""
        return frozenset(Modality) - (frozenset() if "image" in self._loaded.takes else _SEEN)

    @property
    def image_size(self) -> int:
        return self._loaded.side

    @property
    def rate(self) -> int:
        """Samples per second of what ``prepare`` takes."""
        return self._loaded.rate

    # --- texts ---

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return self._texts(self._loaded.model.encode_document, texts)

    def embed_queries(self, space: str, texts: Sequence[str]) -> Vectors:  # noqa: ARG002
        """Embed n texts that ask, with the model's prompt for queries, (n, dim)."""
        return self._texts(self._loaded.model.encode_query, texts)

    # --- pictures ---

    def prepare_image(self, image: Image.Image) -> Pixels:
        """Return the picture, at twice the side of the model at most: it resizes by itself.

        Raises:
            UnsupportedMedia: the model takes no pictures.
        """
        if "image" not in self._loaded.takes:
            raise UnsupportedMedia(f"{self.name} embeds no pictures")
        return np.asarray(fitted(image, 2 * self.image_size), dtype=np.uint8)

    @property
    def joins(self) -> bool:
        """Tell whether the name asks for shots of one vector."""
        return parse(self.name).joint

    def prepare_shot(
        self, image: Image.Image, samples: Waveform | None, words: str
    ) -> PreparedShot:
        """Prepare a shot, of whose sound and words as much is taken as the model takes."""
        heard = samples if self.hears else None
        return PreparedShot(self.prepare_image(image), heard, words)

    def embed_images(self, pixels: Sequence[Pixels | PreparedShot]) -> Embedded:
        """Embed pictures, and shots: as one input where the model takes that.

        Where it does not, a shot is the mean direction of its parts. Inputs of different
        modalities are no batch, so those of one kind go together.
        """
        vectors = self._vectors([self._parts(item) for item in pixels])
        return Embedded({self.shared.name: vectors}, ((),) * len(pixels))

    def _vectors(self, inputs: list[dict[str, Any]]) -> Vectors:
        """Return one vector for each of n inputs, by the kinds of their parts, (n, dim)."""
        vectors = np.zeros((len(inputs), self.shared.dim), np.float32)
        for kind in {tuple(parts) for parts in inputs}:
            rows = [row for row, parts in enumerate(inputs) if tuple(parts) == kind]
            vectors[rows] = self._joined(kind, [inputs[row] for row in rows])
        return vectors

    def _parts(self, item: Pixels | PreparedShot) -> dict[str, Any]:
        """Return the parts of a picture or a shot by their modality, in a fixed order."""
        if not isinstance(item, PreparedShot):
            return {"image": Image.fromarray(item)}
        parts: dict[str, Any] = {}
        if item.samples is not None:
            parts["audio"] = self._heard(item.samples)
        parts["image"] = Image.fromarray(item.picture)
        if item.words:
            parts["text"] = item.words
        return parts

    def _joined(self, kind: tuple[str, ...], inputs: list[dict[str, Any]]) -> Vectors:
        """Return one vector for each of n inputs, which have parts of the same kinds."""
        if len(kind) == 1:
            return self._media([parts[kind[0]] for parts in inputs])
        if self._loaded.takes_together(*kind):
            return self._media(inputs)
        return l2_normalize(
            np.mean([self._media([parts[of] for parts in inputs]) for of in kind], axis=0)
        )

    # --- sounds ---

    def listen(self, windows: Sequence[Spectrogram | PreparedShot]) -> Heard:
        """Vectors of n windows in the shared space, (n, dim), and no words: (n, 0).

        A window of a video may come as a shot: with what is seen and said meanwhile.
        """
        features = self._vectors(
            [
                self._parts(window)
                if isinstance(window, PreparedShot)
                else {"audio": self._heard(window)}
                for window in windows
            ]
        )
        return Heard(features, self.words_of(features))

    def _heard(self, samples: Waveform) -> dict[str, Any]:
        return {"array": samples, "sampling_rate": self.rate}

    def _texts(self, encode: Callable[..., Any], texts: Sequence[str]) -> Vectors:
        return l2_normalize(self._rows(encode, list(texts)))

    def _media(self, inputs: list[Any]) -> Vectors:
        """Return the vectors of n pictures or sounds, (n, dim), L2-normalised.

        One that the model cannot take, as a picture of one pixel, costs its own vector and
        none of those beside it: its row is NaN, which is a fault of its file.
        """
        encode = self._loaded.model.encode_document
        try:
            rows = self._rows(encode, inputs)
        except _FAULTS:
            rows = np.concatenate([self._row_or_nan(item) for item in inputs])
            if len(inputs) > 1 and np.isnan(rows).all():
                raise
        return l2_normalize(rows)

    def _row_or_nan(self, item: Any) -> Vectors:
        try:
            return self._rows(self._loaded.model.encode_document, [item])
        except _FAULTS:
            return np.full((1, self.shared.dim), np.nan, np.float32)

    def _rows(self, encode: Callable[..., Any], inputs: list[Any]) -> Vectors:
        if not inputs:
            return np.zeros((0, self.shared.dim), np.float32)
        # Padding is a state of tokenizers, which no two threads may set at a time.
        with self._lock:
            rows = encode(
                inputs,
                batch_size=self._settings.batch_size,
                show_progress_bar=False,
                truncate_dim=self._loaded.dim,
            )
        return np.asarray(rows, np.float32)
