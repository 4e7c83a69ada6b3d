"""A head that takes pictures and texts of an encoder into a space of captions.

``sensorium align --captions`` learns one from captioned pictures (``engine.align.captions``),
and the library keeps it. It works on vectors that pictures have anyway, so it fits every encoder.
Using one needs numpy alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.atomic_write import whole
from engine.common.vectors import l2_normalize
from engine.encoders.projection import roots_of
from engine.encoders.revisions import revision_of
from engine.errors import EncoderUnavailable
from engine.types import Space
from engine.types.arrays import Vectors

SUFFIX = "-captions"
"""Ends the name of the space, after that of the encoder's shared space."""
_CODE = 1
"""Revision of the code between an encoder's vectors and those of the space."""
_MARK = "captions"
_TENSORS = (
    "text_mean", "text_map", "picture_mean", "input_mean", "input_scale", "weights",
)  # fmt: skip
_WAY_OUT = "restore it from a backup, or forget it: sensorium align --undo"


@dataclass(frozen=True, eq=False)
class CaptionHead:
    """A map of texts, and of pictures, into one space.

    Attributes:
        asked: the space of the encoder whose texts and pictures it begins with.
        inputs: the space of the vectors that say what else a picture shows.
        text_mean: (dim,), taken off texts.
        text_map: (dim, dim), by which texts are multiplied then.
        picture_mean: (dim,), taken off pictures in ``asked``.
        share: of a picture's own vector in ``asked``; 0 where the rest alone counts.
        input_mean: (inputs,), taken off ``inputs``.
        input_scale: (inputs,), by which they are divided.
        weights: (inputs, dim).
        roots: whether square roots are taken of ``inputs``: they tame the few channels that
            dominate in features of which none is negative.
        about: where it comes from: the captions, the measurements, the revisions.
    """

    asked: str
    inputs: str
    text_mean: NDArray[np.float32]
    text_map: NDArray[np.float32]
    picture_mean: NDArray[np.float32]
    input_mean: NDArray[np.float32]
    input_scale: NDArray[np.float32]
    weights: NDArray[np.float32]
    share: float
    roots: bool
    about: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def revision(self) -> str:
        """Names all that a vector depends on; where it comes from is not of that."""
        tensors = tuple(getattr(self, name).astype("<f4").tobytes() for name in _TENSORS)
        return revision_of(
            code=_CODE, asked=self.asked, inputs=self.inputs, share=self.share,
            roots=self.roots, tensors=tensors,
        )  # fmt: skip

    def space(self, shared: Space, encoder: str) -> Space:
        """Return the space that it leads to, of a library whose shared space is ``shared``."""
        return Space(shared.name + SUFFIX, encoder, self.revision, self.weights.shape[1])

    def place_texts(self, texts: Vectors) -> Vectors:
        """Texts (n, dim) of the space ``asked``, in the space of captions, L2-normalised."""
        return place_own(texts, self.text_mean, self.text_map)

    def place_pictures(self, vectors: Mapping[str, Vectors]) -> Vectors:
        """Return the vectors of n pictures in the space of captions, L2-normalised.

        Args:
            vectors: of the pictures, (n, dim) by the name of a space.
        """
        rows = scaled_inputs(vectors[self.inputs], self.roots, self.input_mean, self.input_scale)
        own = place_own(vectors[self.asked], self.picture_mean, self.text_map)
        return l2_normalize(rows @ self.weights + np.float32(self.share) * own)

    def with_about(self, about: Mapping[str, Any]) -> CaptionHead:
        return replace(self, about=about)


def place_own(vectors: Vectors, mean: Vectors, text_map: Vectors) -> Vectors:
    """Texts or pictures (n, dim) of the space that a head begins with, mapped, L2-normalised."""
    return l2_normalize(np.asarray((vectors - mean) @ text_map, np.float32))


def scaled_inputs(vectors: Vectors, roots: bool, mean: Vectors, scale: Vectors) -> Vectors:
    """Vectors (n, inputs) of pictures as the weights take them."""
    rows = roots_of(vectors) if roots else vectors
    scaled: Vectors = (rows - mean) / scale
    return scaled


def origin(found: Mapping[str, Any]) -> str:
    """Return where a head comes from, by what it says about itself, in a line."""
    return (
        f"learned from {found['captions']} captions of {found['pictures']} pictures on"
        f" {found['created_at'][:10]}: {found['source']} ({found['command']})"
    )


def is_of_captions(space: str) -> bool:
    """Tell whether a space of that name was made by such a head."""
    return space.endswith(SUFFIX)


def save(head: CaptionHead, path: Path) -> None:
    """Write as safetensors; the file appears whole or not at all."""
    from safetensors.numpy import save as as_bytes

    tensors = {name: np.ascontiguousarray(getattr(head, name), np.float32) for name in _TENSORS}
    about = {
        "code": _CODE, "asked": head.asked, "inputs": head.inputs, "share": head.share,
        "roots": head.roots, "about": dict(head.about),
    }  # fmt: skip
    with whole(path) as draft:
        draft.write_bytes(as_bytes(tensors, metadata={_MARK: json.dumps(about)}))


def load(path: Path, revision: str) -> CaptionHead:
    """Read what ``save`` wrote.

    Raises:
        EncoderUnavailable: there is no such file, or it is another head than ``revision``.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {})[_MARK])
            tensors = {name: file.get_tensor(name) for name in _TENSORS}
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise EncoderUnavailable(
            f"{path} cannot be read, which says where pictures lie by captions; {_WAY_OUT}"
        ) from error
    head = CaptionHead(
        about["asked"], about["inputs"], **tensors, share=about["share"], roots=about["roots"],
        about=about["about"],
    )  # fmt: skip
    if about["code"] != _CODE or head.revision != revision:
        raise EncoderUnavailable(f"{path} is another head than its name says; {_WAY_OUT}")
    return head
