"""Maintenance of a library, without the rest of a writer."""

from __future__ import annotations

import numpy as np

from engine.store import Store
from engine.store.verify import verify
from engine.store.write.assets import AssetWrites
from engine.store.write.maintenance import StoreMaintenance
from engine.store.write.spaces import SpaceWrites
from engine.store.write.transaction import Transaction
from tests.store.make import picture


def test_segments_merge_and_dead_rows_go(
    store: Store, transaction: Transaction, spaces: SpaceWrites, assets: AssetWrites
) -> None:
    for path in ("/a.jpg", "/b.jpg", "/c.jpg"):
        assets.commit([picture(path)])
    assets.remove([store.get("/b.jpg").asset_id])
    maintenance = StoreMaintenance(transaction, spaces)
    done = maintenance.compact(lambda ids: np.zeros(len(ids), bool))
    assert (done.segments_before, done.segments_after, done.dropped) == (6, 2, 2)
    assert maintenance.mend() == []
    assert verify(store, deep=True).problems == ()


def test_a_lost_segment_is_forgotten_once(
    store: Store, transaction: Transaction, spaces: SpaceWrites, assets: AssetWrites
) -> None:
    assets.commit([picture("/a.jpg")])
    info = transaction.known_segments()[0]
    (transaction.segments / info.file).unlink()
    maintenance = StoreMaintenance(transaction, spaces)
    assert maintenance.mend() == [info], "and it stays where it is, in the catalog"
    (warning,) = maintenance.forget_lost()
    assert "is missing; index these files again, they are pending: /a.jpg" in warning
    assert maintenance.lose(info, "is missing") is None
    assert store.get("/a.jpg").state == "pending"


def test_full_text_is_made_again(
    store: Store, transaction: Transaction, spaces: SpaceWrites, assets: AssetWrites
) -> None:
    assets.commit([picture("/a.jpg", "a", "zebra")])
    before = store.words('"zebra"')
    assert StoreMaintenance(transaction, spaces).rebuild_words() == 1
    assert store.words('"zebra"') == before != []
