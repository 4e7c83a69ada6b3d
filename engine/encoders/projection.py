"""A head that takes the sound tower's features into the shared space.

``sensorium align`` learns one from pairs (``engine.align.aligner``), as Wav2CLIP does
(Wu et al. 2022), and the library keeps it. Using one needs numpy alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.vectors import l2_normalize
from engine.encoders.revisions import revision_of
from engine.errors import EncoderUnavailable
from engine.types.arrays import MomentIds, Vectors

_CODE = 1
"""Revision of the code between features and vectors."""
_LAYERS = ("weights_1", "bias_1", "weights_2", "bias_2")
_IDS, _WORDS = "kept_ids", "kept_vectors"
_MARK = "projection"
WAY_OUT = "restore it from a backup, or go back to the bridge's words: sensorium align --undo"


@dataclass(frozen=True, eq=False)
class Projection:
    """One or two affine layers, a ReLU between them, over square roots of features.

    Attributes:
        layers: (weights (inputs, outputs), bias (outputs,)) each, float32.
        share: of the projection in a sound's vector, in (0, 1]; the rest is what the
            bridge's words say.
        about: where it comes from: the pairs, the measurements, the revisions.
    """

    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    share: float = 1.0
    about: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def revision(self) -> str:
        """Names all that a vector depends on; where it comes from is not of that."""
        tensors = tuple(array.astype("<f4").tobytes() for layer in self.layers for array in layer)
        return revision_of(code=_CODE, share=self.share, layers=tensors)

    def project(self, features: Vectors) -> Vectors:
        """Features (n, inputs) in the shared space, (n, outputs), L2-normalised."""
        rows = roots_of(features)
        for weights, bias in self.layers[:-1]:
            rows = np.maximum(rows @ weights + bias, 0)
        weights, bias = self.layers[-1]
        return l2_normalize(rows @ weights + bias)

    def place(self, features: Vectors, words: Vectors) -> Vectors:
        """Return the vectors of n sounds in the shared space, (n, outputs), L2-normalised.

        Args:
            features: (n, inputs); a row of zeros is of digital silence, which nothing can
                be told of but what the words say.
            words: what the bridge's words say, (n, outputs), L2-normalised.
        """
        share = np.float32(self.share) * features.any(axis=1, keepdims=True)
        return l2_normalize(share * self.project(features) + (1 - share) * words)

    def with_share(self, share: float) -> Projection:
        return replace(self, share=share)


@dataclass(frozen=True, slots=True)
class Kept:
    """The vectors of a library before it was aligned, so that this can be undone exactly."""

    ids: MomentIds
    """Moments, (n,) int64, ascending."""
    vectors: NDArray[Any]
    """Vectors of the sound bridge's words, (n, dim), as the log kept them."""

    @classmethod
    def nothing(cls, dim: int) -> Kept:
        return cls(np.zeros(0, np.int64), np.zeros((0, dim), np.float32))


def roots_of(features: Vectors) -> NDArray[np.float32]:
    """Square roots, signs kept: they tame the few channels that dominate."""
    return np.asarray(np.sign(features) * np.sqrt(np.abs(features)), np.float32)


def save(projection: Projection, kept: Kept, path: Path) -> None:
    """Write as safetensors, lasting on disk when it returns."""
    from safetensors.numpy import save as as_bytes

    flat = [array for layer in projection.layers for array in layer]
    tensors: dict[str, NDArray[Any]] = dict(zip(_LAYERS, flat, strict=False))
    tensors |= {_IDS: kept.ids, _WORDS: kept.vectors}
    about = {**projection.about, "share": projection.share, "code": _CODE}
    content = as_bytes(tensors, metadata={_MARK: json.dumps(about)})
    draft = path.with_name(f"{path.name}.tmp")
    with draft.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def load(path: Path) -> Projection:
    """Read what ``save`` wrote, less what was kept.

    Raises:
        EncoderUnavailable: there is no such file, or it is no projection.
    """
    with _opened(path) as file:
        about = json.loads((file.metadata() or {})[_MARK])
        if about["code"] != _CODE:
            raise EncoderUnavailable(f"{path} is of another version of Sensorium")
        names = set(file.keys())
        flat = [file.get_tensor(name).astype(np.float32) for name in _LAYERS if name in names]
    return Projection(tuple(zip(flat[::2], flat[1::2], strict=True)), about["share"], about)


def load_kept(path: Path) -> Kept:
    """Read what was kept beside a projection.

    Raises:
        EncoderUnavailable: there is no such file, or it is no projection.
    """
    with _opened(path) as file:
        return Kept(file.get_tensor(_IDS), file.get_tensor(_WORDS))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise EncoderUnavailable(
            f"{path} cannot be read, which says where the sounds of this library lie; {WAY_OUT}"
        ) from error
