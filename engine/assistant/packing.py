"""Choose what of a long recording fits a model's window: by relevance, and by coverage.

Maximal marginal relevance (Carbonell and Goldstein 1998): the next passage is the one that is
nearest to the question and farthest from those that are chosen. A passage is near by its vector
or by rare words that it shares; the best bring their neighbours, since an answer often stands in
the sentence after the one that names the thing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types.arrays import Vectors

_RELEVANCE = 0.7
"""The weight of relevance; the rest is that of what no chosen passage says."""
_WORDS = 0.5
"""The weight of shared words beside the likeness of vectors, both in [0, 1]."""
_NEIGHBOURS = 4
"""The best passages that bring the ones before and after them."""
_COPY = 0.98
"""The cosine from which a passage says what another one says, and comes last."""
_CANDIDATES = 600
"""The nearest passages, of which some are chosen."""
_MOST = 400
"""Passages that are chosen, however short they are."""
_WORD = re.compile(r"[a-z0-9\u00c0-\u024f]+|[\u4e00-\u9fff]", re.IGNORECASE)
_LETTERS = 4
"""Bytes of UTF-8 to a token."""
_FRAME_TOKENS = 8
"""Tokens of a keyframe, which is named by its time."""


@dataclass(frozen=True, slots=True)
class PackedPassages:
    """The passages of a recording that fit a window."""

    chosen: tuple[int, ...]
    """Places of the passages, in the order of the recording."""
    tokens: int
    """Estimated tokens of what was chosen."""
    left_out: int
    """Passages that were not chosen."""

    def __str__(self) -> str:
        return (
            f"packed {len(self.chosen):,} passages of {self.tokens:,} tokens,"
            f" left out {self.left_out:,}"
        )


def pack(
    question: str,
    asked: NDArray[np.float32],
    texts: Sequence[str],
    vectors: Vectors,
    window: int,
) -> PackedPassages:
    """Choose passages of a recording for a question.

    Args:
        asked: the unit vector (dim,) of the question.
        texts: the passages in the order of the recording; empty for a keyframe.
        vectors: their unit vectors (n, dim).
        window: tokens that they may have together.
    """
    if not texts:
        return PackedPassages((), 0, 0)
    vectors = np.ascontiguousarray(vectors, np.float32)  # halves are no faster, but slower
    costs = np.array([_tokens(text) for text in texts])
    relevance = _scaled(vectors @ asked) + _WORDS * _scaled(_shared_words(question, texts))
    relevance /= 1 + _WORDS
    chosen: list[int] = []
    room = window - _take_best(relevance, costs, window, chosen)
    likest = np.full(len(texts), -1.0, np.float32)
    for place in chosen:
        np.maximum(likest, vectors @ vectors[place], out=likest)
    nearest = np.argsort(-relevance, kind="stable")[:_CANDIDATES]
    nearest = np.setdiff1d(nearest, chosen)
    rows, gains, likest = vectors[nearest], _RELEVANCE * relevance[nearest], likest[nearest]
    while room > 0 and len(nearest) and len(chosen) < _MOST:
        fits = costs[nearest] <= room
        if not fits.any():
            break
        new = fits & (likest < _COPY)
        gain = gains - (1 - _RELEVANCE) * likest
        best = int(np.argmax(np.where(new if new.any() else fits, gain, -np.inf)))
        chosen.append(int(nearest[best]))
        room -= int(costs[nearest[best]])
        costs[nearest[best]] = room + window + 1  # which no room holds again
        np.maximum(likest, rows @ rows[best], out=likest)
    return PackedPassages(tuple(sorted(chosen)), window - room, len(texts) - len(chosen))


def _take_best(
    relevance: NDArray[np.float64], costs: NDArray[np.int64], window: int, chosen: list[int]
) -> int:
    """Choose the best passages with their neighbours; returns their tokens."""
    used = 0
    for best in np.argsort(-relevance, kind="stable")[:_NEIGHBOURS]:
        for place in (int(best), int(best) + 1, int(best) - 1):
            if not 0 <= place < len(costs) or place in chosen or used + costs[place] > window:
                continue
            chosen.append(place)
            used += int(costs[place])
    return used


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // _LETTERS) if text else _FRAME_TOKENS


def _scaled(values: NDArray[np.floating]) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    return (values.astype(np.float64) - low) / max(high - low, 1e-9)


def _shared_words(question: str, texts: Sequence[str]) -> NDArray[np.float64]:
    """Return how much of a question's words is in each text, the rare ones counting most."""
    asked = set(_WORD.findall(question.casefold()))
    own = [asked.intersection(_WORD.findall(text.casefold())) for text in texts]
    in_texts = Counter(word for words in own for word in words)
    weight = {word: np.log1p(len(texts) / in_texts[word]) for word in in_texts}
    return np.array([sum(weight[word] for word in words) for words in own], np.float64)


def central(vectors: Vectors, most: int) -> list[int]:
    """Return the places of passages that say the most of a whole, in their order.

    Args:
        vectors: unit vectors (n, dim).
        most: passages.
    """
    if len(vectors) <= most:
        return [*range(len(vectors))]
    middle = vectors.mean(axis=0)
    relevance = vectors @ (middle / max(float(np.linalg.norm(middle)), 1e-9))
    likest = np.full(len(vectors), -1.0, np.float32)
    chosen: list[int] = []
    for _ in range(most):
        gain = _RELEVANCE * relevance - (1 - _RELEVANCE) * likest
        gain[chosen] = -np.inf
        place = int(np.argmax(gain))
        chosen.append(place)
        np.maximum(likest, vectors @ vectors[place], out=likest)
    return sorted(chosen)
