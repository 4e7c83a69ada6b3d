"""Files that are the same, byte by byte or to eye and ear, in groups with one to keep.

Stored vectors are the first sieve: they cost no decoding, where a perceptual hash would
have to read every file. Who passes is looked at (``looking``). Groups are what is connected
by a comparison; a pair that is connected already is not compared again, so that a group of
n costs about n comparisons.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.common.progress import NO_PROGRESS, Progress
from engine.curate.copies.similarity_join import best_pairs
from engine.curate.copies.union_find import KEEPER_RULE, DisjointSets, keeper, numbered
from engine.curate.copies.verify import Pair, PairVerdict, PairVerifier, Seen
from engine.curate.records import Finding
from engine.encoders.towers import Towers
from engine.index.matrix import MomentVectors, gather_moments
from engine.store import Store
from engine.store.records import AssetFacts
from engine.types import Kind, Modality

THRESHOLDS = {Kind.IMAGE: 0.7, Kind.VIDEO: 0.7, Kind.AUDIO: 0.88}
"""Cosines from which two are looked at. Those of different things in compact's ``looks``
stay below 0.5, and of 12 transforms of a picture 99 in 100 lie above 0.7. In ``sounds``
copies at other rates lie above 0.92, and most different ones above 0.8 as well."""
BY_COSINE = 0.9
"""Cosine from which two are taken for copies where nobody looks."""
_MODALITY = {Kind.IMAGE: Modality.IMAGE, Kind.VIDEO: Modality.KEYFRAME, Kind.AUDIO: Modality.SOUND}
_COVERED = 0.7
"""Part of the moments of both that must have one like them in the other, at its time."""
_AT_ONCE = 1_000
"""Pairs of assets whose facts are read at a time."""

_TRIES = 6
"""Comparisons that may fail for both of a pair before it is not looked at any more: what is
a copy is mostly nearer than what is only alike, and the nearest come first."""

Near = tuple[float, int, int]
"""The cosine of two moments, and their ids."""

KEEPER, DUPLICATE = "keeper", "duplicate"


@dataclass(frozen=True, slots=True)
class DuplicateOptions:
    """What is looked for."""

    kinds: tuple[Kind, ...] = (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO)
    under: tuple[str, ...] | None = None
    """Files and folders, absolute; None means all."""
    exact: bool = False
    """Only files with the same bytes."""
    threshold: float | None = None
    """Cosine from which two are looked at, or taken for copies; None for the kind's own."""
    by_cosine: bool = False
    """Nobody looks: the cosine decides."""
    seed: int = 0

    def settings(self) -> dict[str, object]:
        """As JSON holds it."""
        return {
            "kinds": [kind.value for kind in self.kinds],
            "under": None if self.under is None else list(self.under),
            "exact": self.exact,
            "thresholds": {kind.value: self.least(kind) for kind in self.kinds},
            "by_cosine": self.by_cosine,
            "keeper": KEEPER_RULE,
            "seed": self.seed,
        }

    def least(self, kind: Kind) -> float:
        """The cosine that counts."""
        if self.threshold is not None:
            return self.threshold
        return BY_COSINE if self.by_cosine else THRESHOLDS[kind]


@dataclass(frozen=True, slots=True)
class Edge:
    """Two assets that are the same, and why."""

    one: int
    other: int
    score: float
    """The greatest cosine of their moments; 1 for the same bytes."""
    why: str


@dataclass(slots=True)
class DuplicatePairs:
    """Edges between assets, and what could not be looked at."""

    edges: list[Edge] = field(default_factory=list)
    compared: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)


def find(
    store: Store,
    towers: Towers,
    seen: Seen,
    wanted: DuplicateOptions,
    progress: Progress = NO_PROGRESS,
) -> DuplicatePairs:
    """The pairs of assets that connect all which are the same.

    Args:
        towers: of the library; they say which spaces are of likeness, and load no weights.
        seen: gives the picture of a moment.

    Raises:
        ExtraMissing: OpenCV is not installed, and pictures are to be looked at.
    """
    found = DuplicatePairs()
    known = _known(store, wanted)
    ids, place = numbered(known)
    union = DisjointSets(len(ids))
    for group in store.same_content():
        here = [asset_id for asset_id in group if asset_id in known]
        for other in here[1:]:
            union.join(place[here[0]], place[other])
            found.edges.append(Edge(here[0], other, 1.0, "the same bytes"))
    if wanted.exact:
        return found
    again = frozenset(edge.other for edge in found.edges)
    looker = None if wanted.by_cosine else PairVerifier(seen)
    for kind in wanted.kinds:
        space, modality = likeness(towers, kind)
        rows = gather_moments(store, space, [modality], [kind], wanted.under, again)
        if len(rows) > 1:
            progress.message(f"comparing {len(rows)} moments of {kind.value}s")
            _Near(store, kind, rows, wanted, looker, union, place, found, progress).run()
    if looker is not None:
        found.unreadable = looker.unreadable
    return found


def _known(store: Store, wanted: DuplicateOptions) -> set[int]:
    return {a.asset_id for a in store.assets(wanted.under) if a.kind in wanted.kinds}


def likeness(towers: Towers, kind: Kind) -> tuple[str, Modality]:
    """The space in which files of a kind are alike, and how they are perceived there."""
    space = towers.sounds if kind is Kind.AUDIO else towers.looks
    return space.name, _MODALITY[kind]


