"""The texts of the files of a run, and the sidecars that they come from.

A sidecar that appears, changes or goes changes what is written about its file, and nothing
else of it: the file is read for its texts, and no vector is computed again. Only subtitles
are moments of their own; a file whose subtitles changed is decoded anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from engine.common.file_state import stored_mtime_ns
from engine.errors import MediaError
from engine.media import place_names, sidecars
from engine.media.sniff import sniff
from engine.media.texts import REVISION, Texts, read_texts
from engine.store import KnownAsset, Store
from engine.types import FileStat, Kind, Modality, Moment

TRACK = 1
"""The ordinal of moments that come of a track of texts, where what a bridge heard has 0."""


@dataclass(frozen=True, slots=True)
class Written:
    """The sidecars of a file, and the state that they are in."""

    state: str
    """The revision of the readers, then the suffix, size and date of each sidecar."""
    beside: tuple[str, ...] = ()
    """Their paths."""


@dataclass(slots=True)
class Sidecars:
    """The sidecars among the files of a walk, by folder and by the name that they are of."""

    _by_owner: dict[tuple[str, str], list[FileStat]] = field(default_factory=dict)

    @classmethod
    def among(cls, files: Mapping[str, FileStat], alone: Iterable[str] = ()) -> Sidecars:
        """Find the sidecars of a walk.

        Args:
            alone: folders of files that were named by themselves, which were not walked.
        """
        found = cls()
        for stat in files.values():
            found._add(stat)
        for folder in alone:
            found._list(folder)
        return found

    def _add(self, stat: FileStat) -> None:
        folder, name = os.path.split(stat.path)
        if PurePath(name.lower()).suffix in sidecars.SUFFIXES:
            for owner in sidecars.owners(name):
                self._by_owner.setdefault((folder, owner), []).append(stat)

    def _list(self, folder: str) -> None:
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    if PurePath(entry.name.lower()).suffix in sidecars.SUFFIXES:
                        info = entry.stat()
                        self._add(FileStat(entry.path, info.st_size, stored_mtime_ns(info)))
        except OSError:
            pass  # what cannot be listed has no sidecars

    def of(self, path: str) -> Written:
        """Return the sidecars of a file."""
        folder, name = os.path.split(path)
        found: dict[str, FileStat] = {}
        for key in sidecars.names_of(name):
            for stat in self._by_owner.get((folder, key), ()):
                if stat.path != path:
                    found[stat.path] = stat
        stem = len(PurePath(name).stem)
        states = [
            f"{os.path.split(p)[1][stem:]}:{stat.size}:{stat.mtime_ns}"
            for p, stat in sorted(found.items())
        ]
        readers = f"{REVISION}+{place_names.PACKAGE}" if place_names.is_installed() else REVISION
        return Written("|".join((readers, *states)), tuple(sorted(found)))


def texts_of(
    path: Path,
    kind: Kind,
    written: Written,
    duration: float | None,
    place: tuple[float, float] | None,
) -> Texts:
    """Read what is written about a file; no line reaches past the end of it.

    The name of the place where it was made is found as a word of a caption is.
    """
    texts = read_texts(path, kind, map(Path, written.beside))
    if place is not None and (name := place_names.name_of(place)) is not None:
        texts = replace(texts, lines=tuple(dict.fromkeys((*texts.lines, name))))
    if duration is None:
        return texts
    timed = (
        replace(line, end=min(line.end, duration)) for line in texts.timed if line.start < duration
    )
    return replace(texts, timed=tuple(timed))


def moments_of(texts: Texts) -> Iterable[Moment]:
    """Return the moments of texts with times: they are sentences, as what is said is."""
    return (
        Moment(Modality.SPEECH, line.start, line.end, TRACK, text=line.text) for line in texts.timed
    )


@dataclass(frozen=True, slots=True)
class Reworded:
    """Other texts of a file that is as it was."""

    joined: str | None
    state: str


def reworded(store: Store | None, known: KnownAsset | None, beside: Sidecars) -> Reworded | None:
    """Read what is written about an asset again; None where all of it has to be read anew.

    That is where its subtitles have changed, or where an earlier version took a video for a
    sound: readers of another revision come with another look at what files are, which costs
    the first bytes of each.
    """
    if store is None or known is None or _is_of_another_kind(known):
        return None
    written = beside.of(known.path)
    asset = store.whole_assets([known.asset_id]).get(known.asset_id)
    duration, place = (None, None) if asset is None else (asset.duration, asset.place)
    texts = texts_of(Path(known.path), known.kind, written, duration, place)
    if _has_other_lines(store, known.asset_id, texts):
        return None
    return Reworded(texts.joined, written.state)


def _is_of_another_kind(known: KnownAsset) -> bool:
    try:
        media = sniff(Path(known.path))
    except MediaError:  # which says nothing against what is known
        return False
    return media is not None and media.kind is not known.kind


def _has_other_lines(store: Store, asset_id: int, texts: Texts) -> bool:
    """Tell whether the subtitles that an asset has are others than those of its file."""
    held = (record.moment for record in store.moments_of(asset_id))
    known = {m.text for m in held if m.modality is Modality.SPEECH and m.ordinal == TRACK}
    return known != {line.text for line in texts.timed}
