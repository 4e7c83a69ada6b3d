"""Selection of a subset: coverage of the choices, and time and memory for a large pool.

    python -m benchmarks.select --data DIR

Coverage is the radius of the choices (Euclidean, between unit vectors): the farthest that
any point lies from its nearest choice. The reference is farthest-first traversal as it is
written with scikit-learn's pairwise distances, on the same real vectors and from the same
first choice; beside both, a random choice. The large pool is grown out of the real vectors
(see `benchmarks/grow.py`), and chosen from in a process of its own; its peak holds Python
with its packages, the vectors in float16, and all that choosing takes.
"""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path

import click
import numpy as np

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
from benchmarks.grow import Real, grown
from engine.curate.asset_vectors import AssetPoints
from engine.curate.selection.kcenter import coverage, k_center
from engine.curate.selection.select import select
from engine.types import Modality
from engine.types.arrays import Vectors

_POINTS, _LARGE = 5_000, 200_000


def _items(rows: np.ndarray) -> AssetPoints:
    numbers = np.arange(len(rows))
    return AssetPoints(Modality.IMAGE, "bench", numbers, numbers, rows.astype(np.float16))


def _reference(rows: Vectors, count: int, first: int) -> list[int]:
    """Farthest-first traversal, a column of distances at a time."""
    from sklearn.metrics import pairwise_distances

    chosen = [first]
    near = pairwise_distances(rows, rows[[first]]).min(axis=1)
    while len(chosen) < count:
        chosen.append(int(near.argmax()))
        near = np.minimum(near, pairwise_distances(rows, rows[[chosen[-1]]]).min(axis=1))
    return chosen


def _radius(items: AssetPoints, places: list[int] | np.ndarray) -> float:
    every = np.arange(len(items))
    return float(np.sqrt(2 * coverage(items, every, items.rows(np.asarray(places)))))


def _stood_for(items: AssetPoints, places: list[int] | np.ndarray) -> float:
    """The mean cosine of all points with their nearest choice."""
    chosen = items.rows(np.asarray(places))
    return float(np.mean(np.concatenate([(r @ chosen.T).max(axis=1) for _, r in items.blocks()])))


def _quality(rows: Vectors, count: int) -> list[Row]:
    items = _items(rows)
    every = np.arange(len(items))
    lazy = k_center(items, count, every, 0).places
    plain = _reference(items.rows(slice(None)), count, 0)
    drawn = np.random.default_rng(0).choice(len(items), count, replace=False)
    ours, theirs = _radius(items, lazy), _radius(items, plain)
    many = [one.place for one in select(items, count, method="facility").choices]
    stands = _stood_for(items, many)
    return [
        (f"k-center, {count} of {len(items):,}: radius", f"{ours:.4f}",
         f"{theirs:.4f} by pairwise distances, {_radius(items, drawn):.4f} at random",
         at_most(ours / theirs, 1.1, "<= 1.1x")),
        (f"facility location, {count} of {len(items):,}: mean cosine with the nearest",
         f"{stands:.4f}", f"{_stood_for(items, drawn):.4f} at random",
         at_least(stands, _stood_for(items, drawn), "above random")),
    ]  # fmt: skip


def _grow(data: Path, file: Path) -> None:
    real, at = Real.load(data), 0
    shape = (_LARGE, real.base.shape[1])
    rows = np.lib.format.open_memmap(file, "w+", np.float16, shape)
    for part in grown(real.base, _LARGE):
        rows[at : at + len(part)] = part
        at += len(part)


def _choose(file: Path, count: int, answer: Connection) -> None:
    items = _items(np.load(file))
    began = time.perf_counter()
    found = k_center(items, count, np.arange(_LARGE), 0)
    answer.send((found.radius, time.perf_counter() - began, _peak(), items.vectors.nbytes))


def _peak() -> int:
    """The most memory that this process has had, in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def _memory(data: Path, count: int) -> list[Row]:
    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe()
    with scratch() as folder:
        file = folder / "large.npy"
        for work in ((_grow, data, file), (_choose, file, count, there)):
            worker = processes.Process(target=work[0], args=work[1:])
            worker.start()
            if work[0] is _choose:
                radius, took, peak, kept = here.recv()
            worker.join()
    mib = 2**20
    return [
        (f"k-center, {count:,} of {_LARGE:,}: peak memory of the process",
         f"{peak / mib:.0f} MiB", f"of which vectors {kept / mib:.0f} MiB",
         at_most(peak / mib, 768, "< 768 MiB")),
        ("the same: time, radius", f"{took:.1f} s", f"{np.sqrt(2 * radius):.4f}", None),
    ]  # fmt: skip


@command(__doc__)
@data_option
@click.option("--count", default=2_000, show_default=True, help="Choices out of the large pool.")
def main(data: Path, count: int) -> None:
    """Print the table."""
    need(data / "vectors" / "texts-60k.f16.npy")
    rows = Real.load(data).base[:_POINTS]
    body = [*_quality(rows, 100), *_quality(rows, 500), *_memory(data, count)]
    caption = f"Selection ({machine()})"
    conclude(caption, ("what", "figure", "against"), body)


if __name__ == "__main__":
    main()
