"""Moved files: the assets whose content lies at another path now.

``Moves`` hands an asset whose own file is gone to a file that has its content. ``find_trades``
finds files that took each other's names, which a look at paths alone cannot see.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from engine.errors import MediaError
from engine.store import KnownAsset, Store
from engine.types import FileStat
from indexers.file_hash import hash_file
from indexers.scan import INDEXED, Candidate, missing


@dataclass(frozen=True, slots=True)
class Moved:
    """The content of an asset whose own file is gone."""

    stat: FileStat
    source: KnownAsset


class Moves:
    """Assets without a file, handed to the files that have their content, once each."""

    def __init__(self, store: Store | None, candidates: Sequence[Candidate]) -> None:
        self._store = store
        self._lock = Lock()
        self._claimed: set[int] = set()
        self._expected = Counter(_name_and_size(c.stat) for c in candidates)

    def claim(self, file: FileStat, content_hash: str) -> KnownAsset | None:
        """Return the asset that moved to ``file``, if any: of several, one of the same name.

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


@dataclass(frozen=True, slots=True)
class Trade:
    """Files that took each other's names, and what is left to be read then.

    The moves hold only together: the path of each may be where another one's asset
    still is. So they go into one commit, before any other file is committed.
    """

    moves: tuple[Moved, ...] = ()
    replaced: tuple[KnownAsset | None, ...] = ()
    """For each move the asset whose file it came over, unless that one moved as well."""
    candidates: tuple[Candidate, ...] = ()
    """The others; of those whose asset has moved away, as files that nothing is known of."""


def find_trades(candidates: Sequence[Candidate]) -> Trade:
    """Find the assets whose content lies at another path, and other content at their own.

    ``Moves`` cannot see them: their paths have files. Only files of just the size of
    such an asset are opened, so that where nothing was traded next to nothing is read.
    """
    hashes = _Hashes()
    displaced = _Displaced(candidates, hashes)
    moves: dict[str, Moved] = {}
    for candidate in candidates:
        if moved := displaced.claim(candidate):
            moves[candidate.stat.path] = moved
    away = {moved.source.asset_id for moved in moves.values()}
    rest = [_without_moved(c, away) for c in candidates]
    return Trade(
        tuple(moves.values()),
        tuple(c.known for c in rest if c.stat.path in moves),
        tuple(c for c in rest if c.stat.path not in moves),
    )


def _without_moved(candidate: Candidate, away: set[int]) -> Candidate:
    """Return the candidate without what was known at its path, when that has moved away."""
    known = candidate.known
    return replace(candidate, known=None) if known and known.asset_id in away else candidate


@dataclass(slots=True)
class _Hashes:
    """The hashes of some files, each read once."""

    _seen: dict[str, str | None] = field(default_factory=dict)

    def hash_of(self, file: FileStat) -> str | None:
        """Return the hash of a file that is still as it was scanned; None for any other."""
        if file.path not in self._seen:
            self._seen[file.path] = self._read(file)
        return self._seen[file.path]

    def _read(self, file: FileStat) -> str | None:
        try:
            found, content_hash = hash_file(Path(file.path))
        except (MediaError, OSError):
            return None  # it is read again on its own, and has its failure then
        return content_hash if found == file else None


class _Displaced:
    """Assets whose files have changed, handed to the files that hold their content."""

    def __init__(self, candidates: Sequence[Candidate], hashes: _Hashes) -> None:
        self._hashes = hashes
        self._by_size: dict[int, list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            if candidate.known is not None and not candidate.forced:
                self._by_size[candidate.known.size].append(candidate)

    def claim(self, candidate: Candidate) -> Moved | None:
        """Return the move of a displaced asset to ``candidate``, where that has its content."""
        others = self._by_size.get(candidate.stat.size, [])
        if not any(other is not candidate for other in others):
            return None
        content_hash = self._hashes.hash_of(candidate.stat)
        if candidate.known is not None and candidate.known.content_hash == content_hash:
            return None  # touched, and where it was
        for other in others:
            known = other.known
            assert known is not None
            if known.content_hash == content_hash and self._changed(other, known):
                others.remove(other)
                return Moved(candidate.stat, known)
        return None

    def _changed(self, owner: Candidate, known: KnownAsset) -> bool:
        """Tell whether the file at an asset's own path surely holds something else."""
        if owner.stat.size != known.size:
            return True
        found = self._hashes.hash_of(owner.stat)
        return found is not None and found != known.content_hash


def _name_and_size(file: FileStat | KnownAsset) -> tuple[str, int]:
    return Path(file.path).name, file.size
