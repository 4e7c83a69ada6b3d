"""Transactions nest, take ids back, and translate errors only where they are asked to."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import StoreError
from engine.store import Store
from engine.store.write import new_segments
from engine.store.write.assets import AssetWrites
from engine.store.write.transaction import Transaction
from engine.types.arrays import MomentIds
from tests.store.make import TEXT, names, picture, vector


def test_ids_that_were_reserved_are_given_back(transaction: Transaction) -> None:
    first = transaction.counters["next_moment"]
    with pytest.raises(KeyError), transaction.atomic():
        assert transaction.take("next_moment", 3) == first
        raise KeyError
    with transaction.atomic():
        assert transaction.take("next_moment") == first
    assert transaction.counters["next_moment"] == first + 1


def test_a_failure_inside_breaks_the_whole(
    store: Store, transaction: Transaction, assets: AssetWrites
) -> None:
    with pytest.raises(StoreError, match="a change inside failed"), transaction.atomic():
        assets.commit([picture("/a.jpg")])
        with pytest.raises(KeyError), transaction.atomic():
            raise KeyError
    assert list(store.assets()) == []
    assert names(transaction.segments) == []


def test_only_a_change_translates_the_errors_of_the_system(transaction: Transaction) -> None:
    with pytest.raises(OSError, match="mine"), transaction.atomic():
        raise OSError("mine")
    with pytest.raises(StoreError, match="mine; the library is as it was"), transaction.change():
        raise OSError("mine")


def test_what_no_search_can_see_makes_no_generation(transaction: Transaction) -> None:
    before = transaction.counters["generation"]
    with transaction.change():
        transaction.take("next_segment")
    assert transaction.counters["generation"] == before
    with transaction.change():
        transaction.changed = True
    assert transaction.counters["generation"] == before + 1


def test_a_segment_that_is_not_committed_goes(transaction: Transaction) -> None:
    ids: MomentIds = np.array([3, 5], np.int64)
    rows = np.stack([vector(seed, TEXT.dim) for seed in "ab"])
    with pytest.raises(KeyError), transaction.change():
        written = [new_segments.write_segment(transaction, TEXT, ids, rows)]
        new_segments.publish(transaction, written)
        assert written[0][1:] == (3, 5)
        assert names(transaction.segments) == [written[0][0].file]
        raise KeyError
    assert names(transaction.segments) == []
