"""Small operations on rows of vectors, and on long sequences in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Array = TypeVar("Array", bound=NDArray[Any])
Float = TypeVar("Float", bound=np.floating[Any])

TINY = 1e-12
"""Length below which a vector has no direction and is left as it is, nearly zero."""


def l2_normalize(rows: NDArray[Float], tiny: float = TINY) -> NDArray[Float]:
    """Scale vectors to unit length along the last axis.

    Args:
        rows: (n, dim) or (dim,), any float dtype.
        tiny: shorter vectors are divided by this instead of by their length.

    Returns:
        An array of the shape and dtype of ``rows``.
    """
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: NDArray[Float] = rows / np.maximum(lengths, np.asarray(tiny, dtype=rows.dtype))
    return unit


@overload
def chunks(items: Array, size: int) -> Iterator[Array]: ...
@overload
def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]: ...
def chunks(items: Any, size: int) -> Iterator[Any]:
    """Yield consecutive slices of at most ``size`` items, of a sequence or an array."""
    for first in range(0, len(items), size):
        yield items[first : first + size]
