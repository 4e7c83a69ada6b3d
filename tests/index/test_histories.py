"""Random histories: an index that followed all of them is one that was built just now."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.index import disk
from engine.index.allowed import Allowed
from engine.index.build import BuildOptions
from engine.index.refresh import refresh
from engine.index.space import SpaceIndex
from engine.index.verify import verify_indexes
from engine.store import Store
from engine.store.verify import verify
from engine.types import Modality
from tests.examples import examples
from tests.store.make import LOOKS, TEXT, picture, sound, stat, vector

pytestmark = pytest.mark.slow

paths = st.sampled_from([f"/{name}" for name in "abcdef"])
contents = st.sampled_from("pqrstu")


class Histories(RuleBasedStateMachine):
    """Contents by path, beside a library and an index that stays open all the time."""

    @initialize()
    def make(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store.create(Path(self.folder.name) / "library", "fake")
        self.expected: dict[str, str] = {}
        self.index = SpaceIndex(TEXT)
        with self.store.writer() as writer:
            writer.ensure_space(TEXT)
            writer.ensure_space(LOOKS)

    @rule(batch=st.dictionaries(paths, contents, min_size=1, max_size=4))
    def add_or_change(self, batch: dict[str, str]) -> None:
        with self.store.writer() as writer:
            writer.commit([picture(path, content) for path, content in batch.items()])
        self.expected |= batch

    @rule(path=paths)
    def add_speech(self, path: str) -> None:
        """A change of kind: the picture at that path becomes two sentences."""
        with self.store.writer() as writer:
            writer.commit([sound(path, "one", "two")])
        self.expected.pop(path, None)

    @rule(source=paths, to=paths)
    def move(self, source: str, to: str) -> None:
        known = {asset.path: asset.asset_id for asset in self.store.assets()}
        if source in self.expected and source != to:
            with self.store.writer() as writer:
                writer.move(known[source], stat(to))
            self.expected[to] = self.expected.pop(source)

    @rule(chosen=st.sets(paths, max_size=3))
    def delete(self, chosen: set[str]) -> None:
        known = {asset.path: asset.asset_id for asset in self.store.assets()}
        with self.store.writer() as writer:
            writer.remove([known[path] for path in chosen if path in known])
        for path in chosen:
            self.expected.pop(path, None)

    @rule(rows=st.integers(1, 8))
    def compact(self, rows: int) -> None:
        path = self.store.path
        with disk.refreshing(path), self.store.writer() as writer:
            writer.compact(lambda ids: disk.holding(path, ids), target=rows)

    @rule(anew=st.booleans())
    def refresh(self, anew: bool) -> None:
        with disk.refreshing(self.store.path):
            refresh(self.store, TEXT, None, BuildOptions(threads=1), anew=anew)

    @rule()
    def rebuild(self) -> None:
        with self.store.writer() as writer:
            writer.rebuild_words()
        with disk.refreshing(self.store.path):
            disk.drop(self.store.path)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store.open(self.store.path)
        assert self.store.warnings == []

    @rule(content=contents)
    def search(self, content: str) -> None:
        """The index that followed, perhaps after many changes, finds what is there."""
        self.index.follow(self.store)
        images = self.index.indexes.get(Modality.IMAGE)
        right = {path for path, c in self.expected.items() if c == content}
        if images is None:
            assert not self.expected
            return
        asked = vector(content + TEXT.name, TEXT.dim)
        ids, scores = images.search(asked, 20)
        found = self.store.records(ids)
        assert {found[int(i)].path for i, s in zip(ids, scores, strict=True) if s > 0.99} == right
        assert len(ids) == len(images) == len(self.expected)
        one = Allowed(ids[-1:])
        assert images.search(asked, 20, one)[0].tolist() == ids[-1:].tolist()

    @invariant()
    def one_that_followed_is_one_built_now(self) -> None:
        now = SpaceIndex(TEXT)
        now.follow(self.store)
        assert verify(self.store, deep=True).problems == ()
        assert list(verify_indexes(self.store, deep=True)) == []
        images = now.indexes.get(Modality.IMAGE)
        assert (0 if images is None else len(images)) == len(self.expected)
        if self.index.is_level(self.store, self.store.generation()):
            assert self.index.indexes.keys() == now.indexes.keys()
            for modality, held in self.index.indexes.items():
                other = now.indexes[modality]
                ids = held.ids()
                np.testing.assert_array_equal(ids, other.ids())
                np.testing.assert_array_equal(held.vectors(ids), other.vectors(ids))

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()


Histories.TestCase.settings = settings(
    max_examples=examples(60), stateful_step_count=15, deadline=None
)
TestHistories = Histories.TestCase
