"""Turn a batch of assets into rows and vectors, checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.text import printable
from engine.errors import SpaceMismatch, StoreError
from engine.store.fulltext import documents
from engine.store.paths import to_text
from engine.store.records import Addition, ReadAsset
from engine.store.write.storable_facts import storable_asset, storable_moment
from engine.types import Asset, Embedding, IndexedAsset, Kind, Space
from engine.types.arrays import MomentIds, Vectors

_NORM_TOLERANCE = 1e-3


@dataclass(slots=True)
class Column:
    """The vectors of one space, with the moments and files that they are of."""

    ids: list[int] = field(default_factory=list)
    vectors: list[NDArray[np.float32]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """The rows and vectors that one commit writes."""

    moments: list[dict[str, Any]] = field(default_factory=list)
    words: list[dict[str, Any]] = field(default_factory=list)
    columns: dict[str, Column] = field(default_factory=dict)

    def add(
        self, asset_id: int, first_moment: int, indexed: IndexedAsset, tags: tuple[str, ...] = ()
    ) -> None:
        """Append one asset's moments, numbered from ``first_moment``.

        Args:
            tags: those that the asset has already.
        """
        name = documents.name_words(indexed.asset.path)
        written = documents.written(indexed.asset.caption, indexed.asset.texts)
        of_asset = documents.OfAsset(written, name, tags)
        for moment_id, embedding in enumerate(indexed.embeddings, first_moment):
            row = moment_row(moment_id, asset_id, indexed.asset.media.kind, embedding)
            self.moments.append(row)
            # A row for every moment, so that a later name has one to go to.
            self.words.append(documents.row(moment_id, embedding.moment, of_asset))
            of_asset = documents.OfAsset()
            self.extend(Addition(moment_id, indexed.asset.path, embedding.vectors))

    def add_texts(self, first_moment: int, read: ReadAsset) -> None:
        """Append the texts that were read in an asset, numbered from ``first_moment``."""
        for moment_id, embedding in enumerate(read.texts, first_moment):
            known = read.known
            self.moments.append(moment_row(moment_id, known.asset_id, known.kind, embedding))
            row = documents.row(moment_id, embedding.moment, documents.OfAsset())
            self.words.append(row)
            self.extend(Addition(moment_id, known.path, embedding.vectors))

    def extend(self, addition: Addition) -> None:
        """Append the vectors of one moment."""
        for space, vector in addition.vectors.items():
            column = self.columns.setdefault(space, Column())
            column.ids.append(addition.moment_id)
            column.vectors.append(vector)
            column.paths.append(addition.path)

    def arrays(self, spaces: Mapping[str, Space]) -> list[tuple[Space, MomentIds, Vectors]]:
        """Return the vectors by space, checked.

        Raises:
            SpaceMismatch: a space that the library does not have, or another dim.
            StoreError: a vector that is not finite or not of unit length.
        """
        return [
            (
                _space(spaces, name),
                np.array(column.ids, dtype=np.int64),
                _matrix(spaces[name], column),
            )
            for name, column in sorted(self.columns.items())
            if _space(spaces, name)
        ]


def _space(spaces: Mapping[str, Space], name: str) -> Space:
    if name not in spaces:
        known = ", ".join(sorted(spaces)) or "none"
        raise SpaceMismatch(f"the library has no space {name!r}; it has {known}")
    return spaces[name]


def _matrix(space: Space, column: Column) -> Vectors:
    for vector, path in zip(column.vectors, column.paths, strict=True):
        if np.shape(vector) != (space.dim,):
            raise SpaceMismatch(
                f"a vector of {printable(path)} has shape {np.shape(vector)}, "
                f"but the space {space.name!r} has {space.dim} dimensions"
            )
    matrix = np.array(column.vectors, dtype=np.float32)
    # A NaN fails this comparison too, and an infinity has no finite norm.
    wrong = ~(np.abs(np.linalg.norm(matrix, axis=1) - 1.0) <= _NORM_TOLERANCE)
    if wrong.any():
        at = int(np.argmax(wrong))
        fault = "not of unit length" if np.isfinite(matrix[at]).all() else "not finite"
        raise StoreError(
            f"a vector of {printable(column.paths[at])} in the space {space.name!r} is {fault}"
        )
    return matrix


def last_of_each(assets: Sequence[IndexedAsset]) -> list[IndexedAsset]:
    """Keep the last asset of every path, as several commits would."""
    return list({indexed.asset.path: indexed for indexed in assets}.values())


def asset_row(asset_id: int, asset: Asset) -> dict[str, Any]:
    """Return the row of an asset, with as many of its facts as can be stored."""
    asset = storable_asset(asset)
    latitude, longitude = asset.place or (None, None)
    return {
        "asset_id": asset_id,
        "path": to_text(asset.path),
        "content_hash": asset.content_hash,
        "kind": asset.media.kind.value,
        "format": asset.media.format,
        "size": asset.size,
        "mtime_ns": asset.mtime_ns,
        "width": asset.width,
        "height": asset.height,
        "duration": asset.duration,
        "taken_at": asset.taken_at,
        "state": "indexed",
        "latitude": latitude,
        "longitude": longitude,
        "caption": asset.caption,
        "texts": asset.texts,
        "texts_state": asset.texts_state,
        "screen_state": None,
    }


def moment_row(moment_id: int, asset_id: int, kind: Kind, embedding: Embedding) -> dict[str, Any]:
    """Return the row of a moment, with as much of it as can be stored."""
    moment = storable_moment(embedding.moment)
    return {
        "moment_id": moment_id,
        "asset_id": asset_id,
        "kind": kind.value,
        "modality": moment.modality.value,
        "start_s": moment.start,
        "end_s": moment.end,
        "ordinal": moment.ordinal,
        "text": moment.text,
        "tags": [[tag.word, float(tag.weight)] for tag in moment.tags] or None,
        "vectors": len(embedding.vectors),
    }
