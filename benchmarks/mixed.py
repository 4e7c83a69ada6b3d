"""Quality of one ranking over pictures, keyframes, sounds, speech and text on screen.

    python -m benchmarks.mixed --data DIR [--prompts DIR] [--work DIR]

The collection, its 120 queries with graded judgements and its 40 without an answer are
those of `collection`, which says how they were made. Files are indexed under names that
say nothing. Hits are judged as a user sees them: folded, ten of them.

Raw-cosine merge is what engines do that search one index of all: every moment by its
cosine with the text. A single branch is the same search with the weights of all others
at zero; the best of them is chosen after the fact, which flatters it. Intervals are 95 %,
bootstrapped over the queries; the differences are paired, query by query.

Half of the queries were for choosing (`dev`), and the rest (`test`) were only looked at;
the table says both. Early fusion is left out: for queries with one part it is the same
as the default. With --work the library is kept there for the next run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.collection import Collection, MixedQuery, judgements, queries, unanswerable
from benchmarks.common import (
    Row,
    anonymous_copies,
    at_least,
    command,
    conclude,
    data_option,
    fill,
    machine,
    new_library,
    scratch,
)
from benchmarks.metrics import Found, Place, interval, ndcg, places, recall
from benchmarks.speech import PROMPTS
from engine.library.facade import Library
from engine.query.group import group_moments
from engine.query.language import quoted
from engine.types import Fusion, Group, Hit, Modality

_TOP = 10
_ALL = 1_000_000
_BRANCHES = (*map(str, Modality), "words")

Search = Callable[[str], Sequence[Hit]]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mixed:
    """The indexed collection, and what was judged of it."""

    library: Library
    names: Mapping[str, str]
    """The file of each path in the library."""
    judged: Mapping[str, Sequence[Place]]

    def found(self, hits: Sequence[Hit]) -> list[Found]:
        return [(self.names[hit.path], hit.start, hit.end) for hit in hits]

    def ndcg(self, search: Search, asked: Sequence[MixedQuery]) -> Values:
        return np.array([ndcg(self.found(search(q.text)), self.judged[q.id]) for q in asked])

    def recall(self, search: Search, asked: Sequence[MixedQuery]) -> Values:
        return np.array([recall(self.found(search(q.text)), self.judged[q.id]) for q in asked])


@contextmanager
def opened(data: Path, prompts: Path, work: Path | None) -> Iterator[Mixed]:
    """The collection as a library, from ``work`` where it is there already."""
    files = Collection.load(data, prompts).files
    by_query: dict[str, list[Place]] = {
        query.id: places(one for one in judgements() if one.query == query.id)
        for query in queries()
    }
    with scratch() as place:
        folder = work or place
        listing = folder / "names.json"
        new = not listing.exists()
        with (
            new_library(folder / "library", ocr=True)
            if new
            else Library.open(folder / "library") as made
        ):
            if new:
                copies = anonymous_copies(list(files.values()), folder / "media")
                fill(made, folder / "media")
                named = dict(zip(copies, files, strict=True))
                listing.write_text(json.dumps(named))
            yield Mixed(made, json.loads(listing.read_text()), by_query)


# --- ways to search -----------------------------------------------------------------


def fused(library: Library, fusion: Fusion) -> Search:
    return lambda text: library.search(quoted(text), top=_TOP, fusion=fusion).hits


def single(library: Library, branch: str) -> Search:
    """One modality's vectors, or full text, alone."""
    weights = {name: float(name == branch) for name in _BRANCHES}
    return lambda text: library.search(quoted(text), top=_TOP, weights=weights).hits


def raw_merge(library: Library) -> Search:
    """All moments by their raw cosine with the text, folded like any other hits."""

    def search(text: str) -> list[Hit]:
        every = library.search(quoted(text), top=_ALL, group=Group.NONE).hits
        cosines = {
            hit.moment_id: max(why.raw for why in hit.why if why.branch == "text") for hit in every
        }
        best = sorted(every, key=lambda hit: -cosines[hit.moment_id])
        records = library.store.records([hit.moment_id for hit in best])
        kept = group_moments([list(records.values())], Group.SHOT, _TOP, lambda _: {})
        shown = {one.record.moment_id for one in kept}
        return [hit for hit in best if hit.moment_id in shown]

    return search


