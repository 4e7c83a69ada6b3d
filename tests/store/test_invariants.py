"""Random histories of a library against a dictionary that does the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from engine.store import Store, failpoints
from engine.store.failpoints import COMMIT, Injected
from engine.types import Failure
from tests.store import invariants
from tests.store.make import LOOKS, TEXT, picture, stat

pytestmark = pytest.mark.slow

paths = st.sampled_from([f"/{folder}/{name}.jpg" for folder in ("a", "a b") for name in "xyz"])
contents = st.sampled_from("pqrstu")
batches = st.dictionaries(paths, contents, min_size=1, max_size=4)


class Histories(RuleBasedStateMachine):
    """Contents by path, beside the library that should hold the same."""

    def __init__(self, catalog: str | None) -> None:
        super().__init__()
        self.catalog = catalog

    @initialize()
    def make(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store.create(Path(self.folder.name) / "library", "fake", self.catalog)
        self.expected: dict[str, str] = {}
        self.generation = 0
        with self.store.writer() as writer:
            writer.ensure_space(TEXT)
            writer.ensure_space(LOOKS)

    @rule(batch=batches)
    def commit(self, batch: dict[str, str]) -> None:
        with self.store.writer() as writer:
            writer.commit([picture(path, content) for path, content in batch.items()])
        self.expected |= batch

    @rule(batch=batches, point=st.sampled_from(COMMIT[:-1]))
    def fail_to_commit(self, batch: dict[str, str], point: str) -> None:
        with self.store.writer() as writer, failpoints.armed(point):
            try:
                writer.commit([picture(path, content) for path, content in batch.items()])
            except Injected:
                return
        raise AssertionError(f"{point} was not passed")

    @rule(pairs=st.dictionaries(paths, paths, max_size=3))
    def move(self, pairs: dict[str, str]) -> None:
        targets: dict[str, str] = {}
        for source, target in pairs.items():
            if source in self.expected and target not in targets.values():
                targets[source] = target
        known = {asset.path: asset.asset_id for asset in self.store.assets()}
        with self.store.writer() as writer:
            writer.move_all([(known[source], stat(target)) for source, target in targets.items()])
        moved = {target: self.expected[source] for source, target in targets.items()}
        for source in targets:
            del self.expected[source]
        self.expected |= moved

    @rule(chosen=st.sets(paths, max_size=2), as_failure=st.booleans())
    def remove(self, chosen: set[str], as_failure: bool) -> None:
        known = {asset.path: asset.asset_id for asset in self.store.assets()}
        with self.store.writer() as writer:
            if as_failure:
                writer.fail([Failure(path, "empty") for path in chosen])
            else:
                writer.remove([known[path] for path in chosen if path in known])
        for path in chosen:
            self.expected.pop(path, None)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store.open(self.store.path)
        assert self.store.warnings == []

    @rule()
    def rebuild_words(self) -> None:
        with self.store.writer() as writer:
            writer.rebuild_words()

    @rule(rows=st.integers(1, 6))
    def compact(self, rows: int) -> None:
        with self.store.writer() as writer:
            writer.compact(lambda ids: np.zeros(len(ids), bool), target=rows)
        assert self.store.tombstones().tolist() == []

    @invariant()
    def everything_holds(self) -> None:
        assert self.store.generation() >= self.generation
        self.generation = self.store.generation()
        invariants.check(self.store, self.expected)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()


@pytest.mark.hypothesis
def test_histories(catalog: str | None) -> None:
    run_state_machine_as_test(
        lambda: Histories(catalog),
        settings=settings(max_examples=10, stateful_step_count=12, deadline=None),
    )
