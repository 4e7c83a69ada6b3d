"""All near pairs of a million vectors: recall, memory and time, against brute force.

    python -m benchmarks.near --data DIR [--count N] [--brute-rows N]

The vectors are mixtures of the measuring texts, a tenth of them near copies of others. The
truth is computed for --brute-rows of them, by all products; brute force over all is that,
extrapolated, each pair once.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

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
from engine.curate.copies.similarity_join import pairs
from engine.index.matrix import MomentVectors


def _vectors(data: Path, count: int, at: Path) -> NDArray[np.float16]:
    """The measuring texts, and noisy mixtures of them: a tenth are near copies of others."""
    file = data / "vectors" / "texts-60k.f16.npy"
    need(file)
    seeds = np.load(file).astype(np.float32)
    rng = np.random.default_rng(0)
    made = np.memmap(at, np.float16, "w+", shape=(count, seeds.shape[1]))
    for first in range(0, count, 20_000):
        size = min(20_000, count - first)
        one, two = seeds[rng.integers(0, len(seeds), (2, size))]
        share = np.where(rng.uniform(size=(size, 1)) < 0.1, 0.05, rng.uniform(0.3, 0.7, (size, 1)))
        rows = (1 - share) * one + share * two
        rows += rng.standard_normal(rows.shape) * (0.15 / np.sqrt(seeds.shape[1]))
        made[first : first + size] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    made.flush()
    return made.view(np.ndarray)


def _million(data: Path, count: int, brute_rows: int, threshold: float) -> None:
    with scratch() as folder:
        vectors = _vectors(data, count, folder / "vectors.f16")
        ids = np.arange(1, count + 1)
        rows = MomentVectors(ids, ids, vectors)
        asked = np.sort(np.random.default_rng(1).choice(count, brute_rows, replace=False))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started, held, total = time.monotonic(), [], 0
        wanted = np.zeros(count, np.bool_)
        wanted[asked] = True
        for part in pairs(rows, threshold):
            total += len(part.first)
            of_sample = wanted[part.first] | wanted[part.second]
            held.append(np.stack([part.first[of_sample], part.second[of_sample]], axis=1))
        seconds = time.monotonic() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        listed = set(map(tuple, np.concatenate(held).tolist())) if held else set()
        truth, brute = _brute(rows, asked, threshold)
        recall = len(truth & listed) / max(len(truth), 1)
        body: list[Row] = [
            ("recall of the exact answer", f"{recall:.4f}", at_least(recall, 0.99)),
            ("pairs that are none", f"{len(listed - truth)}", at_most(len(listed - truth), 0)),
            (
                "peak memory, mapped files included",
                f"{peak:.2f} GiB",
                at_most(peak, 3.0, "<= 3 GiB"),
            ),
            ("time", f"{seconds:.0f} s", None),
            (
                f"brute force, from {brute_rows} rows",
                f"{brute * count / brute_rows / 2:.0f} s",
                None,
            ),
        ]
        conclude(
            f"All {total} pairs of {count} vectors ({vectors.shape[1]}-d) with a cosine of"
            f" {threshold} or more; {before / 2**20:.2f} GiB before. Brute force is each pair once,"
            f" by matrix products; {machine()}.",
            ("measure", "value"),
            body,
        )


def _brute(
    rows: MomentVectors, asked: NDArray[np.int64], threshold: float
) -> tuple[set[object], float]:
    """The true pairs of some rows with all, and the seconds that took."""
    started, found = time.monotonic(), []
    queries = rows.rows(asked)
    for at, block in rows.blocks():
        one, two = np.nonzero(queries @ block.T >= threshold)
        found.append(np.sort(np.stack([asked[one], two + at], axis=1), axis=1))
    listed = np.concatenate(found)
    return set(map(tuple, listed[listed[:, 0] < listed[:, 1]].tolist())), time.monotonic() - started


@command(__doc__)
@data_option
@click.option("--count", default=1_000_000, show_default=True, help="Vectors.")
@click.option("--brute-rows", default=2_000, show_default=True)
@click.option("--threshold", default=0.95, show_default=True)
def main(data: Path, count: int, brute_rows: int, threshold: float) -> None:
    _million(data, count, brute_rows, threshold)


if __name__ == "__main__":
    main()
