"""What is known of a space without its vectors says what its indexes would."""

from __future__ import annotations

import numpy as np
import pytest

from engine.index import disk, inventory
from engine.index.build import BuildOptions
from engine.index.inventory import ModalityInventory, draw_samples
from engine.index.refresh import refresh
from engine.index.space import SpaceIndex
from engine.store import Store
from engine.types import Modality
from tests.index.on_disk import snapshot, unit_rows
from tests.store.make import LOOKS, TEXT, picture, sound


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "library", "fake") as made:
        with made.writer() as writer:
            writer.ensure_space(TEXT)
            writer.ensure_space(LOOKS)
        yield made


def add(store, *numbers: int) -> None:
    with store.writer() as writer:
        for i in numbers:
            writer.commit([picture(f"/{i}.jpg"), sound(f"/{i}.wav", f"one {i}", f"two {i}")])


def remove(store, *paths: str) -> None:
    with store.writer() as writer:
        writer.remove([a.asset_id for a in store.assets() if a.path in paths])


def fold(store) -> None:
    with disk.refreshing(store.path):
        refresh(store, TEXT, None, BuildOptions(threads=1))


def compact(store) -> None:
    with store.writer() as writer:
        writer.compact(lambda ids: disk.holding(store.path, ids))


def held(store) -> dict[Modality, tuple[int, int, list[int]]]:
    """By modality: rows on disk, those of them that are dead, and newer moments."""
    index = SpaceIndex(TEXT)
    index.follow(store)
    return {
        m: (len(one.snapshot or ()), one.dead, one.tail.ids().tolist())
        for m, one in index.indexes.items()
    }


def outlined(store) -> dict[Modality, tuple[int, int, list[int]]]:
    return {
        m: (len(one.snapshot or ()), len(one.dead), one.tail.tolist())
        for m, one in inventory.take_inventory(store, TEXT).parts.items()
    }


def test_it_says_what_the_indexes_of_a_space_hold(store):
    assert outlined(store) == held(store) == {}
    add(store, *range(5))
    assert outlined(store) == held(store)
    fold(store)
    assert outlined(store) == held(store)
    add(store, 5, 6, 1)
    remove(store, "/2.jpg", "/5.wav")
    assert outlined(store) == held(store)
    assert outlined(store)[Modality.IMAGE][:2] == (5, 2)
    compact(store)
    assert outlined(store) == held(store)
    remove(store, *(asset.path for asset in store.assets() if asset.path.endswith("jpg")))
    assert outlined(store) == held(store)
    assert set(outlined(store)) == {Modality.SPEECH}
    assert inventory.take_inventory(store, TEXT).generation == store.generation()


def test_a_refresh_is_due_when_much_is_new_or_dead(tmp_path, monkeypatch):
    monkeypatch.setattr(inventory, "EXACT_ROWS", 30)
    rows = unit_rows(np.random.default_rng(0), 900, 8)
    large, none = snapshot(tmp_path / "s", np.arange(1, 901), rows), np.arange(0)
    assert not ModalityInventory(None, none, np.arange(30)).is_due()
    assert ModalityInventory(None, none, np.arange(31)).is_due()
    assert not ModalityInventory(large, none, np.arange(901, 991)).is_due()
    assert ModalityInventory(large, none, np.arange(901, 992)).is_due()
    assert not ModalityInventory(large, np.arange(180), none).is_due()
    assert ModalityInventory(large, np.arange(181), none).is_due()


def test_a_space_is_due_when_one_of_its_modalities_is(store, monkeypatch):
    monkeypatch.setattr(inventory, "EXACT_ROWS", 10)
    add(store, *range(5))
    assert not inventory.take_inventory(store, TEXT).is_due()
    add(store, 5)  # two more spoken sentences
    assert inventory.take_inventory(store, TEXT).is_due()
    fold(store)
    assert not inventory.take_inventory(store, TEXT).is_due()


def test_samples_are_what_the_indexes_would_draw(store):
    add(store, *range(12))
    fold(store)
    add(store, *range(12, 20))
    remove(store, "/3.jpg", "/14.jpg")
    index = SpaceIndex(TEXT)
    index.follow(store)
    for count in (5, 12, 100):
        generation, drawn = draw_samples(store, TEXT, count)
        assert generation == store.generation()
        assert set(drawn) == set(index.indexes)
        for modality, rows in drawn.items():
            np.testing.assert_array_equal(rows, index.indexes[modality].sample(count))
    assert len(drawn[Modality.IMAGE]) == 18


def test_a_sample_of_a_damaged_segment_is_what_is_left_of_it(store):
    add(store, *range(6))
    lost = store.segments(TEXT.name)[0]
    (store.path / "segments" / lost.file).write_bytes(bytes(lost.bytes))
    _, drawn = draw_samples(store, TEXT, 100)
    assert np.isfinite(drawn[Modality.IMAGE]).all()
    np.testing.assert_allclose(np.linalg.norm(drawn[Modality.IMAGE], axis=1), 1, atol=1e-3)
    assert len(drawn[Modality.IMAGE]) == 5
    assert store.warnings


def test_compactions_in_between_are_looked_past(store, monkeypatch):
    add(store, *range(6))
    read, once = Store.read_stored, []

    def compacted_meanwhile(self, info):
        if not once:
            once.append(info)
            with Store.open(store.path) as other:
                compact(other)
        return read(self, info)

    expected = draw_samples(store, TEXT, 4)[1]
    monkeypatch.setattr(Store, "read_stored", compacted_meanwhile)
    found = draw_samples(store, TEXT, 4)[1]
    assert once
    assert {m: rows.tolist() for m, rows in found.items()} == {
        m: rows.tolist() for m, rows in expected.items()
    }
