"""A second space, filled from the originals while the first one serves.

It goes over the moments that have no vector in the space yet, by ascending id, and
commits those that it makes a few hundred at a time: what is said or written is embedded
as it stands in the catalog, and of files only the pictures, keyframes and sounds are
decoded again. What lacks a vector is asked of the segments and not kept in a mark of its
own. So a run that was killed goes on where its last commit was, and one that passed over
a file looks at it again.

The write lock is held for each commit alone, so that files can be indexed meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TypeAlias

import numpy as np

from engine.common.progress import NO_PROGRESS, Progress, noting_what_is_kept
from engine.common.shown_as_text import ShownAsText
from engine.common.vectors import chunks
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.store import Addition, KnownAsset, Store
from engine.types import Failure, Kind, Modality, Moment, MomentRecord
from engine.types.arrays import MomentIds
from indexers.commit import COMMIT_BYTES, COMMIT_SECONDS
from indexers.decode_events import Note
from indexers.event_loop import EventLoop
from indexers.fault_messages import MediaFault, fault
from indexers.redecode import MatchedPiece, decoded_pieces, stored_texts
from indexers.space_registration import role_of
from indexers.worker import Assembly, Worker

COMMIT_MOMENTS = 256
"""A commit is due after this many moments: it is what a run that is killed loses."""
_PAGE = 1024
"""Moments that are looked up at a time."""
_WRITTEN = frozenset({Modality.SPEECH, Modality.SCREEN})


@dataclass(frozen=True, slots=True)
class BackfillReport(ShownAsText):
    """The outcome of filling a space."""

    space: str
    ready: bool
    """True once texts can be asked in the space."""
    files: int
    moments: int
    """Number of moments that got a vector in this run."""
    seconds: float
    failures: tuple[Failure, ...] = ()
    """Files that were passed over, or in part, and why."""

    def __str__(self) -> str:
        return (
            f"{self.space} is ready: {self.moments} moments of {self.files} files"
            f" in {self.seconds:.1f} s; sensorium search --space {self.space}"
        )


def fill(
    store: Store,
    towers: Towers,
    settings: Settings,
    *,
    wait: bool = False,
    progress: Progress = NO_PROGRESS,
) -> BackfillReport:
    """Fill the space of these towers with vectors of all moments that are committed.

    What lacks a vector afterwards is of files that are gone or have changed, which the
    next ``index`` replaces, or cannot be read, and is named. The space is ready then.

    Args:
        wait: wait for another writer before the first commit; the later ones always do.

    Raises:
        LibraryBusy: another writer is at work, and ``wait`` is not set.
        SpaceMismatch: the library has the space by another revision; or it was dropped,
            or made again, while this worked.
        Cancelled: ``progress`` raised it. What was finished is committed.
        SensoriumError: of the encoder or the store. What was finished is committed.
    """
    started = time.monotonic()
    with store.writer(wait=wait) as writer:
        for space in towers.spaces:
            if space == towers.shared:
                writer.ensure_space(space, role_of(towers), ready=False)
            else:
                writer.ensure_space(space)
    # Those two would only write down again what the catalog has.
    towers = replace(towers, speech=None, screen=None)
    passes = _Passes(store, towers, settings, progress)
    while not passes.ended():
        pass
    return replace(passes.filled, ready=True, seconds=time.monotonic() - started)


class _Passes:
    """Passes over what lacks a vector, until nothing does that was not tried."""

    def __init__(
        self, store: Store, towers: Towers, settings: Settings, progress: Progress
    ) -> None:
        self.filled = BackfillReport(towers.shared.name, False, 0, 0, 0.0)
        self._store, self._towers = store, towers
        self._settings, self._progress = settings, progress
        self._tried = np.zeros(0, np.int64)

    def ended(self) -> bool:
        """Make one pass, or end: under the lock, so that nobody adds moments meanwhile."""
        lacking = self._lacking()
        if len(lacking):
            self._tried = np.union1d(self._tried, lacking)
            done = _Pass(self._store, self._towers, self._settings, self._progress).run(lacking)
            self.filled = _sum(self.filled, done)
            return False
        with self._store.writer(wait=True) as writer:
            if len(self._lacking()):
                return False
            writer.require_spaces(self._towers.spaces)
            writer.set_ready(self._towers.shared.name)
        return True

    def _lacking(self) -> MomentIds:
        """Return the moments, by ascending id, that lack a vector and have not been tried."""
        known = {space.name: self._store.stored_ids(space.name) for space in self._towers.spaces}
        lacking = [np.zeros(0, np.int64)]
        for modality in self._towers.modalities:
            ids = self._store.moment_ids(modalities=(modality,))
            lacking += [
                np.setdiff1d(ids, known[space], assume_unique=True)
                for space in self._towers.spaces_of(modality)
            ]
        return np.setdiff1d(np.concatenate(lacking), self._tried)


def _sum(first: BackfillReport, second: BackfillReport) -> BackfillReport:
    return replace(
        first,
        files=first.files + second.files,
        moments=first.moments + second.moments,
        failures=(*first.failures, *second.failures),
    )


@dataclass(eq=False, slots=True)
class _Job(Assembly):
    """Moments of one asset: all that are written down, or all that need its file."""

    known: KnownAsset = field(kw_only=True)
    moments: tuple[MomentRecord, ...] = field(kw_only=True)
    written: bool = field(kw_only=True)
    spoken: tuple[Moment, ...] = ()
    """Moments of what is said in it, where shots are embedded with their words."""
    ids: list[int] = field(default_factory=list)
    """The moment of each slot."""
    ended: bool = False

    def additions(self) -> list[Addition]:
        """Return the vectors of all slots, by their moments."""
        return [
            Addition(moment_id, self.known.path, embedding.vectors)
            for moment_id, embedding in zip(self.ids, self.slots, strict=True)
            if embedding is not None and embedding.vectors
        ]


@dataclass(frozen=True, slots=True)
class _End:
    """Nothing more comes of a job; ``fault`` says why it failed."""

    fault: MediaFault | None = None


_Event: TypeAlias = MatchedPiece | Note | _End


class _Pass:
    """One pass over moments that lack a vector. Implements ``JobHandler``."""

    def __init__(
        self, store: Store, towers: Towers, settings: Settings, progress: Progress
    ) -> None:
        self._store, self._towers, self._settings = store, towers, settings
        self._progress = progress
        self._worker: Worker[_Job] = Worker(towers, settings.batch_size)
        self._waiting: list[Addition] = []
        self._nbytes = 0
        self._last = time.monotonic()
        self._failures: list[Failure] = []
        self._files: set[str] = set()
        self._moments = 0

    def run(self, lacking: MomentIds) -> BackfillReport:
        """Give these moments their vectors, as far as that can be done."""
        name = self._towers.shared.name
        self._progress.start(f"filling {name}", self._store.owners(lacking))
        loop: EventLoop[_Job, _Event] = EventLoop(
            self, self._worker, self._settings, self._progress
        )
        kept = f"what got its vector in {name} keeps it; the same command goes on from there"
        with noting_what_is_kept(lambda: kept):
            joint = bool(self._towers.shot_rates)
            loop.run(_jobs(self._store, lacking, joint), "fill")
        return BackfillReport(
            name, False, len(self._files), self._moments, 0.0, tuple(self._failures)
        )

    # --- the caller's thread ---------------------------------------------------

    @property
    def due(self) -> float:
        """The time of the next commit, by ``time.monotonic()``."""
        full = len(self._waiting) >= COMMIT_MOMENTS or self._nbytes >= COMMIT_BYTES
        return 0.0 if full else self._last + COMMIT_SECONDS

    def nbytes(self, event: _Event) -> int:
        """Return the bytes that an event holds while it waits."""
        return event.prepared.nbytes if isinstance(event, MatchedPiece) else 0

    def take(self, job: _Job, event: _Event) -> None:
        """Handle one event of one job."""
        match event:
            case MatchedPiece():
                job.ids.append(event.moment_id)
                self.settle(self._worker.add(job, event.prepared))
            case Note():
                self._note(job, MediaFault(event.reason, event.code))
            case _End():
                job.ended, job.fault = True, job.fault or event.fault
                self.settle({job})

    def settle(self, jobs: set[_Job]) -> None:
        """Hand over the jobs of which nothing is missing any more."""
        for job in sorted(jobs, key=lambda job: job.moments[0].moment_id):
            if not job.ended or (job.waiting and job.fault is None):
                continue
            made: list[Addition] = []
            if job.fault is None:
                made = job.additions()
                self._waiting += made
                self._nbytes += sum(row.nbytes for add in made for row in add.vectors.values())
            else:
                self._note(job, job.fault)
            self._files.add(job.known.path)
            self._progress.advance(moments=len(made))

    def _note(self, job: _Job, fault: MediaFault) -> None:
        self._failures.append(fault.failure(job.known.path))

    def commit(self) -> None:
        """Commit the vectors that wait, under the write lock."""
        waiting, self._waiting = self._waiting, []
        self._nbytes, self._last = 0, time.monotonic()
        if waiting:
            with self._store.writer(wait=True) as writer:
                self._moments += writer.fill(self._towers.spaces, waiting)

    finish = rescue = commit

    # --- the threads that decode -----------------------------------------------

    def events(self, job: _Job) -> Generator[_Event, None, None]:
        """Read one job, and end with an event that says how that went."""
        found = None
        try:
            with closing(self._pieces(job)) as pieces:
                yield from pieces
        except Exception as error:  # whatever a decoder runs into costs its own file only
            found = fault(error)
        yield _End(found)

    def _pieces(self, job: _Job) -> Generator[MatchedPiece | Note, None, None]:
        if job.written:
            return stored_texts(job.moments)
        return decoded_pieces(job.known, job.moments, self._towers, self._settings, job.spoken)


def _jobs(store: Store, lacking: MomentIds, joint: bool) -> Iterator[_Job]:
    """Yield the work, by ascending moments; those of an asset are numbered in a row.

    Args:
        joint: whether shots of videos are embedded with their words.
    """
    for asset_id, of_asset in groupby(_records(store, lacking), lambda record: record.asset_id):
        records = list(of_asset)
        known = store.assets_numbered([asset_id]).get(asset_id)
        for written in (True, False):
            moments = tuple(r for r in records if (r.moment.modality in _WRITTEN) is written)
            if known is not None and moments:
                spoken = _spoken(store, known) if joint and not written else ()
                yield _Job(known=known, moments=moments, written=written, spoken=spoken)


def _spoken(store: Store, known: KnownAsset) -> tuple[Moment, ...]:
    if known.kind is not Kind.VIDEO:
        return ()
    moments = (record.moment for record in store.moments_of(known.asset_id))
    return tuple(moment for moment in moments if moment.modality is Modality.SPEECH)


def _records(store: Store, ids: MomentIds) -> Iterator[MomentRecord]:
    for page in chunks(ids, _PAGE):
        yield from store.records(page).values()
