"""Scores, hits and reports as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.types.media import Failure, Kind, Modality
from engine.types.query import Branch, Plan, Query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.types.arrays import MomentIds


@dataclass(frozen=True, slots=True, eq=False)
class BranchScores:
    """What one branch says of the candidates that it can score."""

    branch: Branch
    ids: MomentIds
    """(n,), int64, ascending."""
    raw: NDArray[np.float64]
    """(n,): cosine similarity in [-1, 1], or BM25 (higher is better) for words."""
    log_odds: NDArray[np.float64]
    """(n,): ``raw`` against its background, in nats; comparable between branches."""
    mean: NDArray[np.float64] | None = None
    """(n,): what is expected of each moment; None for words, which have no background."""
    std: float | None = None
    """The deviation of pairs that do not belong together."""


@dataclass(frozen=True, slots=True)
class BranchOutcome:
    """What came of one branch."""

    branch: Branch
    found: int
    """Moments that it brought into the ranking."""
    ms: float
    skipped: bool = False
    """The deadline came first."""


@dataclass(frozen=True, slots=True)
class Why:
    """What one branch contributed to a hit."""

    branch: str
    space: str | None
    raw: float
    log_odds: float
    """The raw score against the background of its modality, in nats, before its weight."""
    weight: float = 1.0
    asked: str = ""
    """The text or the example that this is about."""
    mean: float | None = None
    """What is expected of the moment, with which ``raw`` is compared; None for words."""
    std: float | None = None
    """The deviation of pairs that do not belong together."""
    words: str | None = None
    """What was said, or the tags that matched."""


@dataclass(frozen=True, slots=True)
class Span:
    """The moment of an asset that answers one stage, or one part, of a query."""

    moment_id: int
    modality: Modality
    start: float | None
    end: float | None
    asked: str
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A fused result that the user sees. Times are seconds, None for a picture."""

    rank: int
    score: float
    kind: Kind
    path: str
    asset_id: int
    moment_id: int
    modality: Modality
    start: float | None
    end: float | None
    why: tuple[Why, ...]
    more: int = 0
    """Further moments that belong together with this one, of those that were found."""
    spans: tuple[Span, ...] = ()
    """Where each stage is answered, for a query that has several; and for interaction,
    where each part is."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one query, best first, with what came of it."""

    query: Query
    hits: tuple[Hit, ...]
    took_ms: Mapping[str, float] = field(default_factory=dict)
    """Per stage."""
    plan: Plan | None = None
    outcomes: tuple[BranchOutcome, ...] = ()
    refills: int = 0
    """How often more candidates were asked for, because too few hits were left of them."""
    below: int = 0
    """Moments that were found and left out, because they are no better than the background."""
    partial: bool = False
    """The deadline came before every branch had run."""
    reranked: str | None = None
    """What reranked the hits; None where the fused order stands."""
    notes: tuple[str, ...] = ()
    """What is not as it was asked, and why, a line each."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one run of ``index`` did. Counts are files unless they say otherwise."""

    found: int = 0
    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: int = 0
    """Files that are no media at all."""
    failed: int = 0
    moments: int = 0
    """Moments committed in this run."""
    seconds: float = 0.0
    dry_run: bool = False
    failures: tuple[Failure, ...] = ()
