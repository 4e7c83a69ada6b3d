"""A library of many synthetic assets, written by the store's own commits.

Six of ten assets are pictures, three videos (two keyframes, a sound and a sentence),
one a sound with a sentence: two moments an asset. Vectors are grown out of real ones
(``grow``), tags are those of the measuring pictures, sentences those of the prompts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.common import need, rows
from benchmarks.grow import Real, grown
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.towers import Towers
from engine.query.plan import HEARD, SEEN
from engine.store import Store
from engine.types import Asset, Embedding, IndexedAsset, Kind, MediaType, Modality, Moment, Tag
from indexers.space_registration import register_spaces

_PER_COMMIT = 4_000
_SPOKEN = (Modality.SPEECH,)
_PARTS = {
    Kind.IMAGE: (Modality.IMAGE,),
    Kind.VIDEO: (SEEN[1], SEEN[1], *HEARD, *_SPOKEN),
    Kind.AUDIO: (*HEARD, *_SPOKEN),
}
_TURN = [{"i": Kind.IMAGE, "v": Kind.VIDEO, "a": Kind.AUDIO}[letter] for letter in "iviaiviivi"]


def need_real_data(data: Path) -> None:
    """End the benchmark where what libraries are made of is missing."""
    need(data / "vectors" / "texts-60k.f16.npy", data / "images" / "labels.csv")
    need(data / "prompts.csv")


def labels_of(data: Path) -> list[str]:
    """Return the labels of the measuring pictures."""
    return [row["label"] for row in rows(data / "images" / "labels.csv")]


def write_library(folder: Path, data: Path, count: int, encoder: str = registry.COMPACT) -> None:
    """Write a library of ``count`` assets, without its indexes."""
    towers = registry.towers(encoder, Settings())
    said = [row["text"] for row in rows(data / "prompts.csv")]
    base = Real.load(data, towers.shared.dim).base
    several = 3 * count * len(_seen_spaces(towers))
    vectors = (row.astype(np.float32) for batch in grown(base, several) for row in batch)
    assets = _assets(count, towers, vectors, labels_of(data), said)
    with Store.create(folder, towers.encoder.name) as store, store.writer() as writer:
        register_spaces(writer, towers)
        while batch := list(islice(assets, _PER_COMMIT)):
            writer.commit(batch)


def _seen_spaces(towers: Towers) -> list[str]:
    """Return the spaces in which a picture has a vector and a whole text is asked."""
    further = [space for space in towers.further if space not in towers.qualities]
    return [towers.shared.name, *(s.name for s in further if s.dim == towers.shared.dim)]


def _assets(
    count: int,
    towers: Towers,
    vectors: Iterator[np.ndarray],
    labels: Sequence[str],
    said: Sequence[str],
) -> Iterator[IndexedAsset]:
    chance = np.random.default_rng(7)
    for number in range(count):
        kind = _TURN[number % len(_TURN)]
        parts = []
        for place, modality in enumerate(_PARTS[kind]):
            tags, text = (), None
            if modality is Modality.SPEECH:
                text = said[int(chance.integers(len(said)))]
            else:
                some = chance.integers(len(labels), size=4)
                tags = tuple(Tag(labels[int(i)], 0.25) for i in some)
            times = (None, None) if kind is Kind.IMAGE else (float(place), place + 1.0)
            moment = Moment(modality, *times, place, text, tags)
            spaces = _seen_spaces(towers) if modality in SEEN else [towers.shared.name]
            parts.append(Embedding(moment, {name: next(vectors) for name in spaces}))
        asset = Asset(
            f"/media/{number // 1000:04}/{number:07}.bin", f"{number:064x}",
            MediaType(kind, "made"), 1, 1,
        )  # fmt: skip
        yield IndexedAsset(asset, tuple(parts))
