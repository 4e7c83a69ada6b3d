"""Import of the vectors of a data set without embedding its files again."""

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
from engine.types import Asset, Embedding, FileStat, IndexedAsset, Kind, MediaType
from indexers.file_hash import hash_file

_BATCH = 256
"""Files of one segment."""


@dataclass(frozen=True, slots=True)
class TrustedSpaces:
    """The vectors that are taken as the library's own."""

    names: Mapping[str, str]
    """The library's space by the name that the data set gives it."""


class VectorReuse:
    """Commits files with the vectors of the data set, a few hundred at a time."""

    def __init__(
        self, store: Store, writer: Writer, towers: Towers, settings: Settings, trust: TrustedSpaces
    ) -> None:
        self._store = store
        self._writer = writer
        self._towers = towers
        self._settings = settings
        self._trust = trust
        self._waiting: list[IndexedAsset] = []
        self.taken = self.known = self.moments = 0

    def add(self, sample: ImportedSample) -> bool:
        """Take the vectors of a file; returns False where they cannot be taken."""
        path = Path(sample.path)
        pieces = [self._named(piece) for piece in sample.pieces]
        if not pieces or not all(map(self._is_complete, pieces)):
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
        embeddings = tuple(
            Embedding(p.moment, {s: _float(v) for s, v in p.vectors.items()}) for p in pieces
        )
        self._waiting.append(IndexedAsset(asset, embeddings))
        self.taken += 1
        if len(self._waiting) >= _BATCH:
            self.flush()
        return True

    def flush(self) -> None:
        self.moments += self._writer.commit(self._waiting, self._towers.spaces)
        self._waiting = []

    def _named(self, piece: Piece) -> Piece:
        names = self._trust.names
        found = {names[space]: v for space, v in piece.vectors.items() if space in names}
        return replace(piece, vectors=found)

    def _is_complete(self, piece: Piece) -> bool:
        """Tell whether a moment has all vectors that indexing would give it."""
        needed = frozenset({self._towers.shared.name})
        if UNNAMED not in self._trust.names:
            needed = self._towers.spaces_of(piece.moment.modality)
        return needed <= piece.vectors.keys()

    def _is_known(self, stat: FileStat, content_hash: str) -> bool:
        """Tell whether the library has just this file; it may know more of it, and keeps that."""
        known = self._store.get(stat.path)
        return known is not None and (known.state, known.content_hash, known.mtime_ns) == (
            "indexed", content_hash, stat.mtime_ns,
        )  # fmt: skip

    def _asset(
        self, sample: ImportedSample, media: MediaType, stat: FileStat, content_hash: str
    ) -> Asset | None:
        """Return the file as it is; None where its vectors are not of all of its content."""
        stated = sample.asset
        if stated is not None:
            if stated.content_hash != content_hash:
                return None
            return replace(
                stated, path=stat.path, size=stat.size, mtime_ns=stat.mtime_ns, media=media
            )
        if media.kind is not Kind.IMAGE:
            return None
        frame = read_frame(Path(stat.path), self._settings, 0, 1)
        return Asset(
            stat.path, content_hash, media, stat.size, stat.mtime_ns, frame.width, frame.height,
            None, frame.taken_at, frame.place, frame.caption,
        )  # fmt: skip


def _float(
    vector: np.ndarray[tuple[int, ...], np.dtype[np.float16 | np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(vector, np.float32)