@dataclass(eq=False)
class _Near:
    """The assets of one kind that are alike, and then compared."""

    store: Store
    kind: Kind
    rows: MomentVectors
    wanted: DuplicateOptions
    looker: PairVerifier | None
    union: DisjointSets
    place: Mapping[int, int]
    found: DuplicatePairs
    progress: Progress
    _failed: dict[int, int] = field(default_factory=dict)

    def run(self) -> None:
        """Compare every pair of assets that have moments alike, in order of their rows."""
        near = best_pairs(self.rows, self.wanted.least(self.kind), self.wanted.seed)
        one, other = self.rows.assets[near.first], self.rows.assets[near.second]
        low, high = np.minimum(one, other), np.maximum(one, other)
        moments = np.where(
            (one <= other)[:, None],
            np.stack([self.rows.ids[near.first], self.rows.ids[near.second]], axis=1),
            np.stack([self.rows.ids[near.second], self.rows.ids[near.first]], axis=1),
        )
        apart = low != high
        low, high, moments, cosines = (a[apart] for a in (low, high, moments, near.cosines))
        order = np.lexsort((-cosines, high, low))
        low, high = low[order], high[order]
        ends = np.flatnonzero((np.diff(low, append=-1) != 0) | (np.diff(high, append=-1) != 0)) + 1
        begins = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
        best = np.argsort(-cosines[order][begins], kind="stable")
        self.progress.start(f"comparing {self.kind.value}s", len(best), "pairs")
        for at in range(0, len(best), _AT_ONCE):
            spans = [(begins[i], ends[i]) for i in best[at : at + _AT_ONCE]]
            facts = self.store.facts({int(of[i]) for i, _ in spans for of in (low, high)})
            for begin, end in spans:
                alike = [
                    (float(cosines[i]), int(moments[i, 0]), int(moments[i, 1]))
                    for i in order[begin:end]
                ]
                self._take(facts[int(low[begin])], facts[int(high[begin])], alike)
                self.progress.advance()

    def _take(self, one: AssetFacts, other: AssetFacts, alike: Sequence[Near]) -> None:
        places = self.place[one.asset_id], self.place[other.asset_id]
        if self.union.are_one(*places):
            return
        failed = self._failed
        if min(failed.get(place, 0) for place in places) >= _TRIES:
            return
        verdict = self._judge(one, other, alike)
        self.found.compared += 1
        if verdict.same:
            self.union.join(*places)
            edge = Edge(one.asset_id, other.asset_id, alike[0][0], verdict.why)
            self.found.edges.append(edge)
        else:
            failed.update({place: failed.get(place, 0) + 1 for place in places})

    def _judge(self, one: AssetFacts, other: AssetFacts, near: Sequence[Near]) -> PairVerdict:
        alike = [(first, second) for _, first, second in near]
        if not self._covered(one.asset_id, other.asset_id, alike):
            return PairVerdict(False, "only a part is alike")
        if self.looker is None:
            return PairVerdict(True, f"cosine {near[0][0]:.3f}")
        verdict = self.looker.compare(one, other, alike)
        return PairVerdict(verdict.same, f"{verdict.why}; cosine {near[0][0]:.3f}")

    def _covered(self, one: int, other: int, alike: Sequence[Pair]) -> bool:
        """Whether most moments of both have one like them in the other, at its time: an
        intro, or a black first frame, that two videos share does not make them one."""
        ours, theirs = self.store.moments_of(one), self.store.moments_of(other)
        starts = {r.moment_id: r.moment.start or 0.0 for r in (*ours, *theirs)}
        ends = [max((r.moment.end or 0.0 for r in of), default=0.0) for of in (ours, theirs)]
        slack = max(2.0, 0.05 * max(ends))
        level = [p for p in alike if abs(starts.get(p[0], 0) - starts.get(p[1], 0)) <= slack]
        modality = _MODALITY[self.kind]
        shares = []
        for side, of in enumerate((ours, theirs)):
            count = sum(record.moment.modality is modality for record in of)
            shares.append(len({pair[side] for pair in level}) / max(count, 1))
        return min(shares) >= _COVERED


def findings(store: Store, edges: Sequence[Edge]) -> list[Finding]:
    """The groups that edges connect: of each its keeper, then its duplicates by path, each
    with the edge that is its strongest."""
    ids, place = numbered(asset for edge in edges for asset in (edge.one, edge.other))
    union = DisjointSets(len(ids))
    best: dict[int, Edge] = {}
    for edge in sorted(edges, key=lambda edge: -edge.score):
        union.join(place[edge.one], place[edge.other])
        for asset in (edge.one, edge.other):
            best.setdefault(asset, edge)
    facts = store.facts(ids)
    found = []
    for number, group in enumerate(union.groups(), 1):
        members = [facts[ids[i]] for i in group if ids[i] in facts]
        kept = keeper(members)
        found.append(_finding(kept, KEEPER, number, 1.0, f"kept: {KEEPER_RULE}"))
        for one in sorted(members, key=lambda one: one.path):
            if one is not kept:
                edge = best[one.asset_id]
                other = facts[edge.other if edge.one == one.asset_id else edge.one]
                why = f"{edge.why}, as {os.fspath(other.path)}"
                found.append(_finding(one, DUPLICATE, number, edge.score, why))
    return found


def _finding(one: AssetFacts, verdict: str, number: int, score: float, why: str) -> Finding:
    return Finding(one.asset_id, None, one.path, verdict, number, min(score, 1.0), why)
