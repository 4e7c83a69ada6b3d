"""Files with the same bytes: one is decoded and embedded, the others get copies of that.

The one may be an asset of the library, or another file of the same run that came first,
whether it is finished or still on its way. Where it comes to nothing for a reason that is
not in its bytes (it vanished, or changed while it was read), one of the others is decoded
in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Generic, TypeVar

from engine.errors import StoreError
from engine.store import Store
from engine.types import IndexedAsset
from indexers.committed_assets import stored_assets
from indexers.fault_messages import MediaFault
from indexers.identify import Unknown
from indexers.scan import INDEXED, Candidate

J = TypeVar("J")


@dataclass(frozen=True, slots=True)
class Copied:
    """Content that an asset has, or that another file of this run is read for."""

    found: Unknown


@dataclass(slots=True)
class _First:
    """The state of the file that is decoded for its content."""

    finished: bool = False
    kept: IndexedAsset | None = None
    """The decoded asset, until it is committed."""
    path: str | None = None
    """The path of that asset in the library once it is committed."""
    notes: tuple[MediaFault, ...] = ()
    fault: MediaFault | None = None
    """Why every file with these bytes fails."""
    lost: bool = False
    """It failed for a reason of its own."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[J]):
    job: J
    found: Unknown


@dataclass(frozen=True, slots=True)
class Resolved(Generic[J]):
    """A copy, and what it is given: moments with their vectors, or the reason of a failure."""

    job: J
    indexed: IndexedAsset | None = None
    notes: tuple[MediaFault, ...] = ()
    fault: MediaFault | None = None


class Duplicates(Generic[J]):
    """Decides which file is decoded, and which files wait for what comes of it.

    ``is_first`` is for the threads that decode; the rest belongs to the one that commits.
    """

    def __init__(self, store: Store | None, candidates: Sequence[Candidate]) -> None:
        self._store = store
        self._lock = Lock()
        # Files of different sizes have different bytes: what is unlike all others by its
        # size takes no room here.
        self._sizes = Counter(candidate.stat.size for candidate in candidates)
        self._firsts: dict[str, _First] = {}
        # Not all of ``_firsts`` is gone over at a commit: other threads add to it meanwhile.
        self._kept: list[_First] = []
        self._waiting: list[_Waiting[J]] = []
        self._orphans: list[_Waiting[J]] = []
        # Of what was read in part only, a copy may be read as a whole.
        self._noted = {f.path for f in store.failures()} if store is not None else set()

    def is_first(self, found: Unknown, *, forced: bool) -> bool:
        """Tell whether a file has to be decoded; ``forced``, although the library knows it."""
        with self._lock:
            if found.content_hash in self._firsts:
                return False
            if not forced and self._originals(found.content_hash):
                return False
            if self._sizes[found.stat.size] > 1:
                self._firsts[found.content_hash] = _First()
            return True

    def _originals(self, content_hash: str) -> list[int]:
        """Assets of the library that hold this content, and all that there is in it."""
        known = self._store.find_hash(content_hash) if self._store is not None else []
        return [a.asset_id for a in known if a.state == INDEXED and a.path not in self._noted]

    # --- the thread that commits -------------------------------------------------

    def add(self, job: J, found: Unknown) -> None:
        """Add a copy that waits."""
        self._waiting.append(_Waiting(job, found))

    @property
    def waiting(self) -> int:
        """The number of copies that wait."""
        return len(self._waiting)

    def indexed(self, asset: IndexedAsset, notes: Sequence[MediaFault]) -> None:
        """Note that a file was decoded and embedded; ``notes`` are what of it could not be read."""
        if first := self._firsts.get(asset.asset.content_hash):
            first.finished, first.kept, first.notes = True, asset, tuple(notes)
            first.path = asset.asset.path
            self._kept.append(first)

    def failed(self, content_hash: str | None, fault: MediaFault) -> None:
        """Note that a file came to nothing, for the reason that ``fault`` gives."""
        if first := self._firsts.get(content_hash or ""):
            first.finished, first.lost = True, fault.retryable
            first.fault = None if fault.retryable else fault

    def committed(self) -> None:
        """Note that what was indexed so far is in the store from now on."""
        for first in self._kept:
            first.kept = None
        self._kept.clear()

    def resolve(self) -> Iterator[Resolved[J]]:
        """Yield the copies whose originals are finished, with what they are given."""
        waiting, self._waiting = self._waiting, []
        stored: list[_Waiting[J]] = []
        for copy in waiting:
            first = self._firsts.get(copy.found.content_hash)
            if first is None:
                stored.append(copy)
            elif not first.finished:
                self._waiting.append(copy)
            elif first.lost:
                self._orphans.append(copy)
            elif first.fault is not None:
                yield Resolved(copy.job, fault=first.fault)
            elif first.kept is not None:
                yield Resolved(copy.job, _copy(first.kept, copy.found), first.notes)
            else:
                stored.append(copy)
        yield from self._from_store(stored)

    def _from_store(self, copies: Sequence[_Waiting[J]]) -> Iterator[Resolved[J]]:
        hashes = {copy.found.content_hash for copy in copies}
        originals = self._stored(hashes) if hashes else {}
        for copy in copies:
            content_hash = copy.found.content_hash
            if original := originals.get(content_hash):
                first = self._firsts.get(content_hash, _First())
                yield Resolved(copy.job, _copy(original, copy.found), first.notes)
            else:  # replaced or removed since, or its segment is damaged
                self._orphans.append(copy)

    def _stored(self, hashes: set[str]) -> dict[str, IndexedAsset]:
        """Read an original from the library for each content that it still holds."""
        assert self._store is not None
        ids = [asset_id for digest in hashes for asset_id in self._originals_now(digest)[:1]]
        try:
            found = stored_assets(self._store, ids)
        except StoreError:
            return {}
        return {indexed.asset.content_hash: indexed for indexed in found.values()}

    def _originals_now(self, content_hash: str) -> list[int]:
        """Return ``_originals``; of what this run has decoded, the one that it has committed."""
        first = self._firsts.get(content_hash)
        if first is None:
            return self._originals(content_hash)
        assert self._store is not None
        known = self._store.find_hash(content_hash)
        return [a.asset_id for a in known if a.state == INDEXED and a.path == first.path]

    def orphan(self) -> tuple[J, Unknown] | None:
        """Return a copy that has to be decoded after all; others of its content wait for it."""
        if not self._orphans:
            return None
        chosen = self._orphans.pop(0)
        content_hash = chosen.found.content_hash
        with self._lock:
            self._firsts[content_hash] = _First()
        alike = [o for o in self._orphans if o.found.content_hash == content_hash]
        self._orphans = [o for o in self._orphans if o.found.content_hash != content_hash]
        self._waiting.extend(alike)
        return chosen.job, chosen.found


def _copy(original: IndexedAsset, found: Unknown) -> IndexedAsset:
    """Copy the original's facts and moments to another path and another date."""
    stat = found.stat
    asset = replace(original.asset, path=stat.path, size=stat.size, mtime_ns=stat.mtime_ns)
    return replace(original, asset=asset)
