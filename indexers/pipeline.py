"""The local runner: threads that decode, and the caller's own that encodes and commits."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import UnreadableMedia
from engine.store import Store, Writer
from engine.types import Asset, Failure, IndexedAsset, IndexReport
from indexers.bounded_queue import Drained, LookAhead
from indexers.commit import COMMIT_ASSETS, Ledger
from indexers.decode import decode
from indexers.decode_events import Facts, Note, Prepared, fault, transient
from indexers.duplicates import Copied, Duplicates
from indexers.identify import (
    Moved,
    Moves,
    NotMedia,
    Touched,
    Unknown,
    identify,
    stat_file,
    trade,
)
from indexers.readers import reading
from indexers.scan import Candidate, ScanPlan, missing, scan
from indexers.space_registration import register_spaces
from indexers.worker import Assembly, Worker


class Progress(Protocol):
    """Is told how a run goes, in the thread that called it."""

    def start(self, total_files: int) -> None:
        """The scan is over; so many files are to be read."""

    def advance(self, path: str, moments: int) -> None:
        """One file is done, whatever became of it."""

    def note(self, failure: Failure) -> None:
        """A file, or part of one, cannot be used."""


class Unwatched:
    """A ``Progress`` that nobody watches."""

    def start(self, total_files: int) -> None: ...
    def advance(self, path: str, moments: int) -> None: ...
    def note(self, failure: Failure) -> None: ...


def run(
    store: Store | None,
    towers: Towers,
    paths: Sequence[str | Path],
    settings: Settings,
    *,
    dry_run: bool = False,
    retry: bool = False,
    wait: bool = False,
    progress: Progress | None = None,
) -> IndexReport:
    """Bring the library up to date with the media at and below ``paths``.

    One bad file costs one failure. Errors of the encoder and of the store end the
    run; so does ``KeyboardInterrupt``. What was finished by then is committed, and
    the next run goes on from there.

    Args:
        store: the library; None for a dry run of one that does not exist yet.
        dry_run: only say what would be done; nothing is decoded or written.
        retry: also try files that failed and have not changed since.
        wait: wait for another writer to finish.

    Raises:
        PathNotFound: one of ``paths`` does not exist; nothing was written.
        LibraryBusy: another writer is at work, and ``wait`` is not set.
        SensoriumError: of the encoder or the store.
    """
    started = time.monotonic()
    if dry_run or store is None:
        if not dry_run:
            raise ValueError("only a dry run goes without a store")
        plan = scan(paths, store, retry=retry)
        return _Session(plan, store, None, towers, settings, progress).run(started)
    with store.writer(wait=wait) as writer:
        plan = scan(paths, store, retry=retry)
        return _Session(plan, store, writer, towers, settings, progress).run(started)


def retry_failures(
    store: Store,
    towers: Towers,
    settings: Settings,
    *,
    wait: bool = False,
    progress: Progress | None = None,
) -> IndexReport:
    """Try every failed file again, and forget those that are no longer there.

    Errors are those of ``run``.
    """
    started = time.monotonic()
    with store.writer(wait=wait) as writer:
        failed = [failure.path for failure in store.failures()]
        writer.clear_failures([path for path in failed if missing(path)])
        plan = scan([path for path in failed if Path(path).exists()], store, retry=True)
        return _Session(plan, store, writer, towers, settings, progress).run(started)


@dataclass(eq=False, slots=True)
class _Job(Assembly):
    """One candidate on its way through the run."""

    candidate: Candidate = field(kw_only=True)
    notes: list[Failure] = field(default_factory=list)
    content_hash: str | None = None
    """Known once it has been identified as something to decode."""

    def failure(self, reason: str, *, again: bool = False) -> Failure:
        """``again``: without the file's ``stat``, so that the next run tries it anyhow."""
        stat = self.candidate.stat
        if again:
            return Failure(stat.path, reason)
        return Failure(stat.path, reason, stat.size, stat.mtime_ns)


