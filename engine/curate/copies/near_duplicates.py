"""Find groups of files that are the same byte by byte, or to eye and ear.

Stored vectors are the first sieve: they cost no decoding, where a perceptual hash would
have to read every file. Pairs that pass are compared closely (``verify``). Groups are what
is connected by a comparison; a pair that is connected already is not compared again, so
that a group of n costs about n comparisons.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.common.progress import NO_PROGRESS, Progress
from engine.common.vectors import chunks
from engine.curate.copies.keepers import KeeperRule, keeper, keeper_rules
from engine.curate.copies.similarity_join import best_pairs
from engine.curate.copies.union_find import DisjointSets, numbered
from engine.curate.copies.verify import MakeThumbnail, MomentPair, PairVerdict, PairVerifier
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
"""Cosine from which two are taken for copies without a closer look."""
_MODALITY = {Kind.IMAGE: Modality.IMAGE, Kind.VIDEO: Modality.KEYFRAME, Kind.AUDIO: Modality.SOUND}
_COVERED = 0.7
"""Part of the moments of both that must have one like them in the other, at its time."""
_PAIRS_PER_READ = 1_000
"""Pairs of assets whose facts are read at a time."""

_TRIES = 6
"""Comparisons that may fail for both of a pair before it is not looked at any more.

A copy is mostly nearer than what is only alike, and the nearest come first.
"""

SimilarMoments = tuple[float, int, int]
"""The cosine of two moments, and their ids."""

KEEPER, DUPLICATE = "keeper", "duplicate"


@dataclass(frozen=True, slots=True)
class DuplicateOptions:
    """Options of a search for duplicates."""

    kinds: tuple[Kind, ...] = (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO)
    under: tuple[str, ...] | None = None
    """Files and folders, absolute; None means all."""
    exact: bool = False
    """Only files with the same bytes."""
    threshold: float | None = None
    """Cosine from which two are looked at, or taken for copies; None for the kind's own."""
    by_cosine: bool = False
    """Decide by the cosine, without a closer look."""
    seed: int = 0
    keep: tuple[str, ...] = ()
    """Rules of which file of a group is kept, before those by default; see ``keeper_rules``."""

    def settings(self) -> dict[str, object]:
        """Return all of this as JSON can hold it."""
        return {
            "kinds": [kind.value for kind in self.kinds],
            "under": None if self.under is None else list(self.under),
            "exact": self.exact,
            "thresholds": {kind.value: self.least(kind) for kind in self.kinds},
            "by_cosine": self.by_cosine,
            "keeper": [rule.name for rule in keeper_rules(self.keep)],
            "seed": self.seed,
        }

    def least(self, kind: Kind) -> float:
        """Return the cosine that counts for a kind."""
        if self.threshold is not None:
            return self.threshold
        return BY_COSINE if self.by_cosine else THRESHOLDS[kind]


@dataclass(frozen=True, slots=True)
class Edge:
    """Two assets that are the same, and why."""

    first: int
    second: int
    score: float
    """The greatest cosine of their moments; 1 for the same bytes."""
    why: str


@dataclass(slots=True)
class DuplicatePairs:
    """Pairs of assets that are the same, and files that could not be compared."""

    edges: list[Edge] = field(default_factory=list)
    compared: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)


def find(
    store: Store,
    towers: Towers,
    thumbnail: MakeThumbnail,
    options: DuplicateOptions,
    progress: Progress = NO_PROGRESS,
) -> DuplicatePairs:
    """Find pairs of assets that connect all which are the same.

    Args:
        towers: of the library; they say which spaces are of likeness, and load no weights.
        thumbnail: gives the picture of a moment.

    Raises:
        ExtraMissing: OpenCV is not installed, and pictures are to be looked at.
    """
    found = DuplicatePairs()
    known = _known(store, options)
    ids, place = numbered(known)
    union = DisjointSets(len(ids))
    for group in store.same_content():
        here = [asset_id for asset_id in group if asset_id in known]
        for other in here[1:]:
            union.join(place[here[0]], place[other])
            found.edges.append(Edge(here[0], other, 1.0, "the same bytes"))
    if options.exact:
        return found
    again = frozenset(edge.second for edge in found.edges)
    verifier = None if options.by_cosine else PairVerifier(thumbnail)
    for kind in options.kinds:
        space, modality = likeness(towers, kind)
        rows = gather_moments(store, space, [modality], [kind], options.under, again)
        if len(rows) > 1:
            progress.message(f"comparing {len(rows)} moments of {kind.value}s")
            _PairComparison(
                store, kind, rows, options, verifier, union, place, found, progress
            ).run()
    if verifier is not None:
        found.unreadable = verifier.unreadable
    return found


