"""Pairs of sounds to learn from, read from a library. Nothing is decoded."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.align.measure import HeldOutPairs
from engine.common.user_path import expanded, resolved
from engine.common.vectors import l2_normalize
from engine.encoders.projection import Kept
from engine.encoders.recordings import recordings_of
from engine.errors import PathNotFound, UsageError
from engine.store import Store
from engine.types import Kind, Modality, MomentRecord
from engine.types.arrays import MomentIds, Vectors

FEWEST_PAIRS, FEWEST_FILES = 40, 10
"""Numbers below which there is too little to learn from, and to measure with."""
_TEMPLATES = ("{}", "a {}", "the sound of a {}")
"""Sentences that a label is put into; its vector is their mean."""

Embed: TypeAlias = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True, eq=False)
class Sounds:
    """The sounds of a library that have features, by their moments, ascending."""

    ids: MomentIds
    features: Vectors
    words: Vectors
    """The vector of each by the bridge's words, in the shared space."""

    def row(self) -> dict[int, int]:
        """Return the row of each moment."""
        return {int(moment): row for row, moment in enumerate(self.ids)}


def gather(store: Store, space: str, ids: MomentIds) -> tuple[MomentIds, Vectors]:
    """Return the vectors (n, dim) of those moments that a space has, ascending."""
    found, rows = [np.zeros(0, np.int64)], []
    for info in store.segments(space):
        stored, vectors = store.read_segment(info)
        chosen = np.isin(stored, ids)
        found.append(stored[chosen])
        rows.append(vectors[chosen])
    dim = store.spaces()[space].dim
    every, of = np.concatenate(found), np.concatenate([np.zeros((0, dim), np.float32), *rows])
    order = np.argsort(every)
    return every[order], of[order]


def read_sounds(
    store: Store,
    shared: str,
    sounds: str,
    kept: Kept | None,
    in_words: Callable[[Vectors], Vectors],
) -> Sounds:
    """Return the sounds of a library.

    Args:
        kept: the vectors by words from before a head was learned; None where there is no
            head, and the shared space itself has them.
        in_words: puts features into words, for sounds that are in neither.
    """
    with store.snapshot():
        living = store.moment_ids(modalities=(Modality.SOUND,))
        ids, features = gather(store, sounds, living)
        placed, vectors = gather(store, shared, ids)
    shared_too = np.isin(ids, placed, assume_unique=True)
    ids, features = ids[shared_too], features[shared_too]
    if kept is None:
        return Sounds(ids, features, vectors)
    words = in_words(features)
    was = np.isin(kept.ids, ids)
    words[np.searchsorted(ids, kept.ids[was])] = kept.vectors[was]
    return Sounds(ids, features, words)


# --- videos -----------------------------------------------------------------------


def pairs_of_videos(store: Store, shared: str, sounds: Sounds, under: Path | None) -> HeldOutPairs:
    """Pair every window of a video's sound with the keyframes that are shown meanwhile.

    The target is the mean of their vectors, by how long each overlaps (after Wav2CLIP, Wu et
    al. 2022).
    """
    frames, vectors = gather(store, shared, store.moment_ids(modalities=(Modality.KEYFRAME,)))
    seen, rows = dict(zip(frames.tolist(), vectors, strict=True)), sounds.row()
    targets, at, answers, files = [], [], [], []
    for asset in store.assets(None if under is None else [under]):
        if asset.kind is Kind.VIDEO:
            moments = store.moments_of(asset.asset_id)
            shown = [m for m in moments if m.moment_id in seen]
            for moment in moments:
                row = rows.get(moment.moment_id)
                parts = {} if row is None else _shown_meanwhile(moment, shown)
                if parts:
                    weighed = [seconds * seen[frame] for frame, seconds in parts.items()]
                    targets.append(l2_normalize(np.sum(weighed, axis=0)[None])[0])
                    at.append(row)
                    files.append(asset.asset_id)
                    # One long shot is the same target to all windows inside it.
                    answers.append(next(iter(parts)) if len(parts) == 1 else moment.moment_id)
    return _pairs(sounds, at, targets, answers, files)


def _shown_meanwhile(sound: MomentRecord, shown: Sequence[MomentRecord]) -> dict[int, float]:
    """Return the keyframes whose shots overlap a sound, and for how many seconds."""
    overlaps = {frame.moment_id: _overlap(sound, frame) for frame in shown}
    return {frame: seconds for frame, seconds in overlaps.items() if seconds > 0}


