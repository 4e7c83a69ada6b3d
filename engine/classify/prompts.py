"""Embeddings of labels: the mean over templates and descriptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from engine.classify.labels import Label
from engine.classify.templates import fill
from engine.common.vectors import l2_normalize
from engine.query.calibration.phrases import phrases
from engine.types.arrays import Vectors

Embed: TypeAlias = Callable[[Sequence[str]], Vectors]
Keep: TypeAlias = Callable[[Sequence[str], Callable[[], Vectors]], Vectors]
"""Return the vectors of these texts, as kept before or else as the function embeds them."""
_MOST_PHRASES = 1_500
"""Texts that the bank of phrases may cost; with many templates every so many is left out."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """Embeddings of labels, and of everyday phrases, in the same templates."""

    labels: Vectors
    """(labels, dim), of unit length."""
    bank: Vectors
    """The bank of everyday phrases through the same templates, (phrases, dim)."""


def prompted(
    embed: Embed, labels: Sequence[Label], templates: Sequence[str], keep: Keep | None = None
) -> Prompted:
    """Put labels and the bank of phrases into templates, and embed them.

    Args:
        keep: keeps the vectors of the bank, which is most of the texts and the same for all
            labels; None to embed it anew.
    """
    described = [text for label in labels for text in label.descriptions]
    starts = np.cumsum([0, *(len(label.descriptions) for label in labels[:-1])])
    every = -(-len(phrases()) * len(templates) // _MOST_PHRASES)
    rows = np.add.reduceat(_summed(embed, described, templates), starts, axis=0)
    bank = phrases()[::every]
    embed_bank = partial(_ensemble, embed, bank, templates)
    return Prompted(l2_normalize(rows), keep(bank, embed_bank) if keep else embed_bank())


def _ensemble(embed: Embed, texts: Sequence[str], templates: Sequence[str]) -> Vectors:
    return l2_normalize(_summed(embed, texts, templates))


def _summed(embed: Embed, texts: Sequence[str], templates: Sequence[str]) -> Vectors:
    """Return the sum of each text's vectors over the templates, (texts, dim)."""
    total: Vectors = embed([fill(templates[0], text) for text in texts]).copy()
    for template in templates[1:]:
        total += embed([fill(template, text) for text in texts])
    return total
