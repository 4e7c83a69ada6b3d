"""Time of planning and fusing alone, for ten branches of a thousand candidates.

    python -m benchmarks.planning

Candidates and their scores are drawn; half of the candidates of a branch are those of
another one, as where two parts of a query ask the same modality. What a whole query
costs beside its encoder and its indexes is in `million`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np

from benchmarks.common import Row, at_most, command, conclude, machine
from engine.query.fuse import fuse
from engine.query.plan import Inventory, SearchableModality, plan, validated
from engine.types import Branch, BranchScores, Fusion, Modality, Plan, Query, QueryPart

_BRANCHES, _CANDIDATES, _MOMENTS = 10, 1_000, 8_000
_TURNS = 200


def _planned() -> Plan:
    """Two parts, each asked of five modalities."""
    held = {"shared": {modality: SearchableModality(_MOMENTS) for modality in Modality}}
    pairs = {("shared", "text", modality): _MOMENTS for modality in Modality}
    inventory = Inventory("shared", "looks", "sounds", held, pairs)
    return plan(
        validated(Query((QueryPart("a dog"), QueryPart("the sea", weight=-0.5)))), inventory
    )


def _drawn(branch: Branch, seed: int) -> BranchScores:
    rng = np.random.default_rng(seed)
    raw = rng.normal(0.2, 0.1, _CANDIDATES)
    ids = np.sort(rng.choice(_MOMENTS, _CANDIDATES, replace=False)).astype(np.int64)
    odds = 1.8 * (raw - 0.2) / 0.1
    return BranchScores(branch, ids, raw, odds, np.full(_CANDIDATES, 0.2), 0.1)


def _milliseconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(_TURNS):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1e3)
    return median(taken)


@command(__doc__)
def main() -> None:
    vectors = [branch for branch in _planned().branches if branch.space]
    scored = [_drawn(branch, seed) for seed, branch in enumerate(vectors)]
    assert len(scored) == _BRANCHES
    body: list[Row] = [("planning", f"{_milliseconds(_planned):.2f} ms", None)]
    for fusion in (Fusion.CALIBRATED, Fusion.RRF, Fusion.WEIGHTED, Fusion.MAX):

        def both(fusion: Fusion = fusion) -> None:
            replace(_planned(), fusion=fusion)
            fuse(scored, fusion)

        took = _milliseconds(both)
        body.append(
            (f"planning and fusing, {fusion}", f"{took:.2f} ms", at_most(took, 5, "< 5 ms"))
        )
    caption = f"{_BRANCHES} branches of {_CANDIDATES:,} candidates; {machine()}; medians."
    conclude(caption, ("what", "takes"), body)


if __name__ == "__main__":
    main()
