"""Learning and placing of a library's pictures in a space of captions.

A head is learned from pictures and captions of the user's (``caption_fit``). It makes a further
space of the encoder: a text is asked in it too, and the better of what the spaces say of a
picture counts (``engine.query.families``). Nothing that was there before changes, so what was
learned is forgotten by dropping the space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from engine.align.caption_fit import CaptionedPictures, copies_of, fit_head, folds
from engine.align.caption_measure import CaptionMeasures, Measured, measure_folds
from engine.align.caption_table import read_captions
from engine.align.pairs import gather
from engine.common.atomic_write import sync_folder
from engine.common.progress import NO_PROGRESS, Progress
from engine.common.vectors import chunks
from engine.config import Settings
from engine.encoders import caption_head
from engine.encoders.caption_head import CaptionHead
from engine.encoders.towers import Towers
from engine.errors import MediaError, PathNotFound, UsageError
from engine.query.calibration.phrase_vectors import phrase_vectors
from engine.query.embed import embed_picture
from engine.query.library_towers import (
    FOLDER,
    LibraryTowers,
    captions_file,
    is_captions_file,
)
from engine.query.prepare import ExampleFile, media_type
from engine.query.space_revision import check_revision
from engine.store import Addition, Store
from engine.store.error_translation import translated
from engine.types import Kind, Modality, Space
from engine.types.arrays import MomentIds, Vectors

FEWEST_PICTURES = 40
"""Captioned pictures below which there is too little to learn from, and to measure with."""
_FOLDS = 5
_MOST_PICTURES = 20_000
"""Pictures past which some are drawn: learning would take minutes, and win little."""
_AT_A_TIME = 20_000
"""Moments that are placed at a time."""
_TEXTS = 256
_SEEN = (Modality.IMAGE, Modality.KEYFRAME)

DropSpace: TypeAlias = Callable[[str, bool], list[str]]
"""Drops a space by its name; the second argument is ``wait``."""


@dataclass(frozen=True, slots=True)
class LearnedCaptions:
    """A head that was learned from captions, and its measurements on held-out pictures."""

    pictures: int
    captions: int
    passed_over: tuple[str, ...]
    """Pictures of the table that could not be read, and why, a line each."""
    measured: Measured
    head: CaptionHead

    @property
    def is_better(self) -> bool:
        """True where captions of held-out pictures find them earlier than without the head.

        By more than chance explains: all of the interval of 95 % lies above zero.
        """
        return self.measured.gain.mrr > self.measured.error.mrr


class CaptionAligner:
    """Learns from captions for one library, and places its pictures.

    Raises (all methods):
        SpaceMismatch: the library was made with other weights.
        UsageError: the library holds no pictures.
    """

    def __init__(
        self, store: Store, towers: LibraryTowers, settings: Settings, drop: DropSpace
    ) -> None:
        self._store, self._towers, self._settings, self._drop = store, towers, settings, drop

    def learn(
        self, source: Path, seed: int, command: str, progress: Progress = NO_PROGRESS
    ) -> LearnedCaptions:
        """Learn a head and measure it on held-out pictures. Writes nothing.

        Raises:
            UsageError: there are too few captioned pictures, or the table cannot be used.
            PathNotFound: there is no such table.
        """
        towers = self._checked()
        table = _drawn(read_captions(source), seed)
        further = [space.name for space in towers.further if space not in towers.qualities]
        asked = [towers.shared.name, *further]
        pictures, faults = self._pictures(table, asked, towers, progress)
        progress.start("learning", _FOLDS + 1, unit="parts")
        phrases = {space: phrase_vectors(towers, self._settings, further=space) for space in asked}
        looks, parts = towers.looks.name, []
        for held_out in folds(pictures.groups, _FOLDS, seed):
            head = fit_head(pictures.of(~held_out), asked, looks, seed + 1)
            parts.append((head, pictures.of(held_out)))
            progress.advance()
        measured = measure_folds(parts, phrases)
        head = fit_head(pictures, asked, looks, seed + 1)
        progress.advance()
        learned = LearnedCaptions(
            len(pictures), len(pictures.picture), tuple(faults), measured, head
        )
        about = self._about(learned, source, seed, command)
        return replace(learned, head=head.with_about(about))

    def _about(
        self, learned: LearnedCaptions, source: Path, seed: int, command: str
    ) -> dict[str, Any]:
        """Return the provenance that is kept in the head's file."""
        return {
            **described(learned),
            "source": str(source),
            "seed": seed,
            "command": command,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "encoder": self._store.encoder,
        }

    def _checked(self) -> Towers:
        """Return the towers without a head of captions; the library's spaces must be theirs."""
        towers, stored = self._towers.plain, self._store.spaces()
        if towers.shared.name not in stored:
            raise UsageError(f"{self._store.path} holds no pictures: index some first")
        for space in (towers.shared, towers.looks, *towers.further):
            known = stored.get(space.name)
            check_revision(known.with_head("") if known else None, space)
        return towers

    # --- the pictures and their captions ------------------------------------------------

    def _pictures(
        self,
        table: Mapping[Path, Sequence[str]],
        asked: Sequence[str],
        towers: Towers,
        progress: Progress,
    ) -> tuple[CaptionedPictures, list[str]]:
        """Return the pictures that can be learned from, and a line for each of the others."""
        spaces = list(dict.fromkeys((*asked, towers.looks.name)))
        known = self._known(table, spaces)
        progress.start("looking at pictures", len(table), unit="pictures")
        found: dict[Path, Mapping[str, Vectors]] = {}
        faults = []
        for path in table:
            try:
                found[path] = known[path] if path in known else self._seen(path, towers)
            except (MediaError, PathNotFound) as error:
                faults.append(f"{path}: {error}")
            progress.advance()
        if len(found) < FEWEST_PICTURES:
            raise UsageError(_too_few(len(found), faults))
        vectors = {s: np.stack([rows[s] for rows in found.values()]) for s in spaces}
        of = [number for number, path in enumerate(found) for _ in table[path]]
        sentences = [caption for path in found for caption in table[path]]
        texts = self._texts(sentences, asked, towers, progress)
        groups = copies_of(vectors[towers.looks.name])
        return CaptionedPictures(vectors, texts, np.array(of, np.int64), groups), faults

    def _known(
        self, table: Mapping[Path, Sequence[str]], spaces: Sequence[str]
    ) -> dict[Path, dict[str, Vectors]]:
        """Return the vectors of the pictures that the library holds, by their paths."""
        of: dict[int, Path] = {}
        for path in table:
            asset = self._store.get(path)
            if asset is not None and asset.kind is Kind.IMAGE:
                for moment in self._store.moments_of(asset.asset_id):
                    if moment.moment.modality is Modality.IMAGE:
                        of.setdefault(moment.moment_id, path)
                        break
        found: dict[Path, dict[str, Vectors]] = {}
        ids = np.array(sorted(of), np.int64)
        for space in spaces if len(ids) else ():
            present, rows = gather(self._store, space, ids)
            for moment_id, row in zip(present.tolist(), rows, strict=True):
                found.setdefault(of[moment_id], {})[space] = row
        return {path: rows for path, rows in found.items() if len(rows) == len(spaces)}

    def _seen(self, path: Path, towers: Towers) -> Mapping[str, Vectors]:
        """Look at a picture that the library does not hold."""
        if media_type(path).kind is not Kind.IMAGE:
            raise PathNotFound("it is no picture")
        return embed_picture(ExampleFile(path), towers, self._settings)

    def _texts(
        self, sentences: Sequence[str], asked: Sequence[str], towers: Towers, progress: Progress
    ) -> dict[str, Vectors]:
        progress.start("reading captions", len(sentences), unit="captions")
        parts: dict[str, list[Vectors]] = {space: [] for space in asked}
        for some in chunks(sentences, _TEXTS):
            for space in asked:
                parts[space].append(towers.embed_queries(space, some))
            progress.advance(len(some))
        return {space: np.concatenate(rows) for space, rows in parts.items()}

    # --- the library -----------------------------------------------------------------------

    def place(self, head: CaptionHead, wait: bool = False) -> int:
        """Give all pictures and keyframes a vector in the space of captions; returns how many.

        All of it is one commit, so a run that is cut off leaves no such space.

        Raises:
            LibraryBusy: another process writes.
        """
        towers = self._checked()
        space = head.space(towers.encoder.shared, towers.encoder.name)
        known = self._store.spaces().get(space.name)
        if known == space:
            return 0
        if known is not None:
            self._drop(space.name, wait)
        self._save(head)
        with self._store.writer(wait=wait) as writer:
            with translated(self._store.path), writer.transaction():
                writer.ensure_space(space)
                placed = sum(
                    writer.fill((space,), additions) for additions in self._placed(head, space)
                )
            self._tidy(head.revision, known.revision if known else "")
        return placed

    def _placed(self, head: CaptionHead, space: Space) -> Iterator[list[Addition]]:
        """Yield the vectors of all pictures, some at a time."""
        ids = self._store.moment_ids(modalities=_SEEN)
        for some in chunks(ids, _AT_A_TIME):
            present, vectors = self._both(head, some)
            rows = head.place_pictures(vectors)
            yield [
                Addition(moment_id, f"moment {moment_id}", {space.name: row})
                for moment_id, row in zip(present.tolist(), rows, strict=True)
            ]

    def _both(self, head: CaptionHead, ids: MomentIds) -> tuple[MomentIds, dict[str, Vectors]]:
        """Return those moments that have vectors in both spaces of a head, and these."""
        names = dict.fromkeys((head.asked, head.inputs))
        read = {name: gather(self._store, name, ids) for name in names}
        present = ids
        for held, _ in read.values():
            present = np.intersect1d(present, held, assume_unique=True)
        return present, {name: rows[np.isin(held, present)] for name, (held, rows) in read.items()}

    def undo(self, wait: bool = False) -> int:
        """Forget what was learned; returns the pictures that had a vector by it.

        Raises:
            LibraryBusy: another process writes.
        """
        name = self._towers.plain.shared.name + caption_head.SUFFIX
        if name not in self._store.spaces():
            return 0
        held = len(self._store.stored_ids(name))
        self._drop(name, wait)
        return held

    def _save(self, head: CaptionHead) -> None:
        file = captions_file(self._store.path, head.revision)
        file.parent.mkdir(exist_ok=True)
        caption_head.save(head, file)
        sync_folder(file.parent)
        sync_folder(self._store.path)

    def _tidy(self, *used: str) -> None:
        """Remove heads of captions that no space names; of other encoders' spaces they stay.

        The last head stays: somebody may be about to read it.
        """
        named = {
            space.revision
            for name, space in self._store.spaces().items()
            if caption_head.is_of_captions(name)
        }
        names = {captions_file(self._store.path, revision).name for revision in (*used, *named)}
        for file in (self._store.path / FOLDER).iterdir():
            if is_captions_file(file) and file.name not in names:
                file.unlink(missing_ok=True)


