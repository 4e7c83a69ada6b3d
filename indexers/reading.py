"""Text in pictures and videos, read after they can be searched.

It goes over the pictures and videos that are committed and were not looked at for text, the
most promising first, and commits what it finds a few hundred files at a time. What was looked
at is noted in the same transaction, so that a run that is cut off loses what it had not
committed and no more, and the next one goes on from there. Copies are read once. The write
lock is held for each commit alone.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from engine.common.progress import NO_PROGRESS, Progress, noting_what_is_kept
from engine.config import Settings
from engine.encoders.protocols import ScreenBridge
from engine.encoders.towers import Towers
from engine.errors import UnreadableMedia
from engine.media.image import read_frames
from engine.media.video import read_keyframes
from engine.store import KnownAsset, ReadAsset, Store
from engine.types import Embedding, Failure, IndexReport, Kind, Modality, Moment
from indexers.commit import COMMIT_ASSETS, COMMIT_SECONDS
from indexers.decode_events import Note, Prepared
from indexers.event_loop import EventLoop
from indexers.fault_messages import MediaFault, fault
from indexers.redecode import require_unchanged
from indexers.screen import texts
from indexers.worker import Assembly, Worker

PROMISING = frozenset(
    {
        "web site", "menu", "book jacket", "comic book", "crossword puzzle", "street sign",
        "envelope", "packet", "notebook", "binder", "menu board", "scoreboard", "traffic light",
        "library", "bookshop", "tobacco shop", "cash machine", "monitor", "screen", "slot",
    }
)  # fmt: skip
"""Classes of ImageNet whose pictures mostly hold text. They order the reading and leave nothing
out: of 328 photographs and keyframes of another source, a regression on the tower's features,
fitted to rendered text, tells those with a line of text at an AUC of 0.66 and those with 30
letters at 0.89, so that no threshold would spare a look and lose nothing."""


@dataclass(frozen=True, slots=True)
class ReadingReport:
    """The outcome of reading."""

    files: int = 0
    moments: int = 0
    seconds: float = 0.0
    failures: tuple[Failure, ...] = ()

    def added_to(self, report: IndexReport) -> IndexReport:
        """Return the report of an ``index`` with this beside it."""
        return replace(
            report,
            moments=report.moments + self.moments,
            read=self.files,
            seconds=report.seconds + self.seconds,
            failures=(*report.failures, *self.failures),
        )


def read_texts(
    store: Store,
    towers: Towers,
    paths: Sequence[str | Path],
    settings: Settings,
    *,
    progress: Progress = NO_PROGRESS,
) -> ReadingReport:
    """Read the text in pictures and videos at and below ``paths`` that were not looked at.

    Without a screen bridge nothing is done. A file that cannot be read costs a note; one that
    is gone or has changed waits for the ``index`` that says so.

    Raises:
        SpaceMismatch: a space was dropped, or made again, meanwhile.
        Cancelled: ``progress`` raised it. What was finished is committed.
        SensoriumError: of the encoder or the store. What was finished is committed.
    """
    if towers.screen is None:
        return ReadingReport()
    started = time.monotonic()
    roots = [Path(path).resolve() for path in paths]
    waiting = _by_promise(store, _copies(store.unread(roots)))
    if not waiting:
        return ReadingReport()
    done = _Reading(store, towers, towers.screen, settings, progress).run(waiting)
    return replace(done, seconds=time.monotonic() - started)


def _copies(unread: Iterable[KnownAsset]) -> list[list[KnownAsset]]:
    """Return assets by their content, in the order of their first paths."""
    found: dict[str, list[KnownAsset]] = defaultdict(list)
    for known in unread:
        found[known.content_hash].append(known)
    return list(found.values())


def _by_promise(store: Store, waiting: list[list[KnownAsset]]) -> list[list[KnownAsset]]:
    """Order contents by how much they look like what has text, the most promising first."""
    return sorted(waiting, key=lambda copies: -_promise(store, copies[0]))


def _promise(store: Store, known: KnownAsset) -> float:
    seen = (record.moment for record in store.moments_of(known.asset_id))
    return max(
        (sum(t.weight for t in moment.tags if t.word in PROMISING) for moment in seen),
        default=0.0,
    )


@dataclass(eq=False, slots=True)
class _Job(Assembly):
    """One content, and the assets that have it."""

    copies: list[KnownAsset] = field(kw_only=True)
    ended: bool = False
    outdated: bool = False

    def texts(self) -> tuple[Embedding, ...]:
        """Return what was read, with its vectors."""
        return tuple(e for e in self.slots if e is not None and e.vectors)


@dataclass(frozen=True, slots=True)
class _End:
    """Nothing more comes of a job; ``fault`` says why it failed."""

    fault: MediaFault | None = None
    outdated: bool = False


_Event: TypeAlias = Prepared | Note | _End


class _Reading:
    """One pass over contents. Implements ``JobHandler``."""

    def __init__(
        self,
        store: Store,
        towers: Towers,
        bridge: ScreenBridge,
        settings: Settings,
        progress: Progress,
    ) -> None:
        self._store, self._towers, self._bridge = store, towers, bridge
        self._settings, self._progress = settings, progress
        self._worker: Worker[_Job] = Worker(towers, settings.batch_size)
        self._waiting: list[ReadAsset] = []
        self._failures: list[Failure] = []
        self._new_failures: list[Failure] = []
        self._last = time.monotonic()
        self._files = self._moments = 0

    def run(self, waiting: Sequence[list[KnownAsset]]) -> ReadingReport:
        """Read these contents."""
        total = sum(map(len, waiting))
        self._progress.start("reading text", total)
        loop: EventLoop[_Job, _Event] = EventLoop(
            self, self._worker, self._settings, self._progress
        )

        def kept() -> str:
            return (
                f"text was looked for in {self._files} of {total} pictures and videos; all of them"
                " can be searched, and the same command goes on from there"
            )

        with noting_what_is_kept(kept):
            loop.run((_Job(copies=copies) for copies in waiting), "read")
        self.commit()
        return ReadingReport(self._files, self._moments, 0.0, tuple(self._failures))

    # --- the caller's thread ---------------------------------------------------

    @property
    def due(self) -> float:
        """The time of the next commit, by ``time.monotonic()``."""
        return 0.0 if len(self._waiting) >= COMMIT_ASSETS else self._last + COMMIT_SECONDS

    def nbytes(self, event: _Event) -> int:
        """Return the bytes that an event holds while it waits."""
        return event.nbytes if isinstance(event, Prepared) else 0

    def take(self, job: _Job, event: _Event) -> None:
        """Handle one event of one job."""
        match event:
            case Prepared():
                self.settle(self._worker.add(job, event))
            case Note():
                self._note(job, MediaFault(event.reason, event.code))
            case _End():
                job.ended, job.outdated = True, event.outdated
                if event.fault is not None:
                    self._note(job, event.fault)
                self.settle({job})

    def settle(self, jobs: set[_Job]) -> None:
        """Hand over the jobs of which nothing is missing any more."""
        for job in sorted(jobs, key=lambda job: job.copies[0].path):
            if not job.ended or job.waiting:
                continue
            read = () if job.fault is not None else job.texts()
            if not job.outdated:
                self._waiting += [ReadAsset(known, read) for known in job.copies]
            self._progress.advance(len(job.copies), moments=len(read) * len(job.copies))

    def _note(self, job: _Job, fault: MediaFault) -> None:
        self._new_failures += [fault.failure(known.path) for known in job.copies]

    def commit(self) -> None:
        """Commit what was read, under the write lock."""
        waiting, self._waiting = self._waiting, []
        failures, self._new_failures = self._new_failures, []
        self._last = time.monotonic()
        if not waiting and not failures:
            return
        with self._store.writer(wait=True) as writer, writer.transaction():
            self._moments += writer.add_texts(waiting, self._towers.spaces)
            writer.fail(failures, drop_assets=False)
        self._files += len(waiting)
        self._failures += failures

    finish = rescue = commit

    # --- the threads that decode -----------------------------------------------

    def events(self, job: _Job) -> Generator[_Event, None, None]:
        """Read one content, and end with an event that says how that went."""
        found, outdated = None, False
        try:
            known = _unchanged(job.copies)
            if known is None:
                outdated = True
            else:
                with closing(self._texts(known)) as pieces:
                    yield from pieces
        except Exception as error:  # whatever a decoder runs into costs its own file only
            found = fault(error)
        yield _End(found, outdated)

    def _texts(self, known: KnownAsset) -> Generator[Prepared | Note, None, None]:
        yield from texts(shown(known, self._settings, self._bridge.side), self._bridge)


def _unchanged(copies: Sequence[KnownAsset]) -> KnownAsset | None:
    """Return the first asset whose file holds what was indexed; None where none does."""
    for known in copies:
        try:
            require_unchanged(known)
        except UnreadableMedia:
            continue
        return known
    return None


def shown(known: KnownAsset, settings: Settings, side: int) -> Iterator[tuple[Image.Image, Moment]]:
    """Yield the pictures of a file as large as text needs, with the moments they are."""
    path = Path(known.path)
    if known.kind is Kind.IMAGE:
        for frame in read_frames(path, settings, side):
            yield frame.image, Moment(Modality.IMAGE, ordinal=frame.ordinal)
    else:
        for keyframe in read_keyframes(path, settings, side):
            yield keyframe.image, Moment(Modality.KEYFRAME, keyframe.start, keyframe.end)
