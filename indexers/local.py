"""The local runner: threads that decode, and the caller's own that encodes and commits."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Protocol, TypeAlias

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import UnreadableMedia
from engine.store import Store, Writer
from engine.types import Asset, Failure, IndexReport
from indexers.commit import Ledger
from indexers.decode import decode
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
from indexers.lookahead import Drained, LookAhead, Stopped
from indexers.pieces import Facts, Note, Prepared, fault, transient
from indexers.scan import Candidate, ScanPlan, missing, scan
from indexers.worker import Assembly, Worker


class Progress(Protocol):
    """Is told how a run goes, in the thread that called it."""

    def start(self, total_files: int) -> None:
        """The scan is over; so many files are to be read."""

    def advance(self, path: str, moments: int) -> None:
        """One file is done, whatever became of it."""

    def note(self, failure: Failure) -> None:
        """A file, or part of one, cannot be used."""


class _Quiet:
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


_Event: TypeAlias = Prepared | Note | Asset | _Failed | NotMedia | Touched | Moved | Unknown


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
        self._progress = progress or _Quiet()
        self._moves = Moves(store, self._trade.candidates)
        self._worker: Worker[_Job] = Worker(towers, settings.batch_size)
        self._queue: LookAhead[tuple[_Job, _Event]] = LookAhead(
            settings.look_ahead, settings.threads
        )
        # One by one: a list would keep the vectors of every file until the end.
        self._jobs = (_Job(candidate=candidate) for candidate in self._trade.candidates)
        self._next_job = Lock()
        self._ledger = Ledger(
            writer,
            IndexReport(
                found=plan.found,
                unchanged=plan.unchanged,
                failed=plan.failed_before,
                dry_run=writer is None,
            ),
        )

    def run(self, started: float) -> IndexReport:
        """Do what the plan says; returns the report."""
        self._progress.start(len(self._plan.candidates))
        if self._writer is not None:
            for space in self._towers.spaces:
                self._writer.ensure_space(space)
        for failure in self._plan.failures:
            self._progress.note(failure)
            self._ledger.failed(failure)
        self._ledger.settled(self._plan.settled)
        self._take_trades()
        self._read_all()
        for known in self._plan.gone:
            if known.asset_id not in self._moves.claimed:
                self._ledger.removed(known)
        self._ledger.flush()
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
        threads = [
            Thread(target=self._decode_loop, name=f"decode-{number}")
            for number in range(self._settings.threads)
        ]
        try:
            for thread in threads:
                thread.start()
            self._consume()
        except BaseException:
            self._ledger.flush()  # what is finished stays, whatever ended the run
            raise
        finally:
            self._queue.stop()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

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
            if time.monotonic() >= self._ledger.due:
                self._ledger.flush()
        self._settle(self._worker.flush())

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
                self._ledger.decoded(job.candidate.known)
                self._ledger.indexed(indexed, job.notes)
                for note in job.notes:
                    self._progress.note(note)
                self._done(job, len(indexed.embeddings))

    def _fail(self, job: _Job, reason: str, *, again: bool = False) -> None:
        job.fault = reason
        failure = job.failure(reason, again=again)
        self._ledger.failed(failure)
        self._progress.note(failure)
        self._done(job)

    def _done(self, job: _Job, moments: int = 0) -> None:
        self._progress.advance(job.candidate.stat.path, moments)

    # --- the threads that decode -----------------------------------------------

    def _decode_loop(self) -> None:
        error: BaseException | None = None
        try:
            while job := self._take_job():
                self._read(job)
        except Stopped:
            pass
        except BaseException as raised:
            error = raised
        finally:
            self._queue.finish(error)

    def _take_job(self) -> _Job | None:
        with self._next_job:
            return next(self._jobs, None)

    def _read(self, job: _Job) -> None:
        """Put all events of one file into the queue."""
        try:
            with closing(self._events(job.candidate)) as events:
                for event in events:
                    nbytes = event.nbytes if isinstance(event, Prepared) else 0
                    self._queue.put((job, event), nbytes)
        except Stopped:
            raise
        except Exception as error:  # whatever a decoder runs into costs its own file only
            self._queue.put((job, _Failed(fault(error), transient(error))))

    def _events(self, candidate: Candidate) -> Generator[_Event, None, None]:
        verdict = identify(candidate, self._moves)
        if self._writer is None or not isinstance(verdict, Unknown):
            yield verdict
            return
        path = Path(verdict.stat.path)
        facts = Facts()
        for piece in decode(path, verdict.media, self._towers, self._settings):
            if isinstance(piece, Facts):
                facts = piece
            else:
                yield piece
        if stat_file(path) != verdict.stat:
            raise UnreadableMedia("changes while it is read")
        yield _asset(verdict, facts)


def _asset(found: Unknown, facts: Facts) -> Asset:
    return Asset(
        found.stat.path,
        found.content_hash,
        found.media,
        found.stat.size,
        found.stat.mtime_ns,
        facts.width,
        facts.height,
        facts.duration,
        facts.taken_at,
        facts.place,
        facts.caption,
    )
