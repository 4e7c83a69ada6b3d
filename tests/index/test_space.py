"""The indexes of a space follow the log of a real store."""

from __future__ import annotations

import numpy as np
import pytest

from engine.index.space import SpaceIndex
from engine.store import Store
from engine.types import Modality
from tests.store.make import LOOKS, TEXT, picture, sound, vector


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "library", "fake") as made, made.writer() as writer:
        writer.ensure_space(TEXT)
        writer.ensure_space(LOOKS)
    with Store.open(tmp_path / "library") as opened:
        yield opened


def commit(store, *assets):
    with store.writer() as writer:
        writer.commit(assets)


def found(index: SpaceIndex, modality: Modality, query: np.ndarray) -> tuple[int, float]:
    ids, scores = index.indexes[modality].search(query, 1)
    return int(ids[0]), float(scores[0])


def path_of(store, moment: int) -> str:
    return store.records([moment])[moment].path


def test_a_committed_moment_is_searchable_at_once(store):
    index = SpaceIndex(TEXT)
    for name in ("/a.jpg", "/b.jpg", "/c.jpg"):
        commit(store, picture(name))
        index.follow(store)
        moment, score = found(index, Modality.IMAGE, vector(name + TEXT.name, TEXT.dim))
        assert path_of(store, moment) == name
        assert score == pytest.approx(1.0, abs=1e-3)


def test_each_modality_has_an_index_of_its_own(store):
    commit(store, picture("/a.jpg"), sound("/b.wav", "good morning", "good night"))
    index = SpaceIndex(TEXT)
    index.follow(store)
    sizes = {modality: len(held) for modality, held in index.indexes.items()}
    assert sizes == {Modality.IMAGE: 1, Modality.SPEECH: 2}


def test_what_was_replaced_or_removed_is_no_longer_found(store):
    commit(store, picture("/a.jpg"), picture("/b.jpg"))
    index = SpaceIndex(TEXT)
    index.follow(store)
    old = found(index, Modality.IMAGE, vector("/a.jpg" + TEXT.name, TEXT.dim))[0]
    commit(store, picture("/a.jpg", "other content"))
    index.follow(store)
    moment, score = found(index, Modality.IMAGE, vector("other content" + TEXT.name, TEXT.dim))
    assert (path_of(store, moment), score) == ("/a.jpg", pytest.approx(1.0, abs=1e-3))
    assert not index.indexes[Modality.IMAGE].holds(np.array([old]))[0]
    with store.writer() as writer:
        writer.remove([asset.asset_id for asset in store.assets()])
    index.follow(store)
    assert index.indexes == {}


def test_one_that_opens_late_is_level_with_one_that_followed(store):
    followed = SpaceIndex(TEXT)
    for content in ("1", "2", "3"):
        commit(store, picture("/a.jpg", content), picture(f"/{content}.jpg"))
        followed.follow(store)
    late = SpaceIndex(TEXT)
    late.follow(store)
    one, other = (i.indexes[Modality.IMAGE] for i in (followed, late))
    assert one.ids().tolist() == other.ids().tolist()
    np.testing.assert_array_equal(one.vectors(one.ids()), other.vectors(other.ids()))
    assert followed.watermark == late.watermark
