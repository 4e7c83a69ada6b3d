"""Read the catalog: one prepared statement a question, one connection a thread."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.common.vectors import chunks
from engine.store import database, paths, row_decoding, space_lookup
from engine.store.catalog_words import CatalogWords
from engine.store.connections import CatalogConnections
from engine.store.curation_reads import CurationReads
from engine.store.database import Database
from engine.store.error_translation import translated
from engine.store.id_columns import listed, sorted_ids
from engine.store.records import (
    AssetFacts,
    Background,
    KnownAsset,
    ListedFile,
    MissingAsset,
    Row,
    SegmentInfo,
    SpaceInfo,
    WordsOfMoment,
)
from engine.types import Asset, Failure, Filter, Kind, Modality, MomentRecord, Space
from engine.types.arrays import MomentIds

_IDS_PER_READ = 20_000


class Catalog(CatalogWords):
    """Answer questions about a library's catalog, from any thread.

    Every method answers from one committed generation. To ask several questions of
    the same one, put them inside ``with catalog.snapshot()``.

    Attributes:
        path: the library's folder.
        connections: the connections that read.
        curation: what runs of curation found and did.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_from(database.database_of(path))

    def _read_from(self, home: Database) -> None:
        """Take another place of the catalog from now on."""
        self._database = home
        self.connections = CatalogConnections(self.path, home)
        self.curation = CurationReads(self.connections)
        self._ask, self._value = self.connections.ask, self.connections.ask_value

    def close(self) -> None:
        """Close the connections of all threads. A later question opens a new one."""
        self.connections.close()

    def snapshot(self) -> AbstractContextManager[None]:
        """Let this thread's reads inside see one generation, whatever is committed meanwhile."""
        return self.connections.snapshot()

    def generation(self) -> int:
        """Return a number that grows with every change to what a search could return."""
        return self.connections.generation()

    def calibrated(self) -> bool:
        """Tell whether the backgrounds were estimated from just what is committed."""
        return bool(self._value("calibrated"))

    def spaces(self) -> dict[str, Space]:
        """Return the spaces by name."""
        return {name: info.space for name, info in self.space_infos().items()}

    def space_infos(self) -> dict[str, SpaceInfo]:
        """Return the spaces by name, with their roles and states."""
        return {row[0]: row_decoding.space_info(row) for row in self._ask("spaces")}

    def serving(self) -> dict[str, Space]:
        """Return the spaces that searches read: all but those that are still being filled."""
        infos = self.space_infos()
        names = space_lookup.serving(infos.values())
        return {name: info.space for name, info in infos.items() if name in names}

    def assets(self, under: Sequence[str | os.PathLike[str]] | None = None) -> Iterator[KnownAsset]:
        """Yield the known files, in order of their paths.

        Args:
            under: absolute files and folders; only what is one of them or lies below one.
        """
        if under is None:
            return self._stream("assets")
        roots = paths.outermost(os.fspath(path) for path in under)
        return itertools.chain.from_iterable(
            self._stream("assets_under", **paths.prefix_bounds(root)) for root in roots
        )

    def folders(self) -> list[str]:
        """Return the folders that have files of the library, without order."""
        # Decoding each file only for its folder takes most of a second of 100,000.
        found = {row[1].rpartition("/")[0] for row in self.connections.stream("assets")}
        return [paths.from_text(folder) or "/" for folder in found]

    def _stream(self, read: str, **values: object) -> Iterator[KnownAsset]:
        return map(row_decoding.known_asset, self.connections.stream(read, **values))

    def unread(self, under: Sequence[str | os.PathLike[str]] | None = None) -> Iterator[KnownAsset]:
        """Yield the pictures and videos whose text was not looked for yet; see ``assets``."""
        if under is None:
            return self._stream("unread")
        roots = paths.outermost(os.fspath(path) for path in under)
        return itertools.chain.from_iterable(
            self._stream("unread_under", **paths.prefix_bounds(root)) for root in roots
        )

    def missing(
        self, under: Sequence[str | os.PathLike[str]] | None = None
    ) -> Iterator[MissingAsset]:
        """Yield the files that vanished in bulk, in order of their paths; see ``assets``."""
        roots = [] if under is None else paths.outermost(os.fspath(path) for path in under)
        found = (
            [self.connections.stream("missing")]
            if under is None
            else [
                self.connections.stream("missing_under", **paths.prefix_bounds(root))
                for root in roots
            ]
        )
        return map(row_decoding.missing_asset, itertools.chain.from_iterable(found))

    def missing_with_hash(self, content_hash: str) -> list[MissingAsset]:
        """List the missing files that had these bytes."""
        return list(map(row_decoding.missing_asset, self._ask("missing_hash", hash=content_hash)))

    def count_missing(self) -> int:
        """Count the files that vanished in bulk."""
        return int(self._value("count_missing"))

    def get(self, path: str | os.PathLike[str]) -> KnownAsset | None:
        """Return the asset at an absolute path."""
        found = self._ask("asset_at", path=paths.to_text(os.fspath(path)))
        return row_decoding.known_asset(found[0]) if found else None

    def find_hash(self, content_hash: str) -> list[KnownAsset]:
        """List the assets with these bytes."""
        return list(map(row_decoding.known_asset, self._ask("assets_hash", hash=content_hash)))

    def assets_numbered(self, asset_ids: Iterable[int]) -> dict[int, KnownAsset]:
        """Return the assets with these ids, by id; those that are gone are left out."""
        found = self._ask("assets_numbered", ids=listed(asset_ids))
        return {asset.asset_id: asset for asset in map(row_decoding.known_asset, found)}

    def whole_assets(self, asset_ids: Iterable[int]) -> dict[int, Asset]:
        """Return all that is known of these assets, by id; those that are gone are left out."""
        found = self._ask("assets_whole", ids=listed(asset_ids))
        return dict(map(row_decoding.asset, found))

    def records(self, moment_ids: Sequence[int] | MomentIds) -> dict[int, MomentRecord]:
        """Return what a page shows of these moments; those that are gone are left out.

        The dictionary follows the order of ``moment_ids``.
        """
        ids = [int(moment_id) for moment_id in moment_ids]
        found = {row[0]: row for row in self._ask("records", ids=json.dumps(ids))}
        return {i: row_decoding.moment_record(found[i]) for i in ids if i in found}

    def words_of(self, moment_ids: Iterable[int]) -> list[WordsOfMoment]:
        """List the words of these moments and of their files; those that are gone are left out."""
        return list(map(row_decoding.words_of, self._ask("words_of", ids=listed(moment_ids))))

    def owners(self, moment_ids: MomentIds) -> int:
        """Count the assets that these moments are of."""
        return len(self._ask("owners", ids=json.dumps(moment_ids.tolist())))

    def kinds_of(self, moment_ids: Iterable[int]) -> dict[int, tuple[Kind, Modality]]:
        """Return the kind and the modality of these moments; those that are gone are left out."""
        found = self._ask("kinds_of", ids=json.dumps(list(moment_ids)))
        return {row[0]: row_decoding.kind_and_modality(row) for row in found}

    def moments_of(self, asset_id: int) -> list[MomentRecord]:
        """List an asset's moments in their order."""
        return list(map(row_decoding.moment_record, self._ask("moments_of", id=asset_id)))

    def moment_ids(self, kinds: Sequence[str] = (), modalities: Sequence[str] = ()) -> MomentIds:
        """Return the ids of all moments of these kinds and modalities; empty means all.

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
        self, where: Filter, kinds: Sequence[str] = (), modalities: Sequence[str] = ()
    ) -> MomentIds:
        """Return the ids of all moments whose assets pass a filter, of these kinds and modalities.

        Dates compare as text: ``2024-06`` lies before all that was made in that month.
        A file's own date is that of its last change, by the user's clock (``local_time``).

        Returns:
            int64, shape (n,), sorted.

        Raises:
            InvalidQuery: a condition of the filter is of no known field, operator or value.
        """
        with translated(self.path):
            return sorted_ids(self.connections.reader.passing(where, kinds, modalities))

    def files(self, where: Filter, kinds: Sequence[str] = ()) -> list[ListedFile]:
        """Return the assets that pass a filter, with or without moments, in no order.

        Raises:
            InvalidQuery: as ``passing``.
        """
        with translated(self.path):
            return list(map(row_decoding.listed_file, self.connections.reader.files(where, kinds)))

    def first_moments(self, asset_ids: Iterable[int]) -> dict[int, int]:
        """Return the first moment of each asset; those without any are left out."""
        return dict(self._ask("first_moments", ids=listed(asset_ids)))

    def tombstones(self, since: int = -1) -> MomentIds:
        """Return the ids of deleted moments whose vectors are still in some segment, or index.

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
            return sorted_ids(self.connections.reader.ask(read, values))

    def failures(self) -> list[Failure]:
        """List the files that could not be indexed, in order of their paths."""
        return list(map(row_decoding.failure, self._ask("failures")))

    def skipped_files(self) -> list[Failure]:
        """List the files of types that are known and not read, in order of their paths."""
        return list(map(row_decoding.failure, self._ask("skipped")))

    def backgrounds(self) -> list[Background]:
        """List the distributions of the scores of unrelated pairs."""
        return list(map(row_decoding.background, self._ask("backgrounds")))

    def all_segments(self) -> list[SegmentInfo]:
        """List the segments of every space, those whose files are lost included."""
        return self._segment_rows()

    def compacted(self) -> int:
        """Return the generation of the last compaction, 0 where there was none."""
        return int(self._value("compacted"))

    def next_moment(self) -> int:
        """Return the id that the next moment will get: more than there are moments."""
        return int(self._value("next_moment"))

    def next_segment(self) -> int:
        """Return the number that the next segment will get."""
        return int(self._value("next_segment"))

    def modalities(self, first: int, last: int) -> tuple[MomentIds, NDArray[np.str_]]:
        """Return the living moments with ids in [first, last] and their modalities.

        Returns:
            ids int64 (n,), ascending, and their modalities (n,).
        """
        found = self._ask("moments_between", first=first, last=last)
        ids = np.fromiter((row[0] for row in found), np.int64, len(found))
        return ids, np.array([row[1] for row in found], np.str_)

    def moment_vectors(self) -> tuple[MomentIds, NDArray[np.int64]]:
        """Count the vectors of every moment, over all spaces.

        Returns:
            ids int64 (n,), sorted, and counts int64 (n,).
        """
        found = np.array(self._ask("moment_vectors"), np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def facts(self, asset_ids: Iterable[int]) -> dict[int, AssetFacts]:
        """Return what decides between assets, by id; those that are gone are left out."""
        found: list[Row] = []
        for part in chunks(list(asset_ids), _IDS_PER_READ):
            found += self._ask("facts", ids=listed(part))
        return {row[0]: row_decoding.facts(row) for row in found}

    def tags(self, asset_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
        """Return the tags that assets have themselves, in order; those without are left out."""
        found: dict[int, tuple[str, ...]] = {}
        for asset_id, word in self._ask("tags", ids=listed(asset_ids)):
            found[asset_id] = (*found.get(asset_id, ()), word)
        return found

    def tag_counts(self) -> dict[str, int]:
        """Count the assets that have each tag of their own."""
        return dict(self._ask("count_tags"))

    def stray_tags(self) -> int:
        """Count the tags of assets that there are not."""
        return int(self._value("stray_tags"))

    def captions(self) -> Iterator[tuple[int, str, str]]:
        """Yield asset, path and caption of the pictures whose own metadata have one."""
        found = self.connections.stream("captions", kind=Kind.IMAGE.value)
        return ((asset_id, paths.from_text(path), caption) for asset_id, path, caption in found)

    def places(self) -> dict[int, tuple[float, float]]:
        """Return latitude and longitude, in degrees, of the assets that have them, by id."""
        found = self._ask("places")
        return {asset_id: (latitude, longitude) for asset_id, latitude, longitude in found}

    def same_content(self) -> list[list[int]]:
        """List the ids of assets whose files have the same bytes, a list for each content."""
        groups: dict[str, list[int]] = {}
        for content_hash, asset_id in self._ask("alike_hashes"):
            groups.setdefault(content_hash, []).append(asset_id)
        return list(groups.values())

    def assets_of(self, first: int, last: int) -> tuple[MomentIds, MomentIds]:
        """Return the living moments with ids in [first, last], and their assets.

        Returns:
            moment ids int64 (n,), ascending, and asset ids int64 (n,).
        """
        found = np.array(self._ask("moments_of_assets", first=first, last=last), np.int64)
        return found.reshape(-1, 2)[:, 0], found.reshape(-1, 2)[:, 1]

    def integrity(self, deep: bool) -> list[str]:
        """List what the database finds wrong with itself; ``deep`` reads all of it."""
        with translated(self.path):
            return self.connections.reader.integrity(deep)

    def _segment_rows(self, space: str | None = None, after: int = 0) -> list[SegmentInfo]:
        if space is None:
            found: Iterable[Row] = self._ask("segments")
        else:
            found = self._ask("segments_after", space=space, after=after)
        return list(map(row_decoding.segment_info, found))
