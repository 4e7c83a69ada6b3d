"""What two libraries hold, as values that can be compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.exchange.records import ExportSelection, Item, items
from engine.store import Store
from engine.types import Asset, Moment

Bits = tuple[str, bytes]
Held = dict[str, tuple[Asset, tuple[str, ...], list[tuple[Moment, dict[str, Bits]]]]]
"""By content hash: a file, its tags, and its moments with the dtype and bytes of each
vector."""


def bits(item: Item) -> list[tuple[Moment, dict[str, Bits]]]:
    return [
        (p.moment, {s: (str(v.dtype), v.tobytes()) for s, v in p.vectors.items()})
        for p in item.pieces
    ]


def every(store: Store, selection: ExportSelection = ExportSelection()) -> list[Item]:  # noqa: B008
    with store.snapshot():
        infos = list(store.space_infos().values())
        return list(items(store, selection.ids(store), infos))


def held(store: Store) -> Held:
    """Without what belongs to a place: path and date of the file."""
    return {
        i.asset.content_hash: (replace(i.asset, path="", mtime_ns=0), i.tags, bits(i))
        for i in every(store)
    }


def text_vectors(store: Store, name: str) -> list[tuple[str, Any]]:
    """Path and vector of each moment that has one in a space, in the order of moments."""
    return [
        (item.asset.path, piece.vectors[name])
        for item in every(store)
        for piece in item.pieces
        if name in piece.vectors
    ]
