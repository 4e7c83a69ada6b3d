"""A catalog of a million assets: a search against its encoder and its index alone.

    python -m benchmarks.million --data DIR [--assets 1000000]

Six of ten assets are pictures, three videos (two keyframes, a sound and a sentence),
one a sound with a sentence: two million moments. Vectors are grown out of real ones
(`grow`), tags are those of the measuring pictures, sentences those of the prompts. The
library is written by the store's own commits, and its indexes by its own refresh.

A whole `search`, with its answer as JSON, is timed against embedding a text and searching
the indexes that it has to, one after the other, with the filters that it has to use.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median

import click
import numpy as np

from benchmarks.common import (
    Row,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    need,
    rows,
    scratch,
)
from benchmarks.grow import Real, grown
from engine.common.progress_bar import watched
from engine.common.result_document import search_document
from engine.config import Settings
from engine.encoders import registry
from engine.index.allowed import Allowed
from engine.library import Library
from engine.query.plan import HEARD, SEEN, plan, validated
from engine.query.space_selection import select_spaces
from engine.store import Store
from engine.types import (
    Asset,
    Embedding,
    IndexedAsset,
    Kind,
    MediaType,
    Modality,
    Moment,
    Query,
    Tag,
)
from indexers.space_registration import register_spaces

_PER_COMMIT = 4_000
_SPOKEN = (Modality.SPEECH,)
_PARTS = {
    Kind.IMAGE: (Modality.IMAGE,),
    Kind.VIDEO: (SEEN[1], SEEN[1], *HEARD, *_SPOKEN),
    Kind.AUDIO: (*HEARD, *_SPOKEN),
}
_TURN = [{"i": Kind.IMAGE, "v": Kind.VIDEO, "a": Kind.AUDIO}[letter] for letter in "iviaiviivi"]


def _assets(
    count: int,
    space: str,
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
            parts.append(Embedding(moment, {space: next(vectors)}))
        asset = Asset(
            f"/media/{number // 1000:04}/{number:07}.bin", f"{number:064x}",
            MediaType(kind, "made"), 1, 1,
        )  # fmt: skip
        yield IndexedAsset(asset, tuple(parts))


def _made(folder: Path, data: Path, count: int) -> None:
    """Write the library."""
    towers = registry.towers(registry.COMPACT, Settings())
    labels = [row["label"] for row in rows(data / "images" / "labels.csv")]
    said = [row["text"] for row in rows(data / "prompts.csv")]
    base = Real.load(data, towers.shared.dim).base
    vectors = (row.astype(np.float32) for batch in grown(base, 3 * count) for row in batch)
    assets = _assets(count, towers.shared.name, vectors, labels, said)
    with Store.create(folder, towers.encoder.name) as store, store.writer() as writer:
        register_spaces(writer, towers)
        while batch := list(islice(assets, _PER_COMMIT)):
            writer.commit(batch)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _timed(library: Library, labels: Sequence[str], kinds: tuple[Kind, ...]) -> tuple[float, float]:
    """Median seconds of a whole search, and of encoding plus the index."""
    searcher, towers = library.searcher, library.towers
    query = validated(Query.of("x", kinds=kinds))
    searched = plan(
        query, searcher._inventory(query, select_spaces(query, library.store, library.towers_of))
    )
    indexes = searcher.indexes[towers.shared.name].indexes
    filters: dict[Modality, Allowed | None] = {
        branch.modality: searcher._allowed(query, branch.modality)
        for branch in searched.branches
        if branch.modality
    }

    def whole(text: str) -> str:
        return json.dumps(search_document(library.search(text, kinds=kinds)))

    def least(text: str) -> None:
        (vector,) = towers.encoder.embed_texts([text])
        for modality, allowed in filters.items():
            indexes[modality].search(vector, searched.fetch, allowed)

    for label in labels[:20]:  # all that is prepared once
        whole(f"the {label} of yesterday")
        least(f"the {label} of today")
    # Taking turns at being first: the second finds the pages of its lists mapped.
    taken = []
    for place, label in enumerate(labels):
        asks = [(whole, f"is there a {label} here"), (least, f"look for some {label} now")]
        turn = asks if place % 2 else asks[::-1]
        took = [_seconds(partial(ask, text)) for ask, text in turn]
        taken.append(took if place % 2 else took[::-1])
    ours, theirs = zip(*taken, strict=True)
    return median(ours), median(theirs)


def _row(name: str, took: tuple[float, float]) -> Row:
    ours, least = took
    shown = f"{ours * 1e3:.1f} ms against {least * 1e3:.1f} ms, {ours / least:.2f}x"
    return name, shown, at_most(ours / least, 1.3, "<= 1.3x")


@command(__doc__)
@data_option
@click.option("--assets", default=1_000_000, show_default=True, type=click.IntRange(100))
def main(data: Path, assets: int) -> None:
    need(data / "vectors" / "texts-60k.f16.npy", data / "images" / "labels.csv")
    labels = [row["label"] for row in rows(data / "images" / "labels.csv")]
    with scratch() as place:
        written = _seconds(lambda: _made(place / "library", data, assets))
        with Library.open(place / "library") as library:
            compacted = _seconds(library.compact)
            with watched(True) as progress:
                refreshed = _seconds(lambda: library.refresh(progress=progress))
            library.maintenance.calibrate(wait=False)
        with Library.open(place / "library") as library:
            first = _seconds(lambda: library.search("a dog", kinds=["video"]))
            videos = _timed(library, labels, (Kind.VIDEO,))
            everything = _timed(library, labels, ())
            stats = library.stats()
    moments = sum(stats.moments.values())
    size = f"{assets:,} assets, {moments:,} moments, {stats.bytes / 1e9:.1f} GB"
    conclude(
        f"{size}; {machine()}; medians.",
        ("what", "figure"),
        [
            _row("`search --kind video --json`, warm, against encode + index search", videos),
            _row("`search --json` of all kinds, the same", everything),
            ("first search after opening", f"{first:.2f} s", None),
            ("writing", f"{written:.0f} s, {moments / written:,.0f} moments/s", None),
            ("compacting", f"{compacted:.0f} s", None),
            ("making the indexes", f"{refreshed:.0f} s", None),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
