"""The run of ``index``: threads that decode, and the caller's own that encodes and commits."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from engine.common.choices import OnFile, Vanished
from engine.common.progress import NO_PROGRESS, Progress, noting_what_is_kept
from engine.common.text import file_name
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import UnreadableMedia
from engine.store import KnownAsset, Store, Writer
from engine.store.index_roots import add_roots
from engine.store.index_rules import RuleChanges, write_rules
from engine.store.write.storable_facts import lost_facts
from engine.types import Asset, Failure, IndexedAsset, IndexReport
from indexers.commit import COMMIT_ASSETS, Ledger
from indexers.decode import decode
from indexers.decode_events import Facts, Note, Prepared, TowerInput
from indexers.duplicates import Copied, Duplicates
from indexers.event_loop import EventLoop
from indexers.fault_messages import MediaFault, fault
from indexers.file_hash import stat_file
from indexers.file_job import FileEvent, FileJob, ReadFailed
from indexers.identify import Identity, NotMedia, Touched, Unknown, asset_of, identify
from indexers.moves import Moved, Moves, find_trades
from indexers.scan import Candidate, ScanPlan, missing, scan
from indexers.space_registration import register_spaces
from indexers.texts import Reworded, moments_of, reworded, texts_of
from indexers.vanished import MissingFiles, Returned, expired
from indexers.walk import root_of
from indexers.worker import Worker


def run(
    store: Store | None,
    towers: Towers,
    paths: Sequence[str | Path],
    settings: Settings,
    *,
    dry_run: bool = False,
    retry: bool = False,
    wait: bool = False,
    vanished: Vanished = "refuse",
    changes: RuleChanges | None = None,
    on_file: OnFile | None = None,
    progress: Progress = NO_PROGRESS,
) -> IndexReport:
    """Bring the library up to date with the media at and below ``paths``.

    One bad file costs one failure. Errors of the encoder and of the store end the
    run; so do ``KeyboardInterrupt`` and ``Cancelled``. What was finished by then is
    committed, and the next run goes on from there.

    Args:
        store: the library; None for a dry run of one that does not exist yet.
        dry_run: only say what would be done; nothing is decoded or written.
        retry: also try files that failed and have not changed since.
        wait: wait for another writer to finish.
        vanished: what to do where a folder turned up empty or most of it is gone: refuse,
            ``keep`` its assets as missing, or ``forget`` all that is not there.
        changes: what is taken in below the folders among ``paths`` from now on.
        on_file: called with the path of a file and what became of it.

    Raises:
        PathNotFound: one of ``paths`` does not exist; nothing was written.
        FilesVanished: most files of a folder are not there, and ``vanished`` does not say
            what to do; nothing was written.
        LibraryBusy: another writer is at work, and ``wait`` is not set.
        Cancelled: ``progress`` raised it.
        SensoriumError: of the encoder or the store.
    """
    started = time.monotonic()
    if dry_run or store is None:
        if not dry_run:
            raise ValueError("only a dry run goes without a store")
        plan = scan(paths, store, retry=retry, changes=changes, progress=progress)
        return _Run(plan, store, None, towers, settings, progress, on_file).run(started)
    with store.writer(wait=wait) as writer:
        plan = scan(paths, store, retry=retry, changes=changes, progress=progress)
        if plan.bulk.refusal is not None and vanished == "refuse":
            raise plan.bulk.refusal
        if plan.rules is not None:
            write_rules(store.path, plan.rules)
        add_roots(store, [root_of(path)[0] for path in paths])
        writer.forget_missing(expired(store, settings.missing_days))
        keep = vanished != "forget"
        begun = _Run(plan, store, writer, towers, settings, progress, on_file, keep=keep)
        done = begun.run(started)
        if vanished == "forget":
            left = [asset.asset_id for asset in store.missing(plan.covered)]
            writer.forget_missing(left)
        return done


def retry_failures(
    store: Store,
    towers: Towers,
    settings: Settings,
    *,
    only: Callable[[Failure], bool] | None = None,
    wait: bool = False,
    on_file: OnFile | None = None,
    progress: Progress = NO_PROGRESS,
) -> IndexReport:
    """Try every failed file again, or ``only`` some, and forget those that are not there.

    Errors are those of ``run``.
    """
    started = time.monotonic()
    with store.writer(wait=wait) as writer:
        failures = store.failures()
        failed = [failure.path for failure in failures if only is None or only(failure)]
        writer.clear_failures([path for path in failed if missing(path)])
        there = [path for path in failed if Path(path).exists()]
        plan = scan(there, store, retry=True, progress=progress)
        return _Run(plan, store, writer, towers, settings, progress, on_file).run(started)


class _Run:
    """One run over one plan. Implements ``JobHandler``."""

    def __init__(
        self,
        plan: ScanPlan,
        store: Store | None,
        writer: Writer | None,
        towers: Towers,
        settings: Settings,
        progress: Progress,
        on_file: OnFile | None = None,
        *,
        keep: bool = True,
    ) -> None:
        self._plan = plan
        self._store = store
        self._keep = keep
        self._trade = find_trades(plan.candidates)
        self._writer = writer
        self._towers = towers
        self._settings = settings
        self._progress = progress
        self._moves = Moves(store, self._trade.candidates)
        returned = {back.asset.asset_id for back in plan.returned}
        self._missing = MissingFiles(store if store and store.count_missing() else None, returned)
        self._duplicates: Duplicates[FileJob] = Duplicates(store, self._trade.candidates)
        self._worker: Worker[FileJob] = Worker(towers, settings.batch_size)
        self._ledger = Ledger(
            writer,
            IndexReport(
                found=plan.found,
                unchanged=plan.unchanged,
                failed=plan.failed_before,
                dry_run=writer is None,
                left_out=plan.left_out,
            ),
            () if writer is None else towers.spaces,
            {} if store is None else {file.path: file for file in store.skipped_files()},
            on_file,
        )

    def run(self, started: float) -> IndexReport:
        """Do what the plan says; returns the report."""
        self._progress.start("indexing", len(self._plan.candidates))
        if self._writer is not None:
            register_spaces(self._writer, self._towers)
        for note in self._plan.notes:
            self._progress.message(note)
        for failure in self._plan.failures:
            self._ledger.failed(failure)
        self._ledger.settled(self._plan.settled)
        self._commit_trades()
        anew = [Candidate(back.stat) for back in self._ledger.restore(self._plan.returned)]
        # One by one: a list would keep the vectors of every file until the end.
        jobs = (FileJob(candidate=candidate) for candidate in (*self._trade.candidates, *anew))
        loop: EventLoop[FileJob, FileEvent] = EventLoop(
            self, self._worker, self._settings, self._progress
        )
        total = len(self._plan.candidates)
        with noting_what_is_kept(lambda: self._ledger.kept_line(total)):
            loop.run(jobs, "decode")
        for known in self._plan.gone:
            if known.asset_id in self._moves.claimed:
                continue
            if self._keep and known.asset_id in self._plan.bulk.assets:
                self._ledger.hidden(known)
            else:
                self._ledger.removed(known)
        for known in self._plan.excluded:
            if known.asset_id not in self._moves.claimed:
                self._ledger.excluded(known)
        self._ledger.settle_unreadable(self._plan.covered)
        self.commit()
        return self._ledger.report(time.monotonic() - started)

    def _commit_trades(self) -> None:
        """Commit the moves that hold only together, before any other file takes a path."""
        for moved, replaced in zip(self._trade.moves, self._trade.replaced, strict=True):
            self._ledger.moved(moved.source, moved.stat, replaced)
            self._progress.advance()
        if self._trade.moves:
            self._ledger.flush()

    # --- the caller's thread ---------------------------------------------------

    @property
    def due(self) -> float:
        """The time of the next commit, by ``time.monotonic()``."""
        return self._ledger.due

    def nbytes(self, event: FileEvent) -> int:
        """Return the bytes that an event holds while it waits."""
        return event.nbytes if isinstance(event, Prepared) else 0

    def commit(self) -> None:
        """Give copies what their originals have, and commit all that is finished."""
        self._resolve()
        self._ledger.flush()
        self._duplicates.committed()

    def rescue(self) -> None:
        """Commit what is finished when the run is cut off."""
        self._ledger.settle_unreadable(self._plan.covered)
        self._ledger.flush()

    def finish(self) -> None:
        """Decode the copies whose originals came to nothing."""
        self._resolve()
        while orphan := self._duplicates.orphan():
            self._decode_here(*orphan)

    def _resolve(self) -> None:
        """Give copies what their originals have."""
        for copy in self._duplicates.resolve():
            job = copy.job
            if copy.indexed is not None:
                job.notes = [*copy.notes]
                self._finish(job, copy.indexed)
            elif copy.fault is not None:
                self._fail(job, copy.fault)

    def _decode_here(self, job: FileJob, found: Unknown) -> None:
        """Decode a copy whose original came to nothing, without the other threads."""
        for event in _ended(self._decoded(found)):
            self._handle(job, event)
        self.settle(self._worker.flush())
        self._resolve()

    def take(self, job: FileJob, event: FileEvent) -> None:
        """Handle one event of one file, and the copies that wait where they are many."""
        self._handle(job, event)
        if self._duplicates.waiting >= COMMIT_ASSETS:
            self._resolve()

    def _handle(self, job: FileJob, event: FileEvent) -> None:
        """Handle an event; every file ends with one that is no ``Prepared`` or ``Note``."""
        known = job.candidate.known
        match event:
            case Prepared():
                self.settle(self._worker.add(job, event))
            case Note():
                job.notes.append(MediaFault(event.reason, event.code))
            case Asset():
                job.asset = event
                self.settle({job})
            case ReadFailed():
                self._fail(job, event.fault)
            case Copied():
                self._duplicates.add(job, event.found)
            case Unknown():
                self._ledger.decoded(job.candidate.stat.path, known)
                self._progress.advance()
            case NotMedia():
                self._ledger.skipped(job.candidate.stat, known, event.type)
                self._progress.advance()
            case Moved() | Returned():
                self._found_again(event, known)
            case Touched() | Reworded():
                self._found_unchanged(event, known)

    def _found_unchanged(self, event: Touched | Reworded, known: KnownAsset | None) -> None:
        """Take down a file with the content that it had, under another date or with other texts."""
        assert known is not None
        if isinstance(event, Touched):
            self._ledger.touched(known, event.stat, event.reworded)
        else:
            self._ledger.reworded(known, event.joined, event.state)
        self._progress.advance()

    def _found_again(self, event: Moved | Returned, replaced: KnownAsset | None) -> None:
        """Take down a file whose content the library has, under another path or aside."""
        if isinstance(event, Moved):
            self._ledger.moved(event.source, event.stat, replaced)
        else:
            self._ledger.returned(event, replaced)
        self._progress.advance()

    def settle(self, jobs: set[FileJob]) -> None:
        """Hand over the files of which nothing is missing any more."""
        for job in sorted(jobs, key=lambda job: job.candidate.stat.path):
            if job.asset is None:
                continue
            if job.fault is not None:
                self._fail(job, job.fault)
            elif indexed := job.indexed():
                self._duplicates.indexed(indexed, job.notes)
                self._finish(job, indexed)

    def _finish(self, job: FileJob, indexed: IndexedAsset) -> None:
        self._ledger.decoded(indexed.asset.path, job.candidate.known)
        self._ledger.indexed(indexed, list(map(job.failure, job.notes)))
        for lost in lost_facts(indexed.asset):
            self._progress.message(f"{file_name(indexed.asset.path)}: {lost}")
        self._progress.advance(moments=len(indexed.embeddings))

    def _fail(self, job: FileJob, fault: MediaFault) -> None:
        job.fault = fault
        self._duplicates.failed(job.content_hash, fault)
        path = job.candidate.stat.path
        if fault.retryable:
            # Without the file's size and date the next run tries it anyhow.
            self._ledger.unreadable(fault.failure(path))
        else:
            self._ledger.failed(job.failure(fault))
        self._progress.advance()

    # --- the threads that decode -----------------------------------------------

    def events(self, job: FileJob) -> Generator[FileEvent, None, None]:
        """Read one file, and end with an event that says how that went."""
        return _ended(self._identified(job))

    def _identified(self, job: FileJob) -> Generator[FileEvent, None, None]:
        if job.candidate.reword:
            if other := reworded(self._store, job.candidate.known, self._plan.sidecars):
                yield other
                return
            # Its subtitles are moments, which only a file that is read anew can have.
            job.candidate = replace(job.candidate, forced=True)
        identity = identify(job.candidate, self._moves, self._missing)
        if isinstance(identity, Touched):
            identity = self._worded(identity, job)
        if self._writer is None or not isinstance(identity, Unknown):
            yield identity
            return
        job.content_hash = identity.content_hash
        if self._duplicates.is_first(identity, forced=job.candidate.forced):
            yield from self._decoded(identity)
        else:
            yield Copied(identity)

    def _worded(self, touched: Touched, job: FileJob) -> Identity:
        """Read the texts of a file with another date, where its sidecars or readers are others."""
        known, state = job.candidate.known, self._plan.sidecars.of(touched.stat.path).state
        if known is None or known.texts_state == state:
            return touched
        if other := reworded(self._store, known, self._plan.sidecars):
            return replace(touched, reworded=other)
        job.candidate = replace(job.candidate, forced=True)
        return identify(job.candidate, self._moves, self._missing)

    def _decoded(self, found: Unknown) -> Generator[FileEvent, None, None]:
        path = Path(found.stat.path)
        facts = Facts()
        for piece in decode(path, found.media, self._towers, self._settings):
            if isinstance(piece, Facts):
                facts = piece
            else:
                yield piece
        written = self._plan.sidecars.of(found.stat.path)
        texts = texts_of(path, found.media.kind, written, facts.duration, facts.place)
        for moment in moments_of(texts):
            yield Prepared(moment, TowerInput.TEXT, moment.text or "")
        if stat_file(path) != found.stat:
            raise UnreadableMedia("changes while it is read")
        yield replace(asset_of(found, facts), texts=texts.joined, texts_state=written.state)


def _ended(events: Generator[FileEvent, None, None]) -> Generator[FileEvent, None, None]:
    """Yield the events of one file, and its fault as the last."""
    try:
        with closing(events):
            yield from events
    except Exception as error:  # whatever a decoder runs into costs its own file only
        yield ReadFailed(fault(error))
