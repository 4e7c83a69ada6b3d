"""Reading the catalog: one prepared statement a question, one connection a thread."""

from __future__ import annotations

import itertools
import json
import os
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.store import database, paths, records
from engine.store.error_translation import translated
from engine.store.records import Background, KnownAsset, Row, SegmentInfo, SpaceInfo
from engine.types import Asset, Failure, Filter, Kind, Modality, MomentRecord, Space
from engine.types.arrays import MomentIds


class Catalog:
    """What can be asked of a library's catalog, from any thread.

    Every method answers from one committed generation. To ask several questions of
    the same one, put them inside ``with catalog.snapshot()``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = database.of(path)
        self._local = threading.local()
        self._readers: weakref.WeakSet[database.ReadConnection] = weakref.WeakSet()
        self._guard = threading.Lock()

    def close(self) -> None:
        """Close the connections of all threads. A later question opens a new one."""
        with self._guard:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
            self._local = threading.local()

    def _reader(self) -> database.ReadConnection:
        reader: database.ReadConnection | None = getattr(self._local, "reader", None)
        if reader is None or not reader.usable:
            reader = self._database.reader()
            with self._guard:
                self._readers.add(reader)
            self._local.reader = reader
        return reader

    def _ask(self, read: str, **values: object) -> list[Row]:
        with translated(self.path):
            return list(self._reader().ask(read, values))

    def _one(self, read: str, **values: object) -> Any:
        """The first column of the first row."""
        return self._ask(read, **values)[0][0]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """This thread's reads inside see one generation, whatever is committed meanwhile."""
        with translated(self.path):
            reader = self._reader()
            if reader.snapshots == 0:
                reader.begin()
        reader.snapshots += 1
        try:
            if reader.snapshots == 1:
                # A deferred transaction takes its view at the first read.
                self._local.generation = int(self._one("generation"))
            yield
        finally:
            reader.snapshots -= 1
            if reader.snapshots == 0:
                self._local.generation = None
                with translated(self.path):
                    reader.end()

    def generation(self) -> int:
        """A number that grows with every change to what a search could return."""
        seen: int | None = getattr(self._local, "generation", None)
        return int(self._one("generation")) if seen is None else seen

    def calibrated(self) -> bool:
        """Whether the backgrounds were estimated from just what is committed."""
        return bool(self._one("calibrated"))

    def spaces(self) -> dict[str, Space]:
        """The spaces by name."""
        return {name: info.space for name, info in self.space_infos().items()}

    def space_infos(self) -> dict[str, SpaceInfo]:
        """The spaces by name, with what they are to the library."""
        return {row[0]: records.space_info(row) for row in self._ask("spaces")}

    def serving(self) -> dict[str, Space]:
        """The spaces that searches read: all but those that are still being filled."""
        infos = self.space_infos()
        names = records.serving(infos.values())
        return {name: info.space for name, info in infos.items() if name in names}

    def assets(self, under: Sequence[str | os.PathLike[str]] | None = None) -> Iterator[KnownAsset]:
        """The known files, in order of their paths; of ``under``, absolute files and
        folders, only those that are one of them or lie below one."""
        if under is None:
            return self._stream("assets")
        roots = paths.outermost(os.fspath(path) for path in under)
        return itertools.chain.from_iterable(
            self._stream("assets_under", **paths.prefix_bounds(root)) for root in roots
        )

    def _stream(self, read: str, **values: object) -> Iterator[KnownAsset]:
        with translated(self.path):
            for row in self._reader().ask(read, values):
                yield records.known_asset(row)

    def get(self, path: str | os.PathLike[str]) -> KnownAsset | None:
        """The asset at an absolute path."""
        found = self._ask("asset_at", path=paths.to_text(os.fspath(path)))
        return records.known_asset(found[0]) if found else None

    def find_hash(self, content_hash: str) -> list[KnownAsset]:
        """The assets with these bytes."""
        return list(map(records.known_asset, self._ask("assets_hash", hash=content_hash)))

    def assets_numbered(self, asset_ids: Iterable[int]) -> dict[int, KnownAsset]:
        """The assets with these ids, by id; those that are gone are left out."""
        found = self._ask("assets_numbered", ids=json.dumps([int(i) for i in asset_ids]))
        return {asset.asset_id: asset for asset in map(records.known_asset, found)}

    def whole_assets(self, asset_ids: Iterable[int]) -> dict[int, Asset]:
        """All that is known of these assets, by id; those that are gone are left out."""
        found = self._ask("assets_whole", ids=json.dumps([int(i) for i in asset_ids]))
        return dict(map(records.asset, found))

    def records(self, moment_ids: Sequence[int] | MomentIds) -> dict[int, MomentRecord]:
        """What a page shows of these moments; those that are gone are left out.

        The dictionary follows the order of ``moment_ids``.
        """
        wanted = [int(moment_id) for moment_id in moment_ids]
        found = {row[0]: row for row in self._ask("records", ids=json.dumps(wanted))}
        return {i: records.moment_record(found[i]) for i in wanted if i in found}

    def owners(self, moment_ids: MomentIds) -> int:
        """Of how many assets these moments are."""
        return len(self._ask("owners", ids=json.dumps(moment_ids.tolist())))

    def kinds_of(self, moment_ids: Iterable[int]) -> dict[int, tuple[Kind, Modality]]:
        """What these moments are of and how they are perceived; those that are gone are
        left out."""
        found = self._ask("kinds_of", ids=json.dumps(list(moment_ids)))
        return {row[0]: records.kind_and_modality(row) for row in found}

    def moments_of(self, asset_id: int) -> list[MomentRecord]:
        """An asset's moments in their order."""
        return list(map(records.moment_record, self._ask("moments_of", id=asset_id)))

    def moment_ids(self, kinds: Sequence[str] = (), modalities: Sequence[str] = ()) -> MomentIds:
        """The ids of all moments of these kinds and modalities; empty means all.

        Returns:
            int64, shape (n,), sorted.
        """
        read = {
            (False, False): "moment_ids",
            (True, False): "moment_ids_kind",
            (False, True): "moment_ids_modality",
            (True, True): "moment_ids_both",
        }[bool(kinds), bool(modalities)]
        values = {"kinds": json.dumps(list(kinds)), "modalities": json.dumps(list(modalities))}
        return self._ids(read, values)

    def passing(
        self, wanted: Filter, kinds: Sequence[str] = (), modalities: Sequence[str] = ()
    ) -> MomentIds:
        """The ids of all moments of these kinds and modalities whose assets pass a filter.

        Dates compare as text: ``2024-06`` lies before all that was made in that month.
        A file's own date is that of its last change, in UTC.

        Returns:
            int64, shape (n,), sorted.

        Raises:
            InvalidQuery: a condition of the filter is of no known field, operator or value.
        """
        with translated(self.path):
            return _sorted(self._reader().passing(wanted, kinds, modalities))

    def tombstones(self, since: int = -1) -> MomentIds:
        """Ids of deleted moments whose vectors are still in some segment, or index.

        Args:
            since: only of those that died after this generation.

        Returns:
            int64, shape (n,), sorted.
        """
        if since < 0:
            return self._ids("tombstones", {})
        return self._ids("tombstones_since", {"generation": since})

    def _ids(self, read: str, values: Mapping[str, object]) -> MomentIds:
        with translated(self.path):
            return _sorted(self._reader().ask(read, values))

    def words(
        self, match: str, kinds: Sequence[str] = (), limit: int = 100
    ) -> list[tuple[int, float]]:
        """Moments whose words match, best first.

        Args:
            match: what ``match_any`` builds.
            kinds: only moments of assets of these kinds; empty means all.

        Returns:
            Moment id and BM25, where greater is better.

        Raises:
            InvalidQuery: ``match`` is no expression that the database knows.
        """
        with translated(self.path):
            return self._reader().search(match, kinds, limit)

    def count_words(self, match: str, most: int) -> int:
        """How many moments' words match, counted up to ``most``."""
        with translated(self.path):
            return self._reader().matching(match, most)

    def failures(self) -> list[Failure]:
        """The files that could not be indexed, in order of their paths."""
        return list(map(records.failure, self._ask("failures")))

    def backgrounds(self) -> list[Background]:
        """The distributions of scores that mean nothing."""
        return list(map(records.background, self._ask("backgrounds")))

    def all_segments(self) -> list[SegmentInfo]:
        """The segments of every space, those whose files are lost included."""
        return self._segment_rows()

    def compacted(self) -> int:
        """The generation of the last compaction, 0 where there was none."""
        return int(self._one("compacted"))

    def next_moment(self) -> int:
        """The id that the next moment will get: more than there are moments."""
        return int(self._one("next_moment"))

    def next_segment(self) -> int:
        """The number that the next segment will get."""
        return int(self._one("next_segment"))

    def modalities(self, first: int, last: int) -> tuple[MomentIds, NDArray[np.str_]]:
        """The living moments with ids in [first, last].

        Returns:
            ids int64 (n,), ascending, and their modalities (n,).
        """
        found = self._ask("moments_between", first=first, last=last)
        ids = np.fromiter((row[0] for row in found), np.int64, len(found))
        return ids, np.array([row[1] for row in found], np.str_)

    def _is_named(self, info: SegmentInfo) -> bool:
        """Whether a segment is in the newest generation, whatever this thread's is."""
        with translated(self.path), closing(self._database.reader()) as newest:
            return bool(list(newest.ask("segment_named", {"file": info.file})))

    def moment_vectors(self) -> tuple[MomentIds, NDArray[np.int64]]:
        """How many vectors every moment has, over all spaces.

        Returns:
            ids int64 (n,), sorted, and counts int64 (n,).
        """
        found = np.array(self._ask("moment_vectors"), np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def word_rows(self) -> int:
        """Rows of the full text index; 0 where it is missing."""
        with translated(self.path):
            return self._reader().word_rows()

    def integrity(self, deep: bool) -> list[str]:
        """What the database finds wrong with itself; ``deep`` reads all of it."""
        with translated(self.path):
            return self._reader().integrity(deep)

    def _segment_rows(self, space: str | None = None, after: int = 0) -> list[SegmentInfo]:
        if space is None:
            found: Iterable[Row] = self._ask("segments")
        else:
            found = self._ask("segments_after", space=space, after=after)
        return list(map(records.segment_info, found))


def _sorted(found: Iterable[Row]) -> MomentIds:
    """The ids in rows of one."""
    ids = np.fromiter(itertools.chain.from_iterable(found), dtype=np.int64)
    ids.sort()
    return ids
