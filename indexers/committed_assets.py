"""Assets out of the store, with the vectors that were committed for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.store import Store
from engine.store.segments import FOLDER, read_ids
from engine.types import Embedding, IndexedAsset, MomentRecord

_Vectors: TypeAlias = dict[int, dict[str, NDArray[np.float32]]]
"""By moment id, and by the name of the space."""


def stored_assets(store: Store, asset_ids: Iterable[int]) -> dict[int, IndexedAsset]:
    """Read these assets as they were committed, by id.

    Vectors have gone through the dtype of their space and stay what they are when they
    are committed again. An asset is left out when it is gone, or a moment of it has no
    vector.

    Raises:
        StoreError: a segment that holds one of their vectors is damaged.
    """
    with store.snapshot():
        assets = store.whole_assets(asset_ids)
        moments = {asset_id: store.moments_of(asset_id) for asset_id in assets}
        every = [record.moment_id for records in moments.values() for record in records]
        vectors = _vectors(store, np.sort(np.array(every, np.int64)))
    return {
        asset_id: IndexedAsset(assets[asset_id], _embeddings(records, vectors))
        for asset_id, records in moments.items()
        if all(record.moment_id in vectors for record in records)
    }


def _embeddings(records: Sequence[MomentRecord], vectors: _Vectors) -> tuple[Embedding, ...]:
    return tuple(Embedding(record.moment, vectors[record.moment_id]) for record in records)


def _vectors(store: Store, moment_ids: NDArray[np.int64]) -> _Vectors:
    """Read the vectors of moments. Only segments that hold any of them are read as a whole."""
    found: _Vectors = defaultdict(dict)
    for info in store.all_segments() if len(moment_ids) else ():
        if not np.isin(moment_ids, read_ids(store.path / FOLDER, info)).any():
            continue
        ids, rows = store.read_segment(info)
        for at in np.flatnonzero(np.isin(ids, moment_ids)):
            found[int(ids[at])][info.space] = np.array(rows[at])  # not a view of the segment
    return found
