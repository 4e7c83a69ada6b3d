"""Learning and placing of a library's sounds in its shared space.

The bridge puts a sound into words, and knows as many of them as its head was trained on.
A projection of the sound tower's features that is learned from pairs knows what the
library shows: a video's own sound with its keyframes, or clips with their labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from engine.align.fit import learn
from engine.align.measure import HeldOutPairs, Retrieval, gain, measure, split, thinned
from engine.align.pairs import (
    Sounds,
    checked,
    pairs_of_labels,
    pairs_of_videos,
    read_labels,
    read_sounds,
)
from engine.common.atomic_write import sync_folder
from engine.common.progress import NO_PROGRESS, Progress
from engine.common.user_path import resolved
from engine.encoders import projection
from engine.encoders.projection import Kept, Projection
from engine.encoders.towers import Towers
from engine.errors import EncoderUnavailable, UsageError
from engine.query.library_towers import FOLDER, LibraryTowers, head_file, is_captions_file
from engine.query.space_revision import check_revision
from engine.store import Store, failpoints
from engine.store.error_translation import translated
from engine.store.failpoints import FailPoint
from engine.types import Space
from engine.types.arrays import Vectors

VIDEOS, LABELS = "videos", "labels"
"""Sources of pairs: sounds of videos with their keyframes, or labelled files."""
_MOST_PAIRS = 20_000
"""Pairs past which some are drawn: learning would take minutes, and win little."""


@dataclass(frozen=True, slots=True)
class AlignOptions:
    """Options of learning."""

    pairs: str = VIDEOS
    source: Path | None = None
    """A folder of files, or a CSV of labels; None for all of the library."""
    seed: int = 0
    command: str = ""
    """The command that would make it again; kept with the head."""


@dataclass(frozen=True, slots=True)
class LearnedHead:
    """A head that was learned, and its measurements on held-out pairs."""

    pairs: int
    files: int
    held_out: int
    """Pairs that nothing was learned from."""
    before: Retrieval
    """Retrieval with the words of the bridge."""
    after: Retrieval
    """Retrieval with the head."""
    gain: float
    """The mean gain of a held-out file's reciprocal ranks."""
    gain_error: float
    """The standard error of ``gain``."""
    width: int
    """Units of the hidden layer; 0 for a linear map."""
    share: float
    """The share of the projection in a vector; the rest is the words'."""
    epochs: int
    head: Projection

    @property
    def is_better(self) -> bool:
        """True where held-out pairs find each other earlier than by the bridge's words.

        Over both ways, and sounds their pairs by more than chance easily explains.
        """
        return self.after.mrr > self.before.mrr and self.gain > self.gain_error


