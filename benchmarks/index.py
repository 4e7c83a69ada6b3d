"""Recall, time, memory and disk of the indexes, against flat float32 search.

    python -m benchmarks.index --data DIR [--rows 59000] [--dim 384] [--work DIR]

At 59,000 rows the vectors are the real ones; more are grown out of them (`grow`), in
the folder --work, which needs two bytes a dimension and row twice. An index is built by
the same functions as `sensorium index` uses, with the same bank of queries' size (230),
half of the held out queries; what is reported is measured with the other half. Flat
search is FAISS's IndexFlatIP, on one thread or all, whichever is faster; past what
memory holds it is timed on a part and scaled by the rows.

Memory is what a process adds to its own when it opens the index and has answered all
queries: private memory, and pages of the index's files. Pages of the exact vectors are
not counted: the system drops them when it needs room.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import (
    Row,
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    need,
    scratch,
)
from benchmarks.grow import Real, grown, spectrum
from engine.config import Settings
from engine.index.allowed import Allowed
from engine.index.build import BuildOptions, SnapshotWriter, build_snapshot
from engine.index.exact import import_faiss
from engine.index.snapshot import VECTORS, Manifest, Snapshot
from engine.types.arrays import MomentIds, Vectors

_REAL = 59_000
_TOP = 10
_TEXTS = 230
_SHARES = (0.5, 0.05, 0.005, 0.00005)
_FLAT_ROWS = 1_000_000
"""Rows past which flat search is timed on a part."""
_CHUNK = 65_536


def _copied(real: Real, rows: int, folder: Path) -> None:
    """The vectors, as a refresh would copy them out of the log."""
    copy, last = SnapshotWriter(folder), 0
    parts = [real.base.astype(np.float16)] if rows == _REAL else grown(real.base, rows)
    for part in parts:
        copy.append(np.arange(last + 1, last + len(part) + 1), part)
        last += len(part)
    copy.finish()


def _exact(
    vectors: NDArray[np.float16], queries: Vectors, places: MomentIds | None = None
) -> NDArray[np.int64]:
    """The ids (q, 10) of the true neighbours, by scoring all."""
    faiss = import_faiss()
    count = len(vectors) if places is None else len(places)
    scores = np.empty((len(queries), 0), np.float32)
    ids = np.empty((len(queries), 0), np.int64)
    for first in range(0, count, _CHUNK):
        at = np.arange(first, min(first + _CHUNK, count))
        at = at if places is None else places[at]
        some = min(_TOP, len(at))
        rows = vectors[at].astype(np.float32)
        new, found = faiss.knn(queries, rows, some, metric=faiss.METRIC_INNER_PRODUCT)
        scores, ids = np.hstack([scores, new]), np.hstack([ids, at[found] + 1])
        order = np.argsort(-scores, axis=1)[:, :_TOP]
        scores, ids = np.take_along_axis(scores, order, 1), np.take_along_axis(ids, order, 1)
    return ids


def _milliseconds(ask: Callable[[Vectors], object], queries: Vectors) -> float:
    """The median time of a query alone."""
    taken = []
    for query in (*queries[:5], *queries):
        started = time.perf_counter()
        ask(query)
        taken.append((time.perf_counter() - started) * 1e3)
    return median(taken[5:])


def _flat(vectors: NDArray[np.float16], queries: Vectors) -> float:
    """Milliseconds of flat float32 search, on one thread or all, whichever is faster."""
    faiss = import_faiss()
    part = vectors[:_FLAT_ROWS]
    flat = faiss.IndexFlatIP(part.shape[1])
    for first in range(0, len(part), _CHUNK):
        flat.add(part[first : first + _CHUNK].astype(np.float32))
    took = []
    for threads in {1, faiss.omp_get_max_threads()}:
        faiss.omp_set_num_threads(threads)
        took.append(_milliseconds(lambda query: flat.search(query[None], _TOP), queries[:40]))
    return min(took) * len(vectors) / len(part)


def _recall(found: list[MomentIds], truth: NDArray[np.int64]) -> float:
    return float(np.mean([np.isin(t, f).mean() for f, t in zip(found, truth, strict=True)]))


# --- a process of its own, whose memory is the index's ------------------------------

_CHILD = """
import sys
from benchmarks.index import memory
memory(*sys.argv[1:])
"""


def _private() -> int:
    """Bytes of this process that are no file's."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["RssAnon"].split()[0]) * 1024