def _known(store: Store, options: DuplicateOptions) -> set[int]:
    return {a.asset_id for a in store.assets(options.under) if a.kind in options.kinds}


def likeness(towers: Towers, kind: Kind) -> tuple[str, Modality]:
    """Return the space in which files of a kind are alike, and their modality there."""
    space = towers.sounds if kind is Kind.AUDIO else towers.looks
    return space.name, _MODALITY[kind]


@dataclass(eq=False)
class _PairComparison:
    """Compare the assets of one kind that have moments alike."""

    store: Store
    kind: Kind
    rows: MomentVectors
    options: DuplicateOptions
    verifier: PairVerifier | None
    union: DisjointSets
    place: Mapping[int, int]
    found: DuplicatePairs
    progress: Progress
    _failed: dict[int, int] = field(default_factory=dict)

    def run(self) -> None:
        """Compare every pair of assets that have moments alike, in order of their rows."""
        near = best_pairs(self.rows, self.options.least(self.kind), self.options.seed)
        first, second = self.rows.assets[near.first], self.rows.assets[near.second]
        low, high = np.minimum(first, second), np.maximum(first, second)
        moments = np.where(
            (first <= second)[:, None],
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
        for part in chunks(best, _PAIRS_PER_READ):
            spans = [(begins[i], ends[i]) for i in part]
            facts = self.store.facts({int(of[i]) for i, _ in spans for of in (low, high)})
            for begin, end in spans:
                alike = [
                    (float(cosines[i]), int(moments[i, 0]), int(moments[i, 1]))
                    for i in order[begin:end]
                ]
                self._compare(facts[int(low[begin])], facts[int(high[begin])], alike)
                self.progress.advance()

    def _compare(
        self, first: AssetFacts, second: AssetFacts, alike: Sequence[SimilarMoments]
    ) -> None:
        places = self.place[first.asset_id], self.place[second.asset_id]
        if self.union.are_connected(*places):
            return
        failed = self._failed
        if min(failed.get(place, 0) for place in places) >= _TRIES:
            return
        verdict = self._judge(first, second, alike)
        self.found.compared += 1
        if verdict.same:
            self.union.join(*places)
            edge = Edge(first.asset_id, second.asset_id, alike[0][0], verdict.why)
            self.found.edges.append(edge)
        else:
            failed.update({place: failed.get(place, 0) + 1 for place in places})

    def _judge(
        self, first: AssetFacts, second: AssetFacts, near: Sequence[SimilarMoments]
    ) -> PairVerdict:
        alike = [(of_first, of_second) for _, of_first, of_second in near]
        if not self._covered(first.asset_id, second.asset_id, alike):
            return PairVerdict(False, "only a part is alike")
        if self.verifier is None:
            return PairVerdict(True, f"cosine {near[0][0]:.3f}")
        verdict = self.verifier.compare(first, second, alike)
        return PairVerdict(verdict.same, f"{verdict.why}; cosine {near[0][0]:.3f}")

    def _covered(self, first: int, second: int, alike: Sequence[MomentPair]) -> bool:
        """Tell whether most moments of both have one like them in the other, at its time.

        An intro, or a black first frame, that two videos share does not make them one.
        """
        ours, theirs = self.store.moments_of(first), self.store.moments_of(second)
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


def findings(
    store: Store, edges: Sequence[Edge], rules: Sequence[KeeperRule] | None = None
) -> list[Finding]:
    """Return the groups that edges connect: each its keeper, then its duplicates by path.

    The reason of a duplicate is the strongest edge of its file, that of a keeper the rules that
    decided for it.

    Args:
        rules: which file of a group is kept; None for the rules by default.
    """
    ids, place = numbered(asset for edge in edges for asset in (edge.first, edge.second))
    union = DisjointSets(len(ids))
    best: dict[int, Edge] = {}
    for edge in sorted(edges, key=lambda edge: -edge.score):
        union.join(place[edge.first], place[edge.second])
        for asset in (edge.first, edge.second):
            best.setdefault(asset, edge)
    facts = store.facts(ids)
    found = []
    for number, group in enumerate(union.groups(), 1):
        members = [facts[ids[i]] for i in group if ids[i] in facts]
        choice = keeper(members, rules)
        kept = choice.file
        found.append(_finding(kept, KEEPER, number, 1.0, choice.why))
        for member in sorted(members, key=lambda member: member.path):
            if member is not kept:
                edge = best[member.asset_id]
                other = facts[edge.second if edge.first == member.asset_id else edge.first]
                why = f"{edge.why}, as {os.fspath(other.path)}"
                found.append(_finding(member, DUPLICATE, number, edge.score, why))
    return found


def _finding(file: AssetFacts, verdict: str, group: int, score: float, why: str) -> Finding:
    return Finding(file.asset_id, None, file.path, verdict, group, min(score, 1.0), why)
