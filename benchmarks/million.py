"""A catalog of a million assets: a search against its encoder and its index alone.

    python -m benchmarks.million --data DIR [--assets 1000000]

The library is synthetic (`synthetic_library`), of two million moments; it is written by the
store's own commits, and its indexes by its own refresh.

A whole `search`, with its answer as JSON, is timed against embedding a text and searching
the indexes that it has to, one after the other, with the filters that it has to use.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import click

from benchmarks.common import Row, at_most, command, conclude, data_option, machine, scratch
from benchmarks.synthetic_library import labels_of, need_real_data, write_library
from engine.common.progress_bar import watched
from engine.common.result_document import search_document
from engine.index.allowed import Allowed
from engine.library.facade import Library
from engine.query.plan import plan, validated
from engine.query.space_selection import select_spaces
from engine.types import Kind, Modality, Query


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
    need_real_data(data)
    labels = labels_of(data)
    with scratch() as place:
        written = _seconds(lambda: write_library(place / "library", data, assets))
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
