"""Estimate the backgrounds of everything that a library holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from engine.query.calibration.contrast import Contrast
from engine.query.calibration.log_odds import estimate
from engine.query.plan import HEARD, SEEN
from engine.store import Background
from engine.types import Modality
from engine.types.arrays import Vectors

SAMPLE = 1000
"""Moments of a modality that stand for all of it."""
_EXAMPLES = 200
"""Moments of the sample that are also asked as examples."""
_EXAMPLE_OF = {"image": SEEN, "audio": HEARD}
"""Modalities that an example of each kind resembles; it is a query of the same sort."""


def estimate_backgrounds(
    samples: Mapping[str, Mapping[Modality, Vectors]],
    texts: Mapping[str, Vectors],
    kinds: Mapping[tuple[str, Contrast], Vectors],
) -> list[Background]:
    """Estimate the backgrounds of texts in their spaces, and of examples in all.

    For each space and contrast in ``kinds``, the direction between its sorts is added.

    A picture that asks for sounds stands out of the pairs of pictures and sounds, so
    the examples of a space are asked of all that it holds. Samples are put in another
    order with a fixed seed, so that a rebuilt library scores alike.

    Args:
        samples: per space, up to ``SAMPLE`` vectors (n, dim) of each modality.
        texts: per space with a text tower, a bank of phrases through that tower, (q, dim).
        kinds: per space and contrast of which it holds both sorts, the phrases of both.
    """
    known = [contrast.direction(space, rows) for (space, contrast), rows in kinds.items()]
    for space, drawn in samples.items():
        mixed = {m: np.random.default_rng(0).permutation(rows) for m, rows in drawn.items()}
        asked = dict(_examples(mixed))
        if space in texts:
            asked["text"] = texts[space]
        known += [
            estimate((space, kind, modality), queries, sample)
            for modality, sample in mixed.items()
            for kind, queries in asked.items()
        ]
    return known


def _examples(samples: Mapping[Modality, Vectors]) -> Iterator[tuple[str, Vectors]]:
    """Yield the moments that are asked as examples, by kind of example."""
    for kind, alike in _EXAMPLE_OF.items():
        rows = [samples[modality][:_EXAMPLES] for modality in alike if modality in samples]
        if rows:
            yield kind, np.concatenate(rows)
