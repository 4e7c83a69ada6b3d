"""Vectors that a data set brings, into a library, without embedding again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import MediaError
from engine.exchange.records import Piece
from engine.exchange.source import UNNAMED, ImportedSample
from engine.media.image import read_frame
from engine.media.sniff import sniff
from engine.store import Store, Writer
from engine.types import Asset, Embedding, FileStat, IndexedAsset, Kind, MediaType, Modality
from indexers.identify import hash_file

_AT_ONCE = 256
"""Files of one segment."""
_SEEN = (Modality.IMAGE, Modality.KEYFRAME)


@dataclass(frozen=True, slots=True)
class Trust:
    """Which vectors are taken as the library's own."""

    names: Mapping[str, str]
    """The library's space by what the data set calls it."""


class Taker:
    """Files whose vectors are taken, committed a few hundred at a time."""

    def __init__(
        self, store: Store, writer: Writer, towers: Towers, settings: Settings, trust: Trust
    ) -> None:
        self._store = store
        self._writer = writer
        self._towers = towers
        self._settings = settings
        self._trust = trust
        self._waiting: list[IndexedAsset] = []
        self.taken = self.known = self.moments = 0

    def take(self, sample: ImportedSample) -> bool:
        """Whether the vectors of a file can be taken; if so, they are, or are there."""
        path = Path(sample.path)
        pieces = [self._named(piece) for piece in sample.pieces]
        if not pieces or not all(map(self._whole, pieces)):
            return False
        try:
            media = sniff(path)
            if media is None:
                return False
            stat, content_hash = hash_file(path)
            if self._is_known(stat, content_hash):
                self.known += 1
                return True
            asset = self._asset(sample, media, stat, content_hash)
        except (MediaError, OSError):
            return False  # indexing it says what is wrong with it
        if asset is None:
            return False
        made = tuple(
            Embedding(p.moment, {s: _float(v) for s, v in p.vectors.items()}) for p in pieces
        )
        self._waiting.append(IndexedAsset(asset, made))
        self.taken += 1
        if len(self._waiting) >= _AT_ONCE:
            self.flush()
        return True

    def flush(self) -> None:
        self.moments += self._writer.commit(self._waiting, self._towers.spaces)
        self._waiting = []

    def _named(self, piece: Piece) -> Piece:
        names = self._trust.names
        found = {names[space]: v for space, v in piece.vectors.items() if space in names}
        return replace(piece, vectors=found)

    def _whole(self, piece: Piece) -> bool:
        """Whether a moment has all vectors that indexing would give it."""
        wanted = {self._towers.shared.name}
        if UNNAMED not in self._trust.names:
            wanted |= {self._towers.looks.name} if piece.moment.modality in _SEEN else set()
            wanted |= (
                {self._towers.sounds.name} if piece.moment.modality is Modality.SOUND else set()
            )
        return wanted <= piece.vectors.keys()

    def _is_known(self, stat: FileStat, content_hash: str) -> bool:
        """Whether the library has just this file; it may know more of it, and keeps that."""
        known = self._store.get(stat.path)
        return known is not None and (known.state, known.content_hash, known.mtime_ns) == (
            "indexed", content_hash, stat.mtime_ns,
        )  # fmt: skip

    def _asset(
        self, sample: ImportedSample, media: MediaType, stat: FileStat, content_hash: str
    ) -> Asset | None:
        """The file as it is; None where its vectors are of other content, or not of all that
        there is in it."""
        told = sample.asset
        if told is not None:
            if told.content_hash != content_hash:
                return None
            return replace(
                told, path=stat.path, size=stat.size, mtime_ns=stat.mtime_ns, media=media
            )
        if media.kind is not Kind.IMAGE:
            return None
        seen = read_frame(Path(stat.path), self._settings, 0, 1)
        return Asset(
            stat.path, content_hash, media, stat.size, stat.mtime_ns, seen.width, seen.height,
            None, seen.taken_at, seen.place, seen.caption,
        )  # fmt: skip


def _float(
    vector: np.ndarray[tuple[int, ...], np.dtype[np.float16 | np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(vector, np.float32)
