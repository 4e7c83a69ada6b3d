"""The parts of a writer, each on a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.store import Store, database, lock
from engine.store.write.assets import AssetWrites
from engine.store.write.spaces import SpaceWrites
from engine.store.write.transaction import Transaction


@pytest.fixture
def transaction(store: Store) -> Iterator[Transaction]:
    with lock.locked(store.path):
        opened = Transaction(store.path, database.database_of(store.path))
        yield opened
        opened.close()


@pytest.fixture
def spaces(transaction: Transaction) -> SpaceWrites:
    return SpaceWrites(transaction)


@pytest.fixture
def assets(transaction: Transaction, spaces: SpaceWrites) -> AssetWrites:
    return AssetWrites(transaction, spaces)
