"""What holds of every library at every generation, as named checks."""

from __future__ import annotations

import numpy as np

from engine.store import Store
from engine.types.arrays import Vectors
from tests.store.make import names, vector


def check(store: Store, expected: dict[str, str]) -> None:
    """All of them; ``expected`` is the content by path of the pictures inside."""
    assets_are(store, expected)
    vectors_belong_to_their_moments(store, expected)
    no_duplicates(store)
    every_segment_has_a_row(store)
    words_follow_the_catalog(store)


def assets_are(store: Store, expected: dict[str, str]) -> None:
    known = {asset.path: asset for asset in store.assets()}
    assert sorted(known) == sorted(expected)
    assert {asset.state for asset in known.values()} <= {"indexed"}
    for path, asset in known.items():
        assert [record.path for record in store.moments_of(asset.asset_id)] == [path]


def vectors_belong_to_their_moments(store: Store, expected: dict[str, str]) -> None:
    for space in store.spaces().values():
        rows: dict[int, Vectors] = {}
        for info in store.segments(space.name):
            ids, vectors = store.read_segment(info)
            rows |= dict(zip(ids.tolist(), vectors, strict=True))
        alive = store.records(store.moment_ids())
        dead = set(store.tombstones().tolist())
        assert rows.keys() - dead == alive.keys(), "catalog and segments hold the same moments"
        assert not dead & alive.keys()
        for moment_id, record in alive.items():
            known = vector(expected[record.path] + space.name, space.dim)
            np.testing.assert_array_equal(rows[moment_id], known)


def no_duplicates(store: Store) -> None:
    for space in store.spaces():
        ids = [store.read_segment(info)[0] for info in store.segments(space)]
        held = np.concatenate(ids) if ids else np.empty(0, np.int64)
        assert len(np.unique(held)) == len(held)


def every_segment_has_a_row(store: Store) -> None:
    named = {info.file for space in store.spaces() for info in store.segments(space)}
    assert names(store.path / "segments") == sorted(named)


def words_follow_the_catalog(store: Store) -> None:
    reader = store.connections.reader.connection
    indexed = {row[0] for row in reader.execute("SELECT rowid FROM moments_fts")}
    assert indexed == set(store.moment_ids().tolist())
