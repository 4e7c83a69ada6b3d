"""Alignment of a library's sounds, and of its pictures by captions: ``library.align``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.align.origin import origin
from engine.common.part_repr import part_repr
from engine.common.progress import CancelToken, Progress
from engine.common.progress_bar import watched
from engine.common.user_path import expanded
from engine.config import Settings
from engine.encoders import caption_head
from engine.errors import UsageError
from engine.query.library_towers import LibraryTowers
from engine.store import Store

if TYPE_CHECKING:
    from engine.align.aligner import Aligner, LearnedHead
    from engine.align.captions import CaptionAligner, DropSpace, LearnedCaptions

SOURCES = ("videos", "labels")
"""Sources of pairs to learn from."""


@dataclass(frozen=True)
class AlignReport:
    """The result of learning: measurements on held-out pairs, and what became of the head."""

    head: LearnedHead = field(repr=False, compare=False)
    """The head with its measurements before and after."""
    stored: bool
    """True where the library uses the head."""
    moved: int
    """Sounds that got new places."""

    @property
    def better(self) -> bool:
        """True where held-out pairs find each other earlier than by the bridge's words."""
        return self.head.is_better

    def document(self) -> dict[str, Any]:
        """Return the measurements as values of JSON."""
        from engine.align.aligner import described

        more = {"better": self.better, "stored": self.stored, "moved": self.moved}
        return {**described(self.head), **more}


@dataclass(frozen=True, slots=True)
class AlignStatus:
    """The provenance of the head that a library uses."""

    facts: Mapping[str, Any]
    """Pairs, measurements, revisions, date and command, as the head's file has them."""

    @property
    def origin(self) -> str:
        """The provenance of the head, in one line."""
        return origin(self.facts)


@dataclass(frozen=True)
class CaptionReport:
    """The result of learning from captions: measurements, and what became of the head."""

    learned: LearnedCaptions = field(repr=False, compare=False)
    """The head with its measurements before and after."""
    stored: bool
    """True where the library uses the head."""
    placed: int
    """Pictures and keyframes that got a vector by it."""

    @property
    def better(self) -> bool:
        """True where captions of held-out pictures find them earlier than without the head."""
        return self.learned.is_better

    def document(self) -> dict[str, Any]:
        """Return the measurements as values of JSON."""
        from engine.align.captions import described

        more = {"better": self.better, "stored": self.stored, "placed": self.placed}
        return {**described(self.learned), **more}


@dataclass(frozen=True, slots=True)
class CaptionStatus:
    """The provenance of the head of captions that a library uses."""

    facts: Mapping[str, Any]
    """Pictures, measurements, date and command, as the head's file has them."""

    @property
    def origin(self) -> str:
        """The provenance of the head, in one line."""
        return caption_head.origin(self.facts)


