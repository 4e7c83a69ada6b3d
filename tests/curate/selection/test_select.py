"""Choices are those of the plain greedy way, balanced, and the same for the same seed."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.curate.asset_vectors import gather_assets
from engine.curate.selection import kcenter, manifest
from engine.curate.selection.kcenter import coverage, k_center
from engine.curate.selection.select import Relevance, select, shares
from engine.curate.text_relevance import SharedSpace, relevance
from engine.errors import UsageError
from engine.types import Modality
from tests.curate import points


def plain(rows: np.ndarray, count: int, first: int) -> tuple[list[int], float]:
    """Farthest-first traversal as the textbook has it, and the radius."""
    near, order = rows @ rows[first], [first]
    near[first] = np.inf
    for _ in range(count - 1):
        at = int(near.argmin())
        order.append(at)
        near = np.maximum(near, rows @ rows[at])
        near[at] = np.inf
    return order, 1 - float(near.min())


@pytest.mark.parametrize(("least", "most"), [(4, 8), (16, 64), (1024, 32_768)])
def test_the_lazy_way_is_the_plain_way(monkeypatch, least, most):
    monkeypatch.setattr(kcenter, "_LEAST", least)
    monkeypatch.setattr(kcenter, "_MOST", most)
    items = points.anywhere(700, dim=8)
    order, radius = plain(items.rows(slice(None)), 120, 5)
    found = k_center(items, 120, np.arange(700), 5)
    assert found.places.tolist() == order
    assert found.radius == pytest.approx(radius, abs=1e-5)
    assert np.isnan(found.distances[0]) and (np.diff(found.distances[1:]) <= 1e-5).all()
    assert found.radius == pytest.approx(
        coverage(items, np.arange(700), items.rows(found.places)), abs=1e-5
    )


@given(st.integers(1, 60), st.integers(0, 59), st.integers(0, 2**16))
def test_every_choice_is_the_farthest(count, first, seed):
    items = points.anywhere(60, dim=5, seed=seed)
    rows = items.rows(slice(None))
    found = k_center(items, count, np.arange(60), first)
    assert len(set(found.places.tolist())) == count
    for number in range(1, count):
        left = np.setdiff1d(np.arange(60), found.places[:number])
        near = (rows[left] @ rows[found.places[:number]].T).max(axis=1)
        here = (rows[found.places[number]] @ rows[found.places[:number]].T).max()
        assert here == pytest.approx(near.min(), abs=1e-5)


def test_copies_are_chosen_last_and_all_can_be():
    rows = np.concatenate([np.eye(6), np.tile(np.eye(6)[:1], (10, 1))])
    found = k_center(points.items(rows), 16, np.arange(16), 0)
    assert set(found.places[:6].tolist()) - {0} == {1, 2, 3, 4, 5}
    assert sorted(found.places.tolist()) == list(range(16)) and found.radius == 0


def test_what_is_given_counts_as_chosen():
    items = points.anywhere(200)
    given_rows = items.rows(np.arange(5))
    found = k_center(items, 3, np.arange(5, 200), 0, given_rows)
    near = (items.rows(np.arange(5, 200)) @ given_rows.T).max(axis=1)
    assert found.places[0] == 5 + near.argmin()


@given(
    st.dictionaries(st.text(max_size=3), st.integers(1, 30), min_size=1, max_size=6),
    st.data(),
)
def test_shares_are_equal_as_far_as_they_can_be(sizes, data):
    count = data.draw(st.integers(1, sum(sizes.values())))
    quotas = shares(sizes, count)
    assert sum(quotas.values()) == count
    assert all(quotas[name] <= sizes[name] for name in sizes)
    full = max(quotas.values())
    assert all(q >= full - 1 or q == sizes[name] for name, q in quotas.items())


def test_a_balanced_choice():
    items, of = points.groups([100, 10, 2])
    names = [f"g{group}" for group in of]
    made = select(items, 12, groups=names, seed=1)
    assert made.quotas == {"g0": 5, "g1": 5, "g2": 2}
    chosen = [names[one.place] for one in made.choices]
    assert {name: chosen.count(name) for name in set(chosen)} == made.quotas
    assert all(one.group == names[one.place] for one in made.choices)


@pytest.mark.parametrize("method", ["kcenter", "facility"])
def test_a_seed_is_all_that_changes(method):
    items = points.anywhere(300)
    once, again = (select(items, 20, method=method, seed=7) for _ in range(2))
    assert once == again
    assert select(items, 20, method=method, seed=8) != once
    assert len({one.place for one in once.choices}) == 20


def test_facility_stands_for_the_many():
    items, of = points.groups([200, 200, 200, 1])
    made = select(items, 3, method="facility")
    assert {int(of[one.place]) for one in made.choices} == {0, 1, 2}
    odd = select(items, 4)
    assert {int(of[one.place]) for one in odd.choices} == {0, 1, 2, 3}


def test_facility_beats_chance():
    items = points.anywhere(600)
    rows = items.rows(slice(None))

    def worth(places):
        return np.maximum(rows @ rows[places].T, 0).max(axis=1).sum()

    made = select(items, 15, method="facility")
    rng = np.random.default_rng(0)
    drawn = [worth(rng.choice(600, 15, replace=False)) for _ in range(50)]
    assert worth([one.place for one in made.choices]) > max(drawn)


def test_only_what_is_relevant_is_in_the_running():
    items = points.anywhere(100)
    scores = np.where(np.arange(100) < 30, np.arange(100.0), -np.inf)
    made = select(items, 5, relevance=Relevance(scores, "near 'x'"), pool=10)
    assert made.pool == 10
    assert all(20 <= one.place < 30 for one in made.choices)
    assert "near 'x' by +2" in made.choices[0].why
    with pytest.raises(UsageError, match=r"30 assets are in the running near 'x'"):
        select(items, 31, relevance=Relevance(scores, "near 'x'"))


def test_more_than_there_are_is_refused():
    with pytest.raises(UsageError, match="count=11: there are 1 to 10 of image"):
        select(points.anywhere(10), 11)


def test_texts_rank_items(library, media):
    items = gather_assets(library.store, library.towers, Modality.IMAGE)
    shared = SharedSpace(library.store, library.towers, Modality.IMAGE)
    paths = {a.asset_id: a.path for a in library.store.assets()}

    def best(near, far):
        scores = relevance(shared, items, near, far).scores
        return paths[int(items.assets[int(scores.argmax())])]

    assert best("yellow", None) == str(media / "more" / "0.png")
    assert best("red green", "red") == str(media / "1.png")
    assert relevance(shared, items, "a", "b").description == "near 'a' and far from 'b'"


def test_a_manifest_names_every_choice(library, tmp_path, media):
    items = gather_assets(library.store, library.towers, Modality.IMAGE)
    made = select(items, 3)
    lines = manifest.lines(library.store, items, made)
    file = tmp_path / "chosen.json"
    manifest.write(file, "sensorium curate select -n 3", {"count": 3}, {"of": 4}, lines)
    document = json.loads(file.read_text())
    assert document["command"] == "sensorium curate select -n 3"
    assert [one["order"] for one in document["choices"]] == [1, 2, 3]
    first = document["choices"][0]
    assert (first["distance"], first["why"]) == (None, "drawn by the seed")
    asset = library.store.get(first["path"])
    assert (asset.asset_id, asset.content_hash) == (first["asset_id"], first["content_hash"])
    assert pq.read_table(tmp_path / "chosen.parquet").to_pylist() == document["choices"]
    assert {entry.name for entry in tmp_path.iterdir()} >= {"chosen.json", "chosen.parquet"}
    with pytest.raises(UsageError, match=r"\.json file"):
        manifest.check(tmp_path / "chosen.txt")
    with pytest.raises(UsageError, match="there is no folder"):
        manifest.check(tmp_path / "nowhere" / "chosen.json")