def _overlap(first: MomentRecord, second: MomentRecord) -> float:
    """Return the seconds that two moments share."""
    times = first.moment.start, first.moment.end, second.moment.start, second.moment.end
    if None in times:
        return 0.0
    start, end, also_start, also_end = (float(t) for t in times if t is not None)
    return min(end, also_end) - max(start, also_start)


# --- labels -----------------------------------------------------------------------


def pairs_of_labels(
    store: Store, sounds: Sounds, labels: Mapping[int, str], embed: Embed
) -> HeldOutPairs:
    """Pair every window of a labelled file with the words of its label."""
    names = sorted(set(labels.values()))
    texts = [template.format(name) for name in names for template in _TEMPLATES]
    shape = (len(names), len(_TEMPLATES), -1)
    vectors = (
        l2_normalize(embed(texts).reshape(shape).mean(1)) if names else np.zeros((0, 1), np.float32)
    )
    number, rows = {name: i for i, name in enumerate(names)}, sounds.row()
    at, answers, files = [], [], []
    for asset_id, label in sorted(labels.items()):
        for moment in store.moments_of(asset_id):
            if moment.moment_id in rows:
                at.append(rows[moment.moment_id])
                answers.append(number[label])
                files.append(asset_id)
    return _pairs(sounds, at, [vectors[i] for i in answers], answers, files)


def read_labels(store: Store, source: Path | None) -> dict[int, str]:
    """Read the labels of a library's files, by asset.

    Args:
        source: a CSV with the columns ``path`` (or ``file``, which is relative to the
            CSV's folder) and ``label``; or a folder, whose files are labelled by the names
            of the folders that they are in; None for all files of the library.

    Raises:
        PathNotFound: there is no such file or folder.
        UsageError: the CSV lacks a column.
    """
    source = None if source is None else expanded(source)
    if source is None or not source.is_file():
        under = None if source is None else [resolved(source)]
        named = {
            asset.asset_id: _as_words(Path(asset.path).parent.name)
            for asset in store.assets(under)
            if asset.kind is not Kind.IMAGE
        }
        # The files themselves may be elsewhere: what is known of them is in the library.
        if source is not None and not named and not source.exists():
            raise PathNotFound(f"{source}: there is no such file or folder")
        return named
    found = ((store.get(path), label) for path, label in _rows(source))
    return {asset.asset_id: _as_words(label) for asset, label in found if asset is not None}


def _rows(source: Path) -> Iterator[tuple[Path, str]]:
    try:
        with source.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                path = row["path"] if "path" in row else row["file"]
                yield resolved(source.parent / path), row["label"]
    except (KeyError, UnicodeDecodeError, TypeError) as error:
        raise UsageError(f"{source} must be a CSV with the columns path and label") from error
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror}") from error


def _as_words(label: str) -> str:
    return " ".join(label.replace("_", " ").replace("-", " ").split())


# --- both -------------------------------------------------------------------------


def _pairs(
    sounds: Sounds,
    rows: Sequence[int | None],
    targets: Sequence[Vectors],
    answers: Sequence[int],
    files: Sequence[int],
) -> HeldOutPairs:
    dim = sounds.words.shape[1]
    at: NDArray[np.int64] = np.array(rows, np.int64)
    return HeldOutPairs(
        sounds.features[at],
        sounds.words[at],
        np.array(targets, np.float32).reshape(-1, dim),
        np.array(answers, np.int64),
        np.array(files, np.int64),
    )


def checked(pairs: HeldOutPairs) -> HeldOutPairs:
    """Count copies of a recording as one file, and check that there are enough pairs.

    Raises:
        UsageError: there are too few pairs, of too few files or targets.
    """
    joined = recordings_of(pairs.features, pairs.files) if len(pairs) else pairs.files
    files, targets = len(np.unique(joined)), len(np.unique(pairs.answers))
    if len(pairs) < FEWEST_PAIRS or files < FEWEST_FILES or targets < 2:
        raise UsageError(
            f"there are too few pairs to learn from: {len(pairs)} from {files} different files"
            f" with {targets} targets; at least {FEWEST_PAIRS} pairs from {FEWEST_FILES} files are"
            " needed, with two targets: index more, or take other pairs=",
            arguments=("pairs",),
        )
    return HeldOutPairs(pairs.features, pairs.words, pairs.targets, pairs.answers, joined)