def _mapped(folder: Path) -> int:
    """Resident bytes of the files in a folder, its exact vectors aside."""
    total, counting = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ", 1)[0]:
            counting = str(folder) in line and not line.endswith(VECTORS)
        elif counting and line.startswith("Rss:"):
            total += int(line.split()[1]) * 1024
    return total


def memory(folder: str, queries: str) -> None:
    """Print bytes that opening and asking adds, those that are private and those that are
    mapped, and seconds of opening."""
    rows = np.load(queries)
    import_faiss().knn(rows[:2], rows[:4], 1)
    before = _private()
    started = time.perf_counter()
    snapshot = Snapshot(Path(folder))
    opened = time.perf_counter() - started
    for query in rows:
        snapshot.search(query, _TOP)
    print(_private() - before, _mapped(Path(folder)), opened)


def _memory(folder: Path, queries: Vectors) -> tuple[int, int, float]:
    file = folder.parent / "queries.npy"
    np.save(file, queries)
    child = [sys.executable, "-c", _CHILD, str(folder), str(file)]
    said = subprocess.run(child, check=True, capture_output=True, text=True).stdout.split()
    return int(said[0]), int(said[1]), float(said[2])


# --- a graph, for comparison --------------------------------------------------------


def _graph(vectors: NDArray[np.float16], queries: Vectors, goal: float) -> Iterator[Row]:
    """HNSW32 over the same vectors, searched as little as the goal lets it."""
    faiss = import_faiss()
    faiss.omp_set_num_threads(Settings().threads)
    graph = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = 200
    started = time.perf_counter()
    graph.add(vectors.astype(np.float32))
    built = time.perf_counter() - started
    faiss.omp_set_num_threads(1)
    truth = _exact(vectors, queries)
    for visited in (32, 48, 64, 96, 128, 192, 256, 512):
        options = faiss.SearchParametersHNSW(efSearch=visited)

        def ask(query: Vectors, options: object = options) -> MomentIds:
            ids: MomentIds = graph.search(query[None], _TOP, params=options)[1][0] + 1
            return ids

        recall = _recall([ask(query) for query in queries], truth)
        if recall >= goal:
            break
    took = _milliseconds(ask, queries)
    shown = f"recall@10 {recall:.3f} in {took:.2f} ms, built in {built:.0f} s"
    yield f"HNSW32, efSearch {visited}, for comparison", "one query", shown, None


# --- rows of the table ---------------------------------------------------------------


def _searches(made: Snapshot, vectors: NDArray[np.float16], real: Real, rows: int) -> Iterator[Row]:
    half = slice(0, None, 2)
    kinds = {"held out texts": real.queries()[half]}
    if rows != _REAL:
        kinds["queries with a modality gap"] = real.gap_queries()[half]
    goal, times = (0.98, 10) if rows == _REAL else (0.95, 40)
    for name, queries in kinds.items():
        truth = _exact(vectors, queries)
        found = [made.search(query, _TOP)[0] for query in queries]
        recall = _recall(found, truth)
        yield name, "recall@10", f"{recall:.3f}", at_least(recall, goal)
        flat = _flat(vectors, queries)
        ours = _milliseconds(lambda query: made.search(query, _TOP), queries)
        # The issue asks for the time at 59,000 and at a million.
        asked = rows <= _FLAT_ROWS
        limit = at_most(ours / flat, 1 / times, f"<= 1/{times}") if asked else None
        shown = f"{ours:.2f} ms, 1/{flat / ours:.0f} of flat's {flat:.1f}"
        yield name, "one query", shown, limit