def described(learned: LearnedCaptions) -> dict[str, Any]:
    """Return a learned head without its weights, as it is printed and kept."""
    measured = learned.measured
    measures: dict[str, CaptionMeasures] = {
        "before": measured.before, "after": measured.after, "gain": measured.gain,
        "error": measured.error,
    }  # fmt: skip
    return {
        "pictures": learned.pictures,
        "captions": learned.captions,
        "passed_over": list(learned.passed_over),
        "among": measured.among,
        "asked": learned.head.asked,
        "inputs": learned.head.inputs,
        "share": learned.head.share,
        **{name: asdict(found) for name, found in measures.items()},
    }


def about_captions(store: Store) -> Mapping[str, Any] | None:
    """Return where the head of captions of a library comes from; None where it has none.

    Raises:
        EncoderUnavailable: its file is lost or damaged.
    """
    infos = store.space_infos()
    default = next((info.space.name for info in infos.values() if info.default), "")
    info = infos.get(default + caption_head.SUFFIX)
    if info is None:
        return None
    revision = info.space.revision
    return caption_head.load(captions_file(store.path, revision), revision).about


def _drawn(table: dict[Path, list[str]], seed: int) -> dict[Path, list[str]]:
    """Return at most so many of the pictures, drawn at random."""
    if len(table) <= _MOST_PICTURES:
        return table
    paths = list(table)
    drawn = np.random.default_rng(seed).choice(len(paths), _MOST_PICTURES, replace=False)
    return {paths[place]: table[paths[place]] for place in sorted(drawn.tolist())}


def _too_few(count: int, faults: Sequence[str]) -> str:
    first = f"; the first of {len(faults)} that cannot be read: {faults[0]}" if faults else ""
    return (
        f"{count} captioned pictures are too few to learn from: at least {FEWEST_PICTURES} are"
        f" needed{first}"
    )
