"""Verify that a library is what its catalog says, and change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.common.id_sets import look_up
from engine.common.progress import NO_PROGRESS, Progress
from engine.common.shown_as_text import ShownAsText
from engine.errors import LibraryUnavailable, StoreError
from engine.store import recovery, segments
from engine.store.curation_records import ActState
from engine.store.records import SegmentInfo
from engine.store.store import Store
from engine.types import Space
from engine.types.arrays import MomentIds

_LENGTH_TOLERANCE = 1e-3
"""Largest difference of a vector's length from 1."""


class HealthProblem(str):
    """One line that says what is wrong, with the way out; ``code`` says it to a program."""

    code: str

    def __new__(cls, code: str, line: str) -> HealthProblem:
        problem = super().__new__(cls, line)
        problem.code = code
        return problem


@dataclass(frozen=True, slots=True)
class VerifyReport(ShownAsText):
    """The result of a verification: counts, and the problems, one line each."""

    deep: bool
    segments: int
    vectors: int
    moments: int
    problems: tuple[HealthProblem, ...]
    quarantine: tuple[str, ...] = ()
    """Files in the quarantine, which belong to the library no more."""

    def __str__(self) -> str:
        how = "every byte read" if self.deep else "names, sizes and counts; --deep reads everything"
        checked = f"{self.moments} moments, {self.vectors} vectors, {self.segments} segments"
        verdict = f"{'PROBLEMS' if self.problems else 'ok'}: {checked} ({how})"
        kept = f"{len(self.quarantine)} files in quarantine/: {', '.join(self.quarantine)}"
        return "\n".join((*self.problems, verdict, *([kept] if self.quarantine else [])))


def verify(store: Store, *, deep: bool = False, progress: Progress = NO_PROGRESS) -> VerifyReport:
    """Check a library against itself, at one generation.

    Quick: the catalog's own structure, every segment's file and size, the counts of
    words and vectors, files that are pending. Deep, which reads everything: also
    every checksum, that every vector is finite and of unit length, and that catalog
    and segments hold the same moments, each as often as it should be.
    """
    progress.start("checking the catalog", unit="segments")
    with store.snapshot():
        stats = store.stats()
        problems = [*_catalog(store, deep), *_files(store), *_curation(store)]
        if stats.pending:
            line = f"{stats.pending} files are pending: index them again"
            problems.append(HealthProblem("files_pending", line))
        problems += _deep(store, progress) if deep else _counts(store, sum(stats.vectors.values()))
        return VerifyReport(
            deep,
            stats.segments,
            sum(stats.vectors.values()),
            sum(stats.moments.values()),
            tuple(problems),
            tuple(recovery.quarantined(store.path)),
        )


def _catalog(store: Store, deep: bool) -> Iterator[HealthProblem]:
    """Run the database's own check, and compare the words with the moments."""
    for problem in store.integrity(deep):
        yield HealthProblem("catalog_damaged", f"catalog: {problem}")
    words, moments = store.word_rows(), len(store.moment_ids())
    if words != moments:
        line = f"full text index: {words} rows for {moments} moments; sensorium rebuild"
        yield HealthProblem("words_differ", line)


def _files(store: Store) -> Iterator[HealthProblem]:
    damage = recovery.find_damage(store.path, store.all_segments())
    for info in damage.lost:
        reason = recovery.reason_of(store.path, info)
        yield HealthProblem("segment_lost", f"segment {info.file} {reason}")
    for name in damage.orphans:
        line = f"segment {name} is not in the catalog, and goes to the quarantine at the next write"
        yield HealthProblem("segment_unknown", line)


def _curation(store: Store) -> Iterator[HealthProblem]:
    """Check that tags belong to assets, and that runs did what they set out to do."""
    if stray := store.stray_tags():
        yield HealthProblem("stray_tags", f"{stray} tags belong to no asset")
    for summary in store.curation.runs():
        if open_acts := summary.acts.get(ActState.INTENDED):
            number = summary.run.run_id
            line = f"run {number} was cut off, {open_acts} acts open: sensorium undo {number}"
            yield HealthProblem("run_cut_off", line)


def _counts(store: Store, in_segments: int) -> Iterator[HealthProblem]:
    """Check that living moments do not expect more vectors than there are."""
    alive = int(store.moment_vectors()[1].sum())
    if alive > in_segments:
        line = f"the moments have {alive} vectors, and the segments hold {in_segments}"
        yield HealthProblem("vectors_missing", line)


def _deep(store: Store, progress: Progress) -> Iterator[HealthProblem]:
    """Read every segment, and compare what they hold with the catalog."""
    stored: list[MomentIds] = [np.zeros(0, np.int64)]
    log, unread = store.all_segments(), 0
    progress.start("reading the segments", len(log), "segments")
    for space in store.spaces().values():
        ids: list[MomentIds] = [np.zeros(0, np.int64)]
        for info in log:
            if info.space == space.name:
                try:
                    found, problems = _read(store, info, space)
                except LibraryUnavailable as error:
                    unread += 1
                    yield HealthProblem(error.code, str(error))
                else:
                    ids.append(found)
                    yield from problems
                progress.advance()
        of_space = np.concatenate(ids)
        if len(np.unique(of_space)) != len(of_space):
            line = f"space {space.name}: a moment has more than one vector"
            yield HealthProblem("vectors_surplus", line)
        stored.append(of_space)
    yield from _both_ways(store, np.concatenate(stored), complete=not unread)


def _read(store: Store, info: SegmentInfo, space: Space) -> tuple[MomentIds, list[HealthProblem]]:
    try:
        ids, vectors = segments.read(store.path / segments.FOLDER, info, space)
    except LibraryUnavailable:
        raise
    except StoreError as error:
        return np.zeros(0, np.int64), [HealthProblem("segment_damaged", str(error))]
    lengths = np.linalg.norm(vectors, axis=1)
    bad = int((~(np.abs(lengths - 1) < _LENGTH_TOLERANCE)).sum())  # NaN compares as false
    if bad:
        line = f"segment {info.file}: {bad} vectors are not finite and of unit length"
        return ids, [HealthProblem("segment_damaged", line)]
    return ids, []


def _both_ways(store: Store, stored: MomentIds, complete: bool) -> Iterator[HealthProblem]:
    """Check that live moments have their vectors, and vectors a moment, alive or buried.

    Args:
        complete: whether all segments could be read. What one holds that could not be is
            not missing, and no file needs to be indexed for it.
    """
    ids, expected = store.moment_vectors()
    live, counts = np.unique(stored, return_counts=True)
    short = int((look_up(ids, live, counts, 0) < expected).sum())
    if short and complete:
        line = f"{short} moments lack a vector: index their files again"
        yield HealthProblem("vectors_missing", line)
    over = int((look_up(ids, live, counts, 0) > expected).sum())
    if over:
        line = f"{over} moments have more vectors than the catalog knows"
        yield HealthProblem("vectors_surplus", line)
    stray = int((~np.isin(live, np.union1d(ids, store.tombstones()))).sum())
    if stray:
        line = f"{stray} vectors belong to no moment, alive or deleted"
        yield HealthProblem("vectors_surplus", line)
