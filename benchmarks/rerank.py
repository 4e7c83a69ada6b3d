"""Reranking: gain and cost of small models, and a server whose faults break no search.

    python -m benchmarks.rerank --data DIR [--prompts DIR] [--work DIR]

The spoken prompts are indexed under names that say nothing, and asked for by their texts
less every third word; all of it goes through the facade. The local model (`lm`) must not
be worse than the fused order, nor the cross-encoder (`cross`), which is also asked for what is
said and to be read in the collection of `mixed`: nDCG@10 there, in the half that chose nothing.
The difference is paired, query by query, with a 95 %
interval bootstrapped over the queries. The model's weight was chosen on texts that were
made up for that (`rerank_weight`), as the least of those that do as well as the best.

`llm` is asked at a server on loopback that answers with the same small model, which is
worse at this than any that people would ask: what counts is that an answer is a
permutation, or else the fused order stands and the result says so. Then the server has
faults, one after the other, and must change nothing but the time, and that only as far as
the budget goes.

With --work the library is kept there for the next run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.collection import queries
from benchmarks.common import (
    Row,
    anonymous_copies,
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    fill,
    machine,
    need,
    new_library,
    rows,
    scratch,
)
from benchmarks.metrics import interval
from benchmarks.mixed import Mixed, opened
from benchmarks.speech import PROMPTS, less_a_third
from engine.config import Settings
from engine.generate.chat import Message
from engine.generate.lm import LocalLM
from engine.library.facade import Library
from engine.query.language import quoted
from engine.testing import chat_server as does
from engine.testing.chat_server import Behaviour, Served, serving
from engine.types import SearchResult

_TOP, _RERANKED = 10, 50
_ASKED = 10
"""Queries, and candidates of each, that the server's small model is asked about: it reads
and writes some hundred tokens a second."""
_CANDIDATE_MS = 15
_PATIENCE = 300.0
"""Seconds for one answer of it."""
_SECONDS, _SLACK = 2.0, 0.5
"""Of reranking while the server has faults, and what a search may take beyond."""
_STANDS = "the fused order stands"

FAULTS: dict[str, Behaviour] = {
    "no answer": does.hangs,
    "429, too many requests": does.refuses(429),
    "429, asks to wait an hour": does.refuses(429, Retry_After="3600"),
    "500": does.refuses(500),
    "the connection is lost": does.drops,
    "the body breaks off": does.breaks_off,
    "JSON is cut off": does.says('{"ranking": [3, 1'),
    "no JSON": does.says("Certainly! The best are 3, 1 and 2."),
    "ids that do not exist": does.ranks(2, 1, 999),
    "an id twice": does.ranks(3, 1, 3),
    "headers a byte at a time": does.drips_headers,
    "a body a byte at a time": does.drips,
}

Search = Callable[[str], SearchResult]


# --- the prompts ----------------------------------------------------------------------


@contextmanager
def indexed_prompts(files: Sequence[Path], work: Path | None) -> Iterator[Path]:
    """The folder of a library of ``files``; its names are their places."""
    with scratch() as place:
        folder = work or place
        if not (folder / "library").exists():
            anonymous_copies(files, folder / "media")
            with new_library(folder / "library") as made:
                fill(made, folder / "media")
        yield folder / "library"


def searching(library: Library, rerank: str | None, most: int = _RERANKED) -> Search:
    """Ten hits of a text, of which the first ``most`` were put in order."""
    return lambda text: library.search(quoted(text), top=_TOP, rerank=rerank, rerank_top=most)


def moments(result: SearchResult) -> list[int]:
    return [hit.moment_id for hit in result.hits]


# --- lm -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well the prompts were found, and how fast."""

    ranks: np.ndarray[Any, np.dtype[np.float64]]
    """Of each query's prompt, from 1; infinite where it is not among ten."""
    results: Sequence[SearchResult]

    @classmethod
    def of(cls, search: Search, texts: Sequence[str]) -> Ranking:
        """Where text i asks for the file called i."""
        results = [search(text) for text in texts]
        return cls(np.array([_rank(i, result) for i, result in enumerate(results)]), results)

    @property
    def first(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return (self.ranks == 1).astype(float)

    def shown(self) -> str:
        figures = (self.first, self.ranks <= 5, 1 / self.ranks)
        return " / ".join(f"{figure.mean():.3f}" for figure in figures)

    def median_ms(self, stage: str) -> float:
        return float(np.median([result.took_ms[stage] for result in self.results]))


def _rank(place: int, result: SearchResult) -> float:
    found = [int(Path(hit.path).stem) for hit in result.hits]
    return found.index(place) + 1 if place in found else np.inf


def of_a_local_model(
    name: str, library: Library, texts: Sequence[str], limit_ms: float | None = None
) -> Iterator[Row]:
    """R@1, R@5 and MRR@10 with and without; times."""
    fused = Ranking.of(searching(library, None), texts)
    candidates = [len(searching_wide(library, text).hits) for text in texts]
    ours = Ranking.of(searching(library, name), texts)
    gains = ours.first - fused.first
    low, high = interval(gains)
    measures = "R@1 / R@5 / MRR@10"
    yield "fused order", measures, fused.shown(), None
    yield name, measures, ours.shown(), None
    yield (
        f"{name} less fused order", "R@1, 95 %", f"{gains.mean():+.3f} ({low:+.3f} to {high:+.3f})",
        at_least(float(gains.mean()), 0, "not below"),
    )  # fmt: skip
    yield "fused order", "a query, median", f"{fused.median_ms('total'):.0f} ms", None
    per_candidate = sum(r.took_ms["rerank"] for r in ours.results) / sum(candidates)
    seconds = ours.median_ms("rerank") / 1e3
    yield name, "a query more, median", f"{seconds:.1f} s", None
    quick = None if limit_ms is None else at_most(per_candidate, limit_ms)
    yield name, "a candidate", f"{per_candidate:.0f} ms", quick
    yield name, "loading", f"{ours.results[0].took_ms['load'] / 1e3:.1f} s", None
    unfinished = sum(bool(result.notes) for result in ours.results)
    yield name, "queries not done in time", f"{unfinished} of {len(texts)}", None


def searching_wide(library: Library, text: str) -> SearchResult:
    """All that is reranked of a text."""
    return library.search(quoted(text), top=_RERANKED)


# --- cross, on what is said and to be read in a mixed collection -----------------------


def of_words_in_a_mixed_collection(collection: Mixed) -> Iterator[Row]:
    """Compare nDCG@10 of the queries for what is said and to be read, with `cross` and without."""
    asked = [query for query in queries() if {"said", "screen"} & set(query.groups)]
    test = np.array([query.split == "test" for query in asked])
    fused, ours = (
        collection.ndcg(lambda text, s=search: s(text).hits, asked)
        for search in (searching(collection.library, None), searching(collection.library, "cross"))
    )
    halves = [f"{v[~test].mean():.3f} / {v[test].mean():.3f}" for v in (fused, ours)]
    measure = f"nDCG@10, {len(asked)} queries said or to be read, dev / test"
    yield "fused order", measure, halves[0], None
    yield "cross", measure, halves[1], None
    gains = (ours - fused)[test]
    low, high = interval(gains)
    yield (
        "cross less fused order", "nDCG@10, test, 95 %",
        f"{gains.mean():+.3f} ({low:+.3f} to {high:+.3f})",
        at_least(float(gains.mean()), 1e-9, "above"),
    )  # fmt: skip


# --- llm ------------------------------------------------------------------------------


def small_model(settings: Settings) -> Behaviour:
    """A server's model that is really there."""
    lm = LocalLM(settings)
    lm.load()

    def reply(body: dict[str, Any]) -> str:
        messages = [Message.from_text(m["role"], m["content"]) for m in body["messages"]]
        return lm.reply(messages, most_tokens=body["max_tokens"])

    return does.answers(reply)


def of_a_server(library: Library, texts: Sequence[str]) -> Iterator[Row]:
    """What becomes of the answers of a small model."""
    fused = [searching(library, None)(text) for text in texts]
    asked = [searching(library, "llm", _ASKED)(text) for text in texts]
    stood = [any(_STANDS in note for note in result.notes) for result in asked]
    right = [
        moments(one) == moments(other)
        if flagged
        else sorted(moments(one)) == sorted(moments(other))
        for one, other, flagged in zip(asked, fused, stood, strict=True)
    ]
    partly = sum("left out" in note for result in asked for note in result.notes)
    seconds = np.median([result.took_ms["rerank"] for result in asked]) / 1e3
    model = f"llm by {LocalLM.model}"
    yield model, "usable orders", f"{stood.count(False)} of {len(texts)}, {partly} in part", None
    yield model, "else the fused order, flagged", f"{stood.count(True)} of {len(texts)}", None
    yield (
        model, "answers that lost no hit", f"{sum(right)} of {len(texts)}",
        at_least(sum(right), len(texts), "all"),
    )  # fmt: skip
    yield model, f"a query of {_ASKED}, median", f"{seconds:.1f} s", None


def of_faults(
    library: Library, served: Served, text: str, faults: Mapping[str, Behaviour] = FAULTS
) -> Iterator[Row]:
    """A server's faults, one a row: seconds, and ``ok`` or ``NO``."""
    fused = searching(library, None)(text)
    for name, behaviour in faults.items():
        served.behaviours = [behaviour]
        began = time.monotonic()
        result = searching(library, "llm")(text)
        seconds = time.monotonic() - began
        same = moments(result) == moments(fused) and len(fused.hits) > 1
        flagged = any(_STANDS in note for note in result.notes)
        limit = _SECONDS + _SLACK
        ok = at_most(seconds if same and flagged else np.inf, limit, f"ok in {limit:g} s")
        verdict = "ok" if ok.reached else "NO"
        yield f"fault: {name}", "fused order, flagged", f"{verdict}, {seconds:.2f} s", ok


@contextmanager
def asking(url: str) -> Iterator[None]:
    """Whoever asks a server of chats, asks this one."""
    names = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none", "NO_PROXY": "*"}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})


def measured(folder: Path, texts: Sequence[str]) -> Iterator[Row]:
    """All rows."""
    settings = Settings.from_env()
    with Library.open(folder, settings=settings) as library:
        yield from of_a_local_model("cross", library, texts, _CANDIDATE_MS)
        yield from of_a_local_model("lm", library, texts)
    with serving(small_model(settings)) as served, asking(served.url):
        patient = replace(settings, rerank_seconds=_PATIENCE)
        with Library.open(folder, settings=patient) as library:
            yield from of_a_server(library, texts[:_ASKED])
        hurried = replace(settings, rerank_seconds=_SECONDS)
        with Library.open(folder, settings=hurried) as library:
            yield from of_faults(library, served, texts[0])


@command(__doc__)
@data_option
@click.option("--prompts", type=click.Path(path_type=Path), default=PROMPTS, show_default=True)
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps the library.")
def main(data: Path, prompts: Path, work: Path | None) -> None:
    need(data / "prompts.csv", prompts)
    listed = rows(data / "prompts.csv")
    files = [prompts / row["file"] for row in listed]
    need(*files)
    texts = [less_a_third(row["text"]) for row in listed]
    with indexed_prompts(files, work) as folder:
        body = list(measured(folder, texts))
    with opened(data, prompts, work and work / "mixed") as collection:
        body += of_words_in_a_mixed_collection(collection)
    conclude(
        f"Reranking, {len(files)} spoken prompts, their texts less every third word; {machine()}.",
        ("ranking", "measure", "figure"),
        body,
    )


if __name__ == "__main__":
    main()