class Alignment:
    """Learn where sounds and pictures lie, from pairs that the library or the user has.

    For sounds, a projection of the sound tower's features is learned by contrast, measured on
    files that were held out, and used from then on, where it finds more than the words that are
    heard. Nothing is decoded; only the sounds get new vectors.

    From captions of pictures, a further space is learned, in which texts are asked too.

    Those for sounds raise ``UsageError`` where the library holds no sounds or their encoder needs
    no alignment. All raise ``SpaceMismatch`` where the library was made with other weights.

    Args:
        settle: brings indexes up to date after a change.
        drop: drops a space.
    """

    def __init__(
        self,
        store: Store,
        towers: LibraryTowers,
        settings: Settings,
        settle: Callable[[bool, Progress], None],
        drop: DropSpace,
    ) -> None:
        self._store, self._towers, self._settings = store, towers, settings
        self._settle, self._drop = settle, drop

    def __repr__(self) -> str:
        return part_repr(self, self._store.path)

    @property
    def aligner(self) -> Aligner:
        """The steps of an alignment; ``settle`` of the library comes after a change."""
        from engine.align.aligner import Aligner

        return Aligner(self._store, self._towers)

    def learn(
        self,
        pairs: Literal["videos", "labels"] = "videos",
        source: str | Path | None = None,
        *,
        seed: int = 0,
        dry_run: bool = False,
        force: bool = False,
        wait: bool = False,
        command: str | None = None,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> AlignReport:
        """Learn a head, and use it where held-out pairs gain by it.

        Args:
            pairs: sounds of ``videos`` with the keyframes that are shown meanwhile, or of
                files with their ``labels``.
            source: only files below this folder; for labels also a CSV with the columns
                ``path`` and ``label``. Without a CSV, the name of a file's folder is its label.
            seed: of what is held out, and of learning.
            dry_run: learn and measure, and write nothing.
            force: use the head also where held-out pairs do not gain.
            wait: wait for another writer instead of raising ``LibraryBusy``.
            command: what would make it again, kept with the head; by default this call.

        Raises:
            UsageError: there are too few pairs.
            PathNotFound: ``source`` is not there.
            LibraryBusy: another process writes, and ``wait`` was not asked.
            Cancelled: ``cancel`` was; nothing is written then.
        """
        from engine.align.aligner import AlignOptions

        if pairs not in SOURCES:
            raise UsageError(f"there are no pairs of {pairs!r}; there are {', '.join(SOURCES)}")
        file = None if source is None else Path(source)
        typed = _as_python(pairs, file, seed) if command is None else command
        with watched(progress, cancel) as reporting:
            aligner = self.aligner
            head = aligner.learn(AlignOptions(pairs, file, seed, typed), reporting)
            report = AlignReport(head, not dry_run and (head.is_better or force), 0)
            if report.stored:
                report = replace(report, moved=aligner.place(head.head, wait))
                self._settle(wait, reporting)
        return report

    @property
    def caption_aligner(self) -> CaptionAligner:
        """The steps of learning from captions; ``settle`` of the library comes after a change."""
        from engine.align.captions import CaptionAligner

        return CaptionAligner(self._store, self._towers, self._settings, self._drop)

    def learn_captions(
        self,
        source: str | Path,
        *,
        seed: int = 0,
        dry_run: bool = False,
        force: bool = False,
        wait: bool = False,
        command: str | None = None,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> CaptionReport:
        """Learn what pictures show from captions, and use it where held-out pictures gain.

        Args:
            source: a CSV, TSV, .jsonl or .parquet with the columns ``path`` (or ``file``,
                relative to the table's folder) and ``caption``; a picture may have several
                lines. Those that the library holds are not decoded again; the others are
                only learned from.
            seed: of what is held out.
            dry_run: learn and measure, and write nothing.
            force: use the head also where held-out pictures do not gain.
            wait: wait for another writer instead of raising ``LibraryBusy``.
            command: what would make it again, kept with the head; by default this call.

        Raises:
            UsageError: there are too few captioned pictures, or the table cannot be used.
            PathNotFound: ``source`` is not there.
            SpaceMismatch: the library was made with other weights.
            LibraryBusy: another process writes, and ``wait`` was not asked.
            Cancelled: ``cancel`` was; nothing is written then.
        """
        file = expanded(source)
        more = f", seed={seed}" if seed else ""
        typed = f"library.align.learn_captions({str(file)!r}{more})"
        with watched(progress, cancel) as reporting:
            aligner = self.caption_aligner
            learned = aligner.learn(file, seed, command or typed, reporting)
            report = CaptionReport(learned, not dry_run and (learned.is_better or force), 0)
            if report.stored:
                report = replace(report, placed=aligner.place(learned.head, wait))
                self._settle(wait, reporting)
        return report

    def undo_captions(
        self,
        *,
        wait: bool = False,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> int:
        """Forget what was learned from captions; returns the pictures that had a vector by it.

        Raises:
            LibraryBusy: another process writes, and ``wait`` was not asked.
        """
        with watched(progress, cancel) as reporting:
            forgotten = self.caption_aligner.undo(wait)
            if forgotten:
                self._settle(wait, reporting)
        return forgotten

    def caption_status(self) -> CaptionStatus | None:
        """Return where the head of captions comes from; None where the library has none.

        Raises:
            EncoderUnavailable: its file is lost or damaged.
        """
        from engine.align.captions import about_captions

        facts = about_captions(self._store)
        return None if facts is None else CaptionStatus(facts)

    def undo(
        self,
        *,
        wait: bool = False,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> int:
        """Move sounds back to where the bridge's words say; returns how many moved.

        Raises:
            LibraryBusy: another process writes, and ``wait`` was not asked.
        """
        with watched(progress, cancel) as reporting:
            moved = self.aligner.undo(wait)
            if moved:
                self._settle(wait, reporting)
        return moved

    def status(self) -> AlignStatus | None:
        """Return where the head of the library comes from; None where it has none.

        Raises:
            EncoderUnavailable: its file is lost or damaged.
        """
        from engine.align.aligner import about

        facts = about(self._store)
        return None if facts is None else AlignStatus(facts)


def _as_python(pairs: str, source: Path | None, seed: int) -> str:
    """Return the call as it can be typed."""
    more = [repr(pairs)] if pairs != "videos" or source is not None else []
    more += [repr(str(source))] if source is not None else []
    more += [f"seed={seed}"] if seed else []
    return f"library.align.learn({', '.join(more)})"
