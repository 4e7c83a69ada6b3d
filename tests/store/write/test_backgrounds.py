"""Backgrounds replace each other, and say of which generation they are."""

from __future__ import annotations

from engine.store import Background, Store
from engine.store.write.assets import AssetWrites
from engine.store.write.backgrounds import BackgroundWrites
from engine.store.write.transaction import Transaction
from engine.types import Modality
from tests.store.make import picture


def test_a_library_is_calibrated_until_something_is_committed(
    store: Store, transaction: Transaction, assets: AssetWrites
) -> None:
    writes = BackgroundWrites(transaction)
    modalities = (Modality.IMAGE, Modality.KEYFRAME)
    rows = [Background("text", "text", modality, 0.25, 0.5, 9) for modality in modalities]
    writes.set_backgrounds(rows[:1], store.generation())
    writes.set_backgrounds(rows[1:], store.generation())
    assert store.backgrounds() == rows[1:]
    assert store.calibrated()
    old = store.generation()
    assets.commit([picture("/a.jpg")])
    assert not store.calibrated()
    writes.set_backgrounds(rows, old)
    assert not store.calibrated()
