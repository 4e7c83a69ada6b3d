"""Tell the colours of a picture that people would name.

What the picture tower was trained for are classes, and a car is one in any colour, so its
features have lost most of it. Here each small square of the picture has one of eleven basic colour
terms, by a table that was made of how people name colours; and eleven logistic regressions
give the log odds that a person who describes the picture names each, from how much of it, of its
middle and of the part that has most has each term. Both are ``heads/colours.safetensors``, and
``engine.training.colours`` fits them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.package_weights import sha256
from engine.encoders.compact.colour_words import TERMS, colours_of
from engine.encoders.protocols import Pixels
from engine.encoders.revisions import revision_of
from engine.types.arrays import Vectors

COLOURS = Path(__file__).parent / "heads" / "colours.safetensors"
DIM = len(TERMS) + 1
"""The log odds of the terms, and what is missing to unit length."""
LEVELS = 16
"""Levels of red, of green and of blue that the table tells apart."""
_SQUARE = 4
"""Side of the squares whose mean colour is named, in pixels."""
_CELLS = 5
"""Parts of a side; what one of their squares has most of is a thing rather than a tint."""
_MIDDLE = np.exp(-0.5 * np.linspace(-1.4, 1.4, _CELLS) ** 2)
"""The weights of the parts of a side, by which the middle of a picture counts most."""
_MOST = 3.5
"""Log odds, less those of all pictures, at which they are cut."""
_LENGTH = _MOST * np.sqrt(len(TERMS))
_CODE = 1
"""Revision of the code between pixels and vectors."""


class PictureColours:
    """Pictures to the log odds of eleven colours, and texts to the colours that they name."""

    def __init__(self, file: Path = COLOURS) -> None:
        self._file = file

    @cached_property
    def revision(self) -> str:
        """Changes whenever the same picture would get another vector."""
        return revision_of(head=sha256(self._file), code=_CODE)

    @cached_property
    def _head(self) -> Mapping[str, NDArray[np.float32]]:
        from safetensors.numpy import load_file

        return {name: tensor.astype(np.float32) for name, tensor in load_file(self._file).items()}

    @cached_property
    def _terms(self) -> NDArray[np.uint8]:
        return self._head["terms"].astype(np.uint8)

    def place_pictures(self, pixels: Sequence[Pixels]) -> Vectors:
        """Return unit vectors (n, 12) of pictures, shape (height, width, 3) each."""
        if not pixels:
            return np.zeros((0, DIM), np.float32)
        rows = np.stack([inputs_of(shares_of(picture, self._terms)) for picture in pixels])
        odds = rows @ self._head["weights"] + self._head["bias"]
        scaled = np.clip(odds, -_MOST, _MOST) / _LENGTH
        rest = np.sqrt(np.maximum(1 - (scaled**2).sum(axis=1, keepdims=True), 0))
        return np.asarray(np.concatenate([scaled, rest], axis=1), np.float32)

    def place_texts(self, texts: Sequence[str]) -> Vectors:
        """Return for each text the direction (12,) of the colours that it names; zeros for none."""
        named = np.array([[term in colours_of(text) for term in TERMS] for text in texts])
        rows = np.zeros((len(texts), DIM), np.float32)
        rows[:, :-1] = named.reshape(-1, len(TERMS))
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.maximum(lengths, 1), np.float32)


def shares_of(picture: Pixels, terms: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how much of each part of a square picture has each colour term, (parts, terms).

    Args:
        terms: the term of each colour, by ``places_of`` it.
    """
    side = min(picture.shape[:2]) // (_SQUARE * _CELLS) * _CELLS
    squares = np.asarray(Image.fromarray(picture).reduce(_SQUARE))[:side, :side]
    cell = np.arange(side) * _CELLS // side
    kinds = (cell[:, None] * _CELLS + cell) * len(TERMS) + terms[places_of(squares)]
    counts = np.bincount(kinds.ravel(), minlength=_CELLS**2 * len(TERMS))
    return np.asarray(counts.reshape(-1, len(TERMS)) / (side // _CELLS) ** 2, np.float32)


def places_of(colours: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return the places of colours (..., 3) in the table of terms."""
    red, green, blue = np.moveaxis(colours.astype(np.intp) * LEVELS // 256, -1, 0)
    return np.asarray((red * LEVELS + green) * LEVELS + blue, np.intp)


def inputs_of(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inputs of the regressions from the shares (parts, terms) of a picture."""
    middle = np.outer(_MIDDLE, _MIDDLE).ravel()
    whole, centre = shares.mean(axis=0), middle @ shares / middle.sum()
    # Square roots: the first tenth of a picture says more than the last.
    return np.asarray(np.sqrt(np.concatenate([whole, centre, shares.max(axis=0)])), np.float32)
