"""Reranking by a language model of this machine: are its orders usable, and no worse?

    python -m benchmarks.rerank_llm --data DIR [--model local:qwen] [--first N] [--work DIR]

The spoken prompts are asked for by their texts less every third word, and the collection of
`mixed` by its queries for what is said, in the half that chose nothing. An order is usable where
the model judged each candidate that has words, in time: of 100 queries 95 must have one, and the
orders must not be worse than the fused ones: the prompt first (R@1), and nDCG@10 in the
collection. Where no order is usable the fused one stands, so what is compared is what a user gets.
The weight of its verdicts was chosen on texts that were made up for that (`rerank_verdict`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np

from benchmarks.collection import queries
from benchmarks.common import (
    Row,
    at_least,
    command,
    conclude,
    data_option,
    machine,
    need,
    rows,
)
from benchmarks.metrics import interval
from benchmarks.mixed import Mixed, opened
from benchmarks.rerank import Ranking, indexed_prompts, searching
from benchmarks.speech import PROMPTS, less_a_third
from engine.library.facade import Library
from engine.query.rerank.verdict import CANDIDATES
from engine.types import SearchResult

_PATIENCE = 600.0
"""Seconds for one order; time is printed, and bounds nothing here."""
_USABLE = 0.95


def usable(results: Sequence[SearchResult]) -> int:
    """Count the results whose order is the model's, which else leaves a note."""
    return sum(not any(note.startswith("llm: ") for note in result.notes) for result in results)


def of_orders(name: str, results: Sequence[SearchResult], gains: np.ndarray) -> Iterator[Row]:
    """The rows of one set of queries."""
    good, low_high = usable(results), interval(gains)
    seconds = float(np.median([result.took_ms["rerank"] for result in results])) / 1e3
    yield (
        name, "usable orders", f"{good} of {len(results)}",
        at_least(good / len(results), _USABLE, "95 %"),
    )  # fmt: skip
    yield (
        name, "less the fused order, 95 %",
        f"{gains.mean():+.3f} ({low_high[0]:+.3f} to {low_high[1]:+.3f})",
        at_least(float(gains.mean()), 0, "not below"),
    )  # fmt: skip
    yield name, "a query more, median", f"{seconds:.1f} s", None


def of_prompts(library: Library, texts: Sequence[str]) -> Iterator[Row]:
    """R@1 of the prompts, with the model and without."""
    fused = Ranking.of(searching(library, None), texts)
    ours = Ranking.of(searching(library, "llm"), texts)
    figures = f"{fused.first.mean():.3f} / {ours.first.mean():.3f}"
    yield "prompts", "R@1 fused / reranked", figures, None
    yield from of_orders("prompts", ours.results, ours.first - fused.first)


def of_speech(collection: Mixed, most: int | None) -> Iterator[Row]:
    """NDCG@10 of the queries for what is said in the mixed collection."""
    asked = [q for q in queries() if "said" in q.groups and q.split == "test"][:most]
    results: list[SearchResult] = []
    ask = searching(collection.library, "llm")
    plain = searching(collection.library, None)

    def reranked(text: str) -> Sequence[object]:
        results.append(ask(text))
        return results[-1].hits

    fused = collection.ndcg(lambda text: plain(text).hits, asked)
    ours = collection.ndcg(reranked, asked)
    figures = f"{fused.mean():.3f} / {ours.mean():.3f}"
    yield "speech queries", "nDCG@10 fused / reranked", figures, None
    yield from of_orders("speech queries", results, ours - fused)


@command(__doc__)
@data_option
@click.option("--prompts", type=click.Path(path_type=Path), default=PROMPTS, show_default=True)
@click.option("--model", default="local:qwen", show_default=True)
@click.option("--first", type=int, help="Ask the first of each set alone.")
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps the libraries.")
def main(data: Path, prompts: Path, model: str, first: int | None, work: Path | None) -> None:
    need(data / "prompts.csv", prompts)
    listed = rows(data / "prompts.csv")
    files = [prompts / row["file"] for row in listed]
    need(*files)
    texts = [less_a_third(row["text"]) for row in listed][:first]
    # The collection opens its library by itself, with the settings of the environment.
    os.environ |= {"SENSORIUM_LLM_MODEL": model, "SENSORIUM_RERANK_SECONDS": f"{_PATIENCE:g}"}
    with indexed_prompts(files, work) as folder, Library.open(folder) as library:
        body = list(of_prompts(library, texts))
    with opened(data, prompts, work and work / "mixed") as collection:
        body += of_speech(collection, first)
    conclude(
        f"Reranking by {model}, {CANDIDATES} candidates a query; {machine()}.",
        ("queries", "measure", "figure"),
        body,
    )


if __name__ == "__main__":
    main()