def _filters(made: Snapshot, vectors: NDArray[np.float16], real: Real) -> Iterator[Row]:
    queries = real.gap_queries()[0:200:2]
    chance = np.random.default_rng(5).random(len(vectors))
    for share in _SHARES:
        allowed = Allowed(np.flatnonzero(chance < share) + 1)
        started = time.perf_counter()
        rows = allowed.rows(made.ids, share)
        made.search(queries[0], _TOP, rows)
        prepared = (time.perf_counter() - started) * 1e3
        truth = _exact(vectors, queries, allowed.ids - 1)
        recall = _recall([made.search(query, _TOP, rows)[0] for query in queries], truth)
        plain = _milliseconds(lambda query: made.search(query, _TOP), queries)
        ours = _milliseconds(lambda query, rows=rows: made.search(query, _TOP, rows), queries)
        name = f"filter that keeps {share * 100:g} %"
        yield name, "recall@10", f"{recall:.3f}", at_least(recall, 0.95)
        shown = f"{ours:.2f} ms, {ours / plain:.2f}x of unfiltered; {prepared:.0f} ms to prepare"
        yield name, "one query", shown, at_most(ours / plain, 3, "<= 3x")


def _sizes(about: Manifest, folder: Path, queries: Vectors, peak: int) -> Iterator[Row]:
    raw = 4 * about.count * about.dim
    private, mapped, opened = _memory(folder, queries)
    disk = sum(file.stat().st_size for file in folder.iterdir())
    share = (private + mapped) / raw
    memory_ = f"{share:.3f} of float32: {private / 1e6:.0f} MB, {mapped / 1e6:.0f} MB mapped"
    yield "the index", "memory", memory_, at_most(share, 0.3)
    yield "the index", "opening", f"{opened:.3f} s", at_most(opened, 1, "< 1 s")
    yield "the index", "disk", f"{disk / 1e9:.2f} GB", None
    yield "the build", "time", f"{about.seconds:.0f} s", None
    yield "the build", "peak of private memory", f"{peak / 1e9:.2f} GB", None


@contextmanager
def _watched(peak: list[int]) -> Iterator[None]:
    """Note the most private memory that this process has meanwhile."""
    from threading import Event, Thread

    done, before = Event(), _private()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], _private() - before)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@command(__doc__)
@data_option
@click.option("--rows", default=_REAL, show_default=True, type=click.IntRange(_REAL))
@click.option("--dim", default=384, show_default=True, type=click.IntRange(384, 512))
@click.option("--work", type=click.Path(path_type=Path), help="Folder for the vectors.")
@click.option("--recall", default=None, type=float, help="Target of the build.")
def main(data: Path, rows: int, dim: int, work: Path | None, recall: float | None) -> None:
    need(data / "vectors" / "texts-60k.f16.npy")
    with scratch() as place:
        folder = (work or place) / f"{rows}x{dim}"
        real = Real.load(data, dim)
        _copied(real, rows, folder)
        texts = real.queries() if rows == _REAL else real.gap_queries()
        wanted = BuildOptions(recall=recall or (0.98 if rows == _REAL else 0.95))
        peak = [0]
        with _watched(peak):
            about = build_snapshot(folder, dim, texts[1::2][:_TEXTS], wanted)
        made = Snapshot(folder)
        vectors = made.stored()
        body = [*_searches(made, vectors, real, rows)]
        if rows > _REAL:
            body += _filters(made, vectors, real)
        else:
            body += _graph(vectors, texts[::2], 0.98)
        body += _sizes(about, folder, texts[::2], peak[0])
        grew = spectrum(vectors[:: max(rows // 20_000, 1)])
        caption = (
            f"{rows:,} vectors of {dim} dimensions as {about.key}, {about.tuning.lists} lists and"
            f" {about.tuning.candidates} candidates a query; {machine()}. Variance in the first 10,"
            f" 50 and 200 directions: {grew}, of the real ones: {spectrum(real.base)}."
        )
        variant = "" if rows == _REAL and dim == 384 else f"{rows}x{dim}"
        conclude(caption, ("what", "measure", "figure"), body, variant=variant)


if __name__ == "__main__":
    main()
