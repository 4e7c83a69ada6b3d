"""Finished files into the store, a few hundred at a time, and the run's counts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.common.choices import OnFile
from engine.common.vectors import chunks
from engine.errors import SKIPPED
from engine.media.unread import OTHER, unread_reason
from engine.store import KnownAsset, Writer
from engine.types import Failure, FileStat, IndexedAsset, IndexReport, Space
from indexers.texts import Reworded
from indexers.vanished import Returned, folded, now

COMMIT_ASSETS = 256
COMMIT_SECONDS = 5.0
COMMIT_BYTES = 64 << 20
RETURN_ASSETS = 2_000
"""Missing files that are taken back in one commit: each reads whole segments."""
"""A commit is due after this many files, seconds or bytes of vectors: it is what a
run that is killed loses."""


@dataclass(slots=True)
class _Waiting:
    """The content of the next commit."""

    assets: list[IndexedAsset] = field(default_factory=list)
    nbytes: int = 0
    touched: list[tuple[int, FileStat]] = field(default_factory=list)
    texts: list[tuple[int, str | None, str]] = field(default_factory=list)
    moved: list[tuple[int, FileStat]] = field(default_factory=list)
    returned: list[tuple[int, FileStat]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[Failure] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)


class Ledger:
    """Takes down what became of every file, and commits it when that is due.

    Without a writer it only counts, which is all that a dry run does.
    """

    def __init__(
        self,
        writer: Writer | None,
        report: IndexReport,
        made_for: tuple[Space, ...] = (),
        skipped_before: Mapping[str, Failure] | None = None,
        on_file: OnFile | None = None,
    ) -> None:
        """``made_for`` are the spaces of the vectors, as whoever makes them knows them.

        ``skipped_before`` are the files that the catalog lists as skipped, by path.
        ``on_file`` is called with the path of a file and what became of it.
        """
        self._on_file = on_file or (lambda *_: None)
        self._skipped_before = skipped_before or {}
        self._skipped_types: Counter[str] = Counter()
        self._writer = writer
        self._made_for = made_for
        self._report = report
        self._failures: list[Failure] = []
        self._unreadable: list[Failure] = []
        self._waiting = _Waiting()
        self._last = time.monotonic()
        self._committed = 0

    @property
    def due(self) -> float:
        """The time of the next commit, by ``time.monotonic()``."""
        full = (
            len(self._waiting.assets) >= COMMIT_ASSETS
            or self._waiting.nbytes >= COMMIT_BYTES
            or len(self._waiting.returned) >= RETURN_ASSETS
        )
        return 0.0 if full else self._last + COMMIT_SECONDS

    def report(self, seconds: float) -> IndexReport:
        """Return the report with the counts so far."""
        types, failures = dict(self._skipped_types), tuple(self._failures)
        return replace(self._report, seconds=seconds, failures=failures, skipped_types=types)

    def kept_line(self, total: int) -> str:
        """Return what a run that is cut off has committed, and how to go on, as one line."""
        return (
            f"{self._committed} of {total} files are indexed and kept;"
            " the same command goes on from there"
        )

    def _count(self, **more: int) -> None:
        counts = {name: getattr(self._report, name) + n for name, n in more.items()}
        self._report = replace(self._report, **counts)

    def decoded(self, path: str, known: KnownAsset | None) -> None:
        """Count a file with new content; ``known`` is what it replaces."""
        outcome = "added" if known is None else "changed"
        self._count(**{outcome: 1})
        self._on_file(path, outcome)

    def indexed(self, asset: IndexedAsset, notes: list[Failure]) -> None:
        """Add all moments of a decoded file, and what of it could not be read."""
        self._count(moments=len(asset.embeddings))
        self._waiting.assets.append(asset)
        vectors = (v for e in asset.embeddings for v in e.vectors.values())
        self._waiting.nbytes += sum(v.nbytes for v in vectors)
        self._waiting.notes.extend(notes)
        self._failures.extend(notes)

    def touched(self, known: KnownAsset, stat: FileStat, other: Reworded | None) -> None:
        """Add an asset with the same content under another date, perhaps with other texts."""
        self._count(unchanged=1)
        self._waiting.touched.append((known.asset_id, stat))
        if other is not None:
            self._waiting.texts.append((known.asset_id, other.joined, other.state))

    def reworded(self, known: KnownAsset, texts: str | None, state: str) -> None:
        """Add what is written about an asset, whose file is as it was."""
        self._count(unchanged=1)
        self._waiting.texts.append((known.asset_id, texts, state))

    def moved(self, source: KnownAsset, stat: FileStat, replaced: KnownAsset | None) -> None:
        """Add an asset under another path, perhaps over another asset's file."""
        self._count(moved=1)
        self._on_file(stat.path, f"moved from {source.path}")
        if replaced is not None:
            self.removed(replaced)
        self._waiting.moved.append((source.asset_id, stat))
        self._waiting.cleared.append(stat.path)

    def returned(self, back: Returned, replaced: KnownAsset | None = None) -> None:
        """Add a file that was missing and is back, perhaps over another asset's file."""
        self._count(returned=1)
        self._on_file(back.stat.path, "returned")
        if replaced is not None:
            self.removed(replaced)
        self._waiting.returned.append((back.asset.asset_id, back.stat))

    def restore(self, backs: Sequence[Returned]) -> Iterator[Returned]:
        """Take back files that are as they were, and yield those that must be read anew."""
        for part in chunks(backs, RETURN_ASSETS):
            places = [(back.asset.asset_id, back.stat) for back in part]
            restored = {asset_id for asset_id, _ in places}
            if self._writer is not None:
                restored = self._writer.restore(places)
            self._count(returned=len(restored))
            for back in part:
                if back.asset.asset_id in restored:
                    self._on_file(back.stat.path, "returned")
            yield from (back for back in part if back.asset.asset_id not in restored)

    def hidden(self, known: KnownAsset) -> None:
        """Add an asset whose file vanished with many others."""
        self._count(missing=1)
        self._on_file(known.path, "missing")
        self._waiting.hidden.append(known.asset_id)

    def excluded(self, known: KnownAsset) -> None:
        """Add an asset that a rule leaves out now; it is kept as a missing one is."""
        self._count(excluded=1)
        self._on_file(known.path, "excluded")
        self._waiting.hidden.append(known.asset_id)

    def removed(self, known: KnownAsset) -> None:
        """Add an asset whose file is gone, or is no media any more."""
        self._count(removed=1)
        self._on_file(known.path, "removed")
        self._waiting.removed.append(known.asset_id)

    def skipped(self, stat: FileStat, known: KnownAsset | None, kind: str = OTHER) -> None:
        """Count a file that is no media at all; one of a known type is listed, too."""
        self._count(skipped=1)
        self._on_file(stat.path, f"skipped: {kind}")
        self._skipped_types[kind] += 1
        if known is not None:
            self.removed(known)
        if kind == OTHER:
            self._waiting.cleared.append(stat.path)
            return
        row = Failure(stat.path, unread_reason(kind), stat.size, stat.mtime_ns, SKIPPED)
        if row != self._skipped_before.get(stat.path):
            self._waiting.failures.append(row)

    def failed(self, failure: Failure) -> None:
        """Add a file that cannot be used; an asset that was there before it goes."""
        self._count(failed=1)
        self._on_file(failure.path, f"failed: {failure.reason}")
        self._failures.append(failure)
        self._waiting.failures.append(failure)

    def unreadable(self, failure: Failure) -> None:
        """Add a file that could not be read this time; an asset that was there before stays.

        They are written by ``settle_unreadable``: many together may be a folder that went away.
        """
        self._count(failed=1)
        self._on_file(failure.path, f"failed: {failure.reason}")
        self._unreadable.append(failure)

    def settle_unreadable(self, roots: Sequence[str]) -> None:
        """Write what could not be read: a line a file, or one for a folder that went away."""
        failures, self._unreadable = folded(self._unreadable, roots), []
        self._failures.extend(failures)
        self._waiting.notes.extend(failures)

    def settled(self, paths: tuple[str, ...]) -> None:
        """Failures that no longer apply."""
        self._waiting.cleared.extend(paths)

    def flush(self) -> None:
        """Commit what waits, in one transaction.

        Tried once: what the store refuses is dropped, and the next run finds it again.
        """
        waiting, self._waiting = self._waiting, _Waiting()
        self._last = time.monotonic()
        if self._writer is not None and waiting != _Waiting():
            with self._writer.transaction():
                _write(self._writer, waiting, self._made_for)
            self._committed += len(waiting.assets) + len(waiting.moved)


def _write(writer: Writer, waiting: _Waiting, made_for: tuple[Space, ...]) -> None:
    """Write a commit: what is gone before what takes its path, and notes after their assets."""
    writer.remove(waiting.removed)
    writer.hide(waiting.hidden, now())
    writer.move_all(waiting.moved)
    if waiting.returned:
        writer.restore(waiting.returned)
    for asset_id, stat in waiting.touched:
        writer.touch(asset_id, stat)
    writer.put_texts(waiting.texts)
    writer.clear_failures(waiting.cleared)
    assets = sorted(waiting.assets, key=lambda indexed: indexed.asset.path)
    writer.commit(assets, made_for)
    writer.fail(waiting.notes, drop_assets=False)
    writer.fail(waiting.failures)