class Aligner:
    """Aligns one library.

    Raises (all methods):
        SpaceMismatch: the library was made with other weights.
        UsageError: it holds no sounds, or they have a tower of their own.
    """

    def __init__(self, store: Store, towers: LibraryTowers) -> None:
        self._store = store
        self._towers = towers

    def learn(self, options: AlignOptions, progress: Progress = NO_PROGRESS) -> LearnedHead:
        """Learn a head and measure it on held-out files. Writes nothing.

        Raises:
            UsageError: there are too few pairs.
            PathNotFound: what to learn from is not there.
        """
        towers, shared = self._towers.plain, self._shared()
        pairs = self._pairs(options, towers, shared)
        every = checked(thinned(pairs, _MOST_PAIRS, options.seed))
        known, held_out = split(every, options.seed)
        fitted = learn(known, options.seed, progress)
        head = fitted.projection
        placed = head.place(held_out.features, held_out.words)
        found = LearnedHead(
            len(every), len(np.unique(every.files)), len(held_out),
            measure(held_out.words, held_out), measure(placed, held_out),
            *gain(held_out.words, placed, held_out), fitted.width, head.share, fitted.epochs, head,
        )  # fmt: skip
        return replace(found, head=replace(head, about=self._about(found, options)))

    def _about(self, found: LearnedHead, options: AlignOptions) -> dict[str, Any]:
        """Return the provenance that is kept in the head's file."""
        return {
            **described(found),
            "learned_from": options.pairs,
            "source": None if options.source is None else str(options.source),
            "seed": options.seed,
            "command": options.command,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "sounds": self._towers.plain.sounds.revision,
            "shared": self._shared().geometry,
        }

    def _pairs(self, options: AlignOptions, towers: Towers, shared: Space) -> HeldOutPairs:
        sounds = self._sounds(towers, shared)
        if options.pairs == LABELS:
            labels = read_labels(self._store, options.source)
            return pairs_of_labels(self._store, sounds, labels, towers.encoder.embed_texts)
        under = options.source and resolved(options.source)
        return pairs_of_videos(self._store, shared.name, sounds, under)

    def place(self, head: Projection, wait: bool = False) -> int:
        """Move the library's sounds to where ``head`` places them; returns how many moved.

        Their vectors are computed from the features that the library holds. All of it is
        one commit, head included.

        Raises:
            LibraryBusy: another process writes.
        """
        with self._store.writer(wait=wait) as writer:
            shared = self._shared()
            if shared.head == head.revision:
                return 0
            sounds = self._sounds(self._towers.plain, shared)
            vectors = head.place(sounds.features, sounds.words)
            with translated(self._store.path), writer.transaction():
                new = writer.realign(shared.with_head(head.revision), sounds.ids, vectors)
                kept = Kept(new, sounds.words.astype(shared.dtype))
                self._save(head, kept)
                failpoints.hit(FailPoint.REALIGN_HEAD)
            self._tidy(head.revision, shared.head)
        return len(new)

    def undo(self, wait: bool = False) -> int:
        """Move the library's sounds back to the bridge's words; returns how many moved.

        Those that were there before are as they were, bit by bit.

        Raises:
            LibraryBusy: another process writes.
        """
        if not any(space.head for space in self._store.spaces().values()):
            return 0
        with self._store.writer(wait=wait) as writer:
            shared = self._shared()
            if not shared.head:
                return 0
            sounds = self._sounds(self._towers.plain, shared)
            writer.realign(shared.with_head(""), sounds.ids, sounds.words)
        return len(sounds.ids)

    # --- reading the library --------------------------------------------------------

    def _shared(self) -> Space:
        """Return the shared space as the library has it."""
        towers, stored = self._towers.plain, self._store.spaces()
        if towers.has_sound_tower:
            raise UsageError(f"{towers.encoder.name} has a sound tower: nothing is to be aligned")
        for space in (towers.shared, towers.sounds):
            known = stored.get(space.name)
            if known is None:
                raise UsageError(f"{self._store.path} holds no sounds: index some first")
            check_revision(known.with_head(""), space)
        return stored[towers.shared.name]

    def _sounds(self, towers: Towers, shared: Space) -> Sounds:
        def in_words(features: Vectors) -> Vectors:
            return towers.in_words(towers.sound.words_of(features))

        kept = self._kept(shared) if shared.head else None
        return read_sounds(self._store, shared.name, towers.sounds.name, kept, in_words)

    def _kept(self, shared: Space) -> Kept:
        """Return the vectors from before the head; none where its file is lost.

        The words are heard again from the features then.
        """
        try:
            return projection.load_kept(head_file(self._store.path, shared.head))
        except EncoderUnavailable:
            return Kept.nothing(shared.dim)

    def _save(self, head: Projection, kept: Kept) -> None:
        file = head_file(self._store.path, head.revision)
        file.parent.mkdir(exist_ok=True)
        projection.save(head, kept, file)
        sync_folder(file.parent)
        sync_folder(self._store.path)

    def _tidy(self, *used: str) -> None:
        """Remove the heads before the last, and what a crash left.

        The last head stays: somebody may be about to read it.
        """
        names = {head_file(self._store.path, head).name for head in used}
        for file in (self._store.path / FOLDER).iterdir():
            if file.name not in names and not is_captions_file(file):
                file.unlink(missing_ok=True)


def described(found: LearnedHead) -> dict[str, Any]:
    """Return a learned head without its weights, as it is printed and kept."""
    parts = {name: getattr(found, name) for name in found.__slots__ if name != "head"}
    measured = {name: asdict(parts.pop(name)) for name in ("before", "after")}
    return {**parts, **measured}


def about(store: Store) -> Mapping[str, Any] | None:
    """Return where the head of a library comes from; None where it has none.

    Raises:
        EncoderUnavailable: its file is lost or damaged.
    """
    heads = [space.head for space in store.spaces().values() if space.head]
    if not heads:
        return None
    return projection.load(head_file(store.path, heads[0])).about
