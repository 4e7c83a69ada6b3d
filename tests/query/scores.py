"""Branches and what they say, for tests of what is made of it."""

from __future__ import annotations

import numpy as np

from engine.types import Branch, BranchScores, Kind, Modality, Moment, MomentRecord, QueryPart


def branch(
    name: str = "text",
    modality: Modality | None = Modality.IMAGE,
    *,
    term: str = "a dog",
    weight: float = 1.0,
    stage: int = 0,
    space: str | None = "words",
) -> Branch:
    part = QueryPart(term, weight=1.0 if weight > 0 else -1.0)
    return Branch(name, space if modality else None, modality, (part,), weight, stage)


def scored(of: Branch, **log_odds: float) -> BranchScores:
    """``scored(TEXT, m1=3.0)``: moment 1 has three nats; raw scores are a tenth of them."""
    ids = sorted(int(name[1:]) for name in log_odds)
    odds = np.array([log_odds[f"m{i}"] for i in ids], np.float64)
    return BranchScores(of, np.array(ids, np.int64), odds / 10, odds)


def record(
    moment_id: int,
    asset: int = 1,
    modality: Modality = Modality.IMAGE,
    start: float | None = None,
    end: float | None = None,
) -> MomentRecord:
    return MomentRecord(moment_id, asset, f"/{asset}", Kind.VIDEO, Moment(modality, start, end))