# --- rows ---------------------------------------------------------------------------


def _quality(mixed: Mixed) -> Iterator[Row]:
    asked, library = queries(), mixed.library
    ours = mixed.ndcg(fused(library, Fusion.CALIBRATED), asked)
    yield _row("calibrated", asked, ours, ours, None)
    raw = mixed.ndcg(raw_merge(library), asked)
    gain = float((ours - raw).mean())
    yield _row("raw-cosine merge", asked, raw, ours, at_least(gain, 0.05, "0.05 less"))
    singles = {name: mixed.ndcg(single(library, name), asked) for name in _BRANCHES}
    best = max(singles, key=lambda name: float(singles[name].mean()))
    for name, values in singles.items():
        below = _below(values, ours) if name == best else None
        yield _row(f"{name} alone{', the best single branch' * (name == best)}", asked, values,
                   ours, below)  # fmt: skip
    for fusion in Fusion:
        if fusion in (Fusion.CALIBRATED, Fusion.EARLY):
            continue  # early fusion of a query that has one part is calibrated fusion
        values = mixed.ndcg(fused(library, fusion), asked)
        yield _row(fusion, asked, values, ours, _below(values, ours))


def _below(values: Values, ours: Values) -> object:
    gap = float((ours - values).mean())
    return at_least(gap, 1e-9, "calibrated above")


def _row(
    name: str, asked: Sequence[MixedQuery], values: Values, ours: Values, target: object
) -> Row:
    test = np.array([query.split == "test" for query in asked])
    low, high = interval(values)
    less, more = interval(values - ours)
    difference = float((values - ours).mean())
    shown = "" if values is ours else f"{difference:+.3f} ({less:+.3f} to {more:+.3f})"
    halves = f"{values[~test].mean():.3f} / {values[test].mean():.3f}"
    return name, f"{values.mean():.3f} ({low:.3f} to {high:.3f})", halves, shown, target


def _line(mixed: Mixed) -> Iterator[Row]:
    """Where the line lies between hits that are likely and those that are not."""
    search, asked, unasked = fused(mixed.library, Fusion.CALIBRATED), queries(), unanswerable()
    none = np.array([not any(h.likely for h in search(q.text)) for q in unasked], np.float64)
    test = np.array([query.split == "test" for query in unasked])
    halves = f"{none[~test].mean():.3f} / {none[test].mean():.3f}"
    yield ("no answer, and nothing likely", f"{none.mean():.3f}", halves, "",
           at_least(float(none.mean()), 0.8))  # fmt: skip
    right: dict[str, list[bool]] = {"dev": [], "test": []}
    for query in asked:
        found = mixed.found(likely := [hit for hit in search(query.text) if hit.likely])
        grades = [ndcg([place], mixed.judged[query.id]) > 0 for place in found]
        right[query.split] += grades[: len(likely)]
    every = np.array([*right["dev"], *right["test"]], np.float64)
    halves = f"{np.mean(right['dev']):.3f} / {np.mean(right['test']):.3f}"
    yield ("right, of what is likely", f"{every.mean():.3f}", halves, f"{len(every)} hits",
           at_least(float(every.mean()), 0.8))  # fmt: skip


@command(__doc__)
@data_option
@click.option("--prompts", type=click.Path(path_type=Path), default=PROMPTS, show_default=True)
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps the library.")
def main(data: Path, prompts: Path, work: Path | None) -> None:
    with opened(data, prompts, work) as mixed:
        body = [*_quality(mixed), *_line(mixed)]
        stats = mixed.library.stats()
    moments = sum(stats.moments.values())
    conclude(
        f"{sum(stats.assets.values())} files, {moments} moments, 120 queries; {machine()}.",
        ("ranking", "nDCG@10", "dev / test", "against calibrated"),
        body,
    )


if __name__ == "__main__":
    main()