@dataclass(frozen=True, slots=True)
class _Failed:
    """Reading the file raised."""

    reason: str
    again: bool


_Event: TypeAlias = (
    Prepared | Note | Asset | _Failed | NotMedia | Touched | Moved | Unknown | Copied
)


class _Session:
    """One run over one plan."""

    def __init__(
        self,
        plan: ScanPlan,
        store: Store | None,
        writer: Writer | None,
        towers: Towers,
        settings: Settings,
        progress: Progress | None,
    ) -> None:
        self._plan = plan
        self._trade = trade(plan.candidates)
        self._writer = writer
        self._towers = towers
        self._settings = settings
        self._progress = progress or Unwatched()
        self._moves = Moves(store, self._trade.candidates)
        self._duplicates: Duplicates[_Job] = Duplicates(store, self._trade.candidates)
        self._worker: Worker[_Job] = Worker(towers, settings.batch_size)
        self._queue: LookAhead[tuple[_Job, _Event]] = LookAhead(
            settings.look_ahead, settings.threads
        )
        # One by one: a list would keep the vectors of every file until the end.
        self._jobs = (_Job(candidate=candidate) for candidate in self._trade.candidates)
        self._ledger = Ledger(
            writer,
            IndexReport(
                found=plan.found,
                unchanged=plan.unchanged,
                failed=plan.failed_before,
                dry_run=writer is None,
            ),
            () if writer is None else towers.spaces,
        )

    def run(self, started: float) -> IndexReport:
        """Do what the plan says; returns the report."""
        self._progress.start(len(self._plan.candidates))
        if self._writer is not None:
            register_spaces(self._writer, self._towers)
        for failure in self._plan.failures:
            self._progress.note(failure)
            self._ledger.failed(failure)
        self._ledger.settled(self._plan.settled)
        self._take_trades()
        self._read_all()
        for known in self._plan.gone:
            if known.asset_id not in self._moves.claimed:
                self._ledger.removed(known)
        self._flush()
        return self._ledger.report(time.monotonic() - started)

    # --- the caller's thread ---------------------------------------------------

    def _take_trades(self) -> None:
        """Commit the moves that hold only together, before any other file takes a path."""
        for moved, replaced in zip(self._trade.moves, self._trade.replaced, strict=True):
            self._ledger.moved(moved.source, moved.stat, replaced)
            self._progress.advance(moved.stat.path, 0)
        if self._trade.moves:
            self._ledger.flush()

    def _read_all(self) -> None:
        """Run the threads and take what they bring; none is left when this returns."""
        threads = self._settings.threads
        with reading(self._jobs, self._read, self._queue, threads, "decode"):
            try:
                self._consume()
            except BaseException:
                self._ledger.flush()  # what is finished stays, whatever ended the run
                raise

    def _consume(self) -> None:
        while True:
            try:
                event = self._queue.get(until=self._ledger.due)
            except Drained:
                break
            if event is not None:
                self._take(*event)
            else:
                self._settle(self._worker.flush())  # nothing to do: small batches cost nothing
            if self._duplicates.waiting >= COMMIT_ASSETS:
                self._resolve()
            if time.monotonic() >= self._ledger.due:
                self._flush()
        self._settle(self._worker.flush())
        self._resolve()
        while orphan := self._duplicates.orphan():
            self._decode_here(*orphan)

    def _flush(self) -> None:
        self._resolve()
        self._ledger.flush()
        self._duplicates.committed()

    def _resolve(self) -> None:
        """Give copies what their originals have."""
        for copy in self._duplicates.resolve():
            job = copy.job
            if copy.indexed is None:
                self._fail(job, copy.reason)
            else:
                job.notes = [job.failure(reason) for reason in copy.notes]
                self._finish(job, copy.indexed)

    def _decode_here(self, job: _Job, found: Unknown) -> None:
        """Decode a copy whose original came to nothing, without the other threads."""
        for event in self._told(self._decoded(found)):
            self._take(job, event)
        self._settle(self._worker.flush())
        self._resolve()

    def _take(self, job: _Job, event: _Event) -> None:
        """One event of one file; every file ends with one that is no ``Prepared`` or ``Note``."""
        known = job.candidate.known
        match event:
            case Prepared():
                self._settle(self._worker.add(job, event))
            case Note():
                job.notes.append(job.failure(event.reason))
            case Asset():
                job.asset = event
                self._settle({job})
            case _Failed():
                self._fail(job, event.reason, again=event.again)
            case Copied():
                self._duplicates.add(job, event.found)
            case Unknown():
                self._ledger.decoded(known)
                self._done(job)
            case NotMedia():
                self._ledger.skipped(job.candidate.stat, known)
                self._done(job)
            case Moved():
                self._ledger.moved(event.source, event.stat, known)
                self._done(job)
            case Touched():
                assert known is not None
                self._ledger.touched(known, event.stat)
                self._done(job)

    def _settle(self, jobs: set[_Job]) -> None:
        """Hand over the files of which nothing is missing any more."""
        for job in sorted(jobs, key=lambda job: job.candidate.stat.path):
            if job.asset is None:
                continue
            if job.fault is not None:
                self._fail(job, job.fault)
            elif indexed := job.indexed():
                self._duplicates.indexed(indexed, [note.reason for note in job.notes])
                self._finish(job, indexed)

    def _finish(self, job: _Job, indexed: IndexedAsset) -> None:
        self._ledger.decoded(job.candidate.known)
        self._ledger.indexed(indexed, job.notes)
        for note in job.notes:
            self._progress.note(note)
        self._done(job, len(indexed.embeddings))

    def _fail(self, job: _Job, reason: str, *, again: bool = False) -> None:
        job.fault = reason
        self._duplicates.failed(job.content_hash, reason, again=again)
        failure = job.failure(reason, again=again)
        self._ledger.failed(failure)
        self._progress.note(failure)
        self._done(job)

    def _done(self, job: _Job, moments: int = 0) -> None:
        self._progress.advance(job.candidate.stat.path, moments)

    # --- the threads that decode -----------------------------------------------

    def _read(self, job: _Job) -> None:
        """Put all events of one file into the queue."""
        with closing(self._told(self._events(job))) as events:
            for event in events:
                nbytes = event.nbytes if isinstance(event, Prepared) else 0
                self._queue.put((job, event), nbytes)

    def _told(self, reading: Generator[_Event, None, None]) -> Generator[_Event, None, None]:
        """The events of one file, of which a fault is the last."""
        try:
            with closing(reading):
                yield from reading
        except Exception as error:  # whatever a decoder runs into costs its own file only
            yield _Failed(fault(error), transient(error))

    def _events(self, job: _Job) -> Generator[_Event, None, None]:
        verdict = identify(job.candidate, self._moves)
        if self._writer is None or not isinstance(verdict, Unknown):
            yield verdict
            return
        job.content_hash = verdict.content_hash
        if self._duplicates.is_first(verdict, forced=job.candidate.forced):
            yield from self._decoded(verdict)
        else:
            yield Copied(verdict)

    def _decoded(self, found: Unknown) -> Generator[_Event, None, None]:
        path = Path(found.stat.path)
        facts = Facts()
        for piece in decode(path, found.media, self._towers, self._settings):
            if isinstance(piece, Facts):
                facts = piece
            else:
                yield piece
        if stat_file(path) != found.stat:
            raise UnreadableMedia("changes while it is read")
        yield _asset(found, facts)


def _asset(found: Unknown, facts: Facts) -> Asset:
    stat = found.stat
    told = (facts.width, facts.height, facts.duration, facts.taken_at, facts.place, facts.caption)
    return Asset(stat.path, found.content_hash, found.media, stat.size, stat.mtime_ns, *told)
