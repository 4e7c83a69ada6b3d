"""Read the vectors of moments by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from engine.query.search import Searcher
from engine.types import MomentRecord, Space
from engine.types.arrays import Vectors


def moment_vectors(
    searcher: Searcher, records: Sequence[MomentRecord], spaces: Sequence[Space]
) -> dict[int, dict[str, Vectors]]:
    """Return the vectors (dim,) of moments in those of the spaces that have them, by space.

    Args:
        spaces: of the library.
    """
    searcher.make_level(spaces)
    rows: dict[int, dict[str, Vectors]] = {}
    with searcher.guard.reading():
        for space, modality in product(spaces, {record.moment.modality for record in records}):
            index = searcher.indexes[space.name].indexes.get(modality)
            if index is None:
                continue
            ids = np.array([r.moment_id for r in records if r.moment.modality is modality])
            ids = np.sort(ids[index.holds(ids)])
            for number, row in zip(ids.tolist(), index.vectors(ids), strict=True):
                rows.setdefault(number, {})[space.name] = row
    return rows
