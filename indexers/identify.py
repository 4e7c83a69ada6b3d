"""One file: what it is, and whether its content is known already.

Runs in the threads that decode. A hash is only ever kept with the ``stat`` that
the file had both before and after it was read.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from engine.errors import UnreadableMedia
from engine.media.sniff import sniff
from engine.store import KnownAsset, Store
from engine.types import FileStat, MediaType
from indexers.scan import INDEXED, Candidate, missing

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class NotMedia:
    """Nothing that Sensorium indexes."""


@dataclass(frozen=True, slots=True)
class Touched:
    """The content that the catalog holds at this path, under another date."""

    stat: FileStat


@dataclass(frozen=True, slots=True)
class Moved:
    """The content of an asset whose own file is gone."""

    stat: FileStat
    source: KnownAsset


@dataclass(frozen=True, slots=True)
class Unknown:
    """New content, to be decoded."""

    stat: FileStat
    media: MediaType
    content_hash: str


Verdict: TypeAlias = NotMedia | Touched | Moved | Unknown


def identify(candidate: Candidate, moves: Moves) -> Verdict:
    """Read a file once and say what is to be done with it.

    Raises:
        MediaError: it cannot be read, changes while it is read, or only claims to
            be media.
    """
    path = Path(candidate.stat.path)
    media = sniff(path)
    if media is None:
        return NotMedia()
    info, content_hash = hash_file(path)
    known = candidate.known
    if known is not None and known.content_hash == content_hash and not candidate.forced:
        return Touched(info)
    source = moves.claim(info, content_hash)
    if source is not None:
        return Moved(info, source)
    return Unknown(info, media, content_hash)


def hash_file(path: Path) -> tuple[FileStat, str]:
    """The BLAKE2b-256 of a file with the ``stat`` that belongs to it.

    Raises:
        UnreadableMedia: it changed while it was read, and again at the second try.
        OSError: it cannot be read.
    """
    for _ in range(2):
        before = stat_file(path)
        content_hash = _digest(path)
        if stat_file(path) == before:
            return before, content_hash
    raise UnreadableMedia("changes while it is read")


def stat_file(path: Path) -> FileStat:
    """Size and date of ``path``, which has no links in it."""
    info = path.stat()
    return FileStat(str(path), info.st_size, info.st_mtime_ns)


def _digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=32)
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


class Moves:
    """Assets without a file, handed to the files that have their content, once each."""

    def __init__(self, store: Store | None, candidates: Sequence[Candidate]) -> None:
        self._store = store
        self._lock = Lock()
        self._claimed: set[int] = set()
        self._expected = Counter(_name_and_size(c.stat) for c in candidates)

    def claim(self, file: FileStat, content_hash: str) -> KnownAsset | None:
        """The asset that moved to ``file``, if any: of several, one of the same name.

        An asset is left for a candidate of its own name and size that is still to
        come, so that folders which are moved as a whole keep their pairs.
        """
        with self._lock:
            self._expected[_name_and_size(file)] -= 1
            chosen = self._choose(file, self._free(content_hash))
            if chosen is not None:
                self._claimed.add(chosen.asset_id)
            return chosen

    @property
    def claimed(self) -> frozenset[int]:
        """The assets that have been handed out."""
        with self._lock:
            return frozenset(self._claimed)

    def _free(self, content_hash: str) -> list[KnownAsset]:
        """Assets of this content without a file, which nobody has claimed."""
        if self._store is None:
            return []
        assets = self._store.find_hash(content_hash)
        return [
            a
            for a in sorted(assets, key=lambda a: a.asset_id)
            if a.asset_id not in self._claimed and a.state == INDEXED and missing(a.path)
        ]

    def _choose(self, file: FileStat, free: list[KnownAsset]) -> KnownAsset | None:
        name = _name_and_size(file)
        namesakes = [a for a in free if _name_and_size(a) == name]
        others = [a for a in free if self._expected[_name_and_size(a)] <= 0]
        return next(iter(namesakes or others), None)


def _name_and_size(file: FileStat | KnownAsset) -> tuple[str, int]:
    return Path(file.path).name, file.size
