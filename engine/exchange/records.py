"""Files with their moments and vectors, one after another, as exports write them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from engine.common.vectors import chunks
from engine.index.vector_stream import StoredRow, StoredVectors
from engine.store import SpaceInfo, Store
from engine.store.curation_records import SELECTED, STAYS, Finding
from engine.types import Asset, Filter, Kind, Modality, Moment
from engine.types.arrays import MomentIds

_BLOCK = 1024
"""Moments that are read at once, and those of a file that go past it."""
_RANGE = 2**18
"""Moments whose files are asked for at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One moment with its vectors as they are stored, by space."""

    moment_id: int
    moment: Moment
    vectors: Mapping[str, StoredRow] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One file with its moments."""

    asset_id: int
    asset: Asset
    pieces: tuple[Piece, ...]
    tags: tuple[str, ...] = ()
    """Tags that somebody gave the file; what was recognised is in its moments."""
    captioned_by: str = ""
    """The model, with its version, that wrote the caption; empty where it is the file's own."""


@dataclass(frozen=True, slots=True)
class ExportSelection:
    """A choice of a library's files; by default all of them."""

    kinds: tuple[Kind, ...] = ()
    filter: Filter | None = None
    assets: Collection[int] | None = None
    """Ids of assets, such as those that a search found."""
    left_out: Mapping[int, str] = field(default_factory=dict)
    """The reason by asset id where a curation run leaves it out: ``a near-duplicate``."""
    run: str | None = None
    """The name of that run, as a person would say it."""

    def ids(
        self, store: Store, kinds: Sequence[Kind] = (), modalities: Sequence[Modality] = ()
    ) -> MomentIds:
        """Return the moments, ascending, of those kinds and modalities that a format takes."""
        possible = [k for k in self.kinds or Kind if not kinds or k in kinds]
        if not possible:
            return np.zeros(0, np.int64)
        if self.filter is None:
            ids = store.moment_ids(possible, modalities)
        else:
            ids = store.passing(self.filter, possible, modalities)
        if self.assets is None:
            return ids
        chosen = [r.moment_id for a in sorted(self.assets) for r in store.moments_of(a)]
        return np.intersect1d(ids, np.array(chosen, np.int64))


def selection_of_run(
    kind: str, name: str, found: Iterable[Finding], base: ExportSelection
) -> ExportSelection:
    """Return the files that a curation run keeps.

    Of a run that selects, these are what it selected; of any other, all but the files of
    which it found something. Findings of single moments leave no file out.

    Args:
        kind: of the run: ``select``, ``duplicates``.
        name: of the run, for the data card.
        base: the choice that the run narrows.
    """
    if kind == "select":
        chosen = frozenset(f.asset_id for f in found if f.verdict == SELECTED)
        if base.assets is not None:
            chosen &= frozenset(base.assets)
        return replace(base, assets=chosen, run=name)
    whole = [f for f in found if f.moment_id is None]
    kept = {f.asset_id for f in whole if f.verdict in STAYS}
    why = {f.asset_id: f.verdict for f in whole if f.asset_id not in kept}
    return replace(base, left_out=why, run=name)


def items(store: Store, ids: MomentIds, spaces: Sequence[SpaceInfo]) -> Iterator[Item]:
    """Yield the files of these moments, ascending, in the order in which they were indexed.

    To be used inside ``store.snapshot()``.
    """
    pieces, written = _pieces(store, ids, spaces), _written_captions(store)
    for (asset_id, tags), group in groupby(pieces, key=lambda row: row[:2]):
        (*_, asset, first), *rest = group
        caption, captioner = written.get(asset_id, ("", ""))
        by = captioner if caption and caption == asset.caption else ""
        yield Item(asset_id, asset, (first, *(piece for *_, piece in rest)), tags, by)


def _written_captions(store: Store) -> dict[int, tuple[str, str]]:
    """Return the caption that a model last wrote for each file, with the model."""
    found = {}
    for summary in store.curation.runs():
        captioner = summary.run.settings.get("captioner")
        if isinstance(captioner, str):
            for finding in store.curation.findings(summary.run.run_id):
                found[finding.asset_id] = finding.verdict, captioner
    return found


def _pieces(
    store: Store, ids: MomentIds, spaces: Sequence[SpaceInfo]
) -> Iterator[tuple[int, tuple[str, ...], Asset, Piece]]:
    stored = {info.space.name: StoredVectors(store, info.space) for info in spaces}
    for block in _blocks(store, ids):
        records = store.records(block)
        owners = {record.asset_id for record in records.values()}
        assets, tags = store.whole_assets(owners), store.tags(owners)
        vectors = {name: of_space.block(block) for name, of_space in stored.items()}
        order = dict.fromkeys(records[moment_id].asset_id for moment_id in sorted(records))
        place = {owner: at for at, owner in enumerate(order)}
        for moment_id in sorted(records, key=lambda m: (place[records[m].asset_id], m)):
            record = records[moment_id]
            own = {n: rows[moment_id] for n, rows in vectors.items() if moment_id in rows}
            owner = record.asset_id
            piece = Piece(moment_id, record.moment, own)
            yield owner, tags.get(owner, ()), assets[owner], piece


def _blocks(store: Store, ids: MomentIds) -> Iterator[MomentIds]:
    """Yield the moments of whole files, some at a time, each block ascending.

    Files come in the order of their first moment: texts that were read in a file after all were
    indexed are not beside its others.
    """
    _, first, files = np.unique(_owners(store, ids), return_index=True, return_inverse=True)
    order = np.argsort(first[files], kind="stable")
    ends = np.append(np.flatnonzero(np.diff(files[order])) + 1, len(ids))
    begin = 0
    while begin < len(ids):
        end = int(ends[np.searchsorted(ends[:-1], begin + _BLOCK)])
        yield np.sort(ids[order[begin:end]])
        begin = end


def _owners(store: Store, ids: MomentIds) -> MomentIds:
    """Return the file of each moment, (n,)."""
    found = [np.zeros(0, np.int64)]
    for part in chunks(ids, _RANGE):
        known, owners = store.assets_of(int(part[0]), int(part[-1]))
        found.append(owners[np.searchsorted(known, part)])
    return np.concatenate(found)
