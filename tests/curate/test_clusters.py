"""k-means finds the groups there are, the same every time, and words name them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.curate import clusters as module
from engine.curate import projection_2d
from engine.curate.asset_vectors import gather_assets
from engine.errors import UsageError
from engine.types import Modality
from tests import media_files as make
from tests.curate import points


def test_groups_are_found_the_largest_first():
    items, of = points.groups([20, 50, 30])
    found = module.clusters(items, 3)
    assert found.sizes().tolist() == [50, 30, 20]
    assert [set(found.labels[of == group].tolist()) for group in (1, 2, 0)] == [{0}, {1}, {2}]
    nearest = found.members(0)
    assert (np.diff(found.cosines[nearest]) <= 0).all()
    np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-5)


def test_the_same_seed_groups_the_same():
    items = points.anywhere(500)
    once, again = (module.clusters(items, 9, seed=3) for _ in range(2))
    np.testing.assert_array_equal(once.labels, again.labels)
    other = module.clusters(items, 9, seed=4)
    assert (once.labels != other.labels).any()


def test_no_group_is_empty():
    rows = np.tile(np.eye(8)[:2], (20, 1))
    found = module.clusters(points.items(rows), 6)
    assert (found.sizes() > 0).all() and found.labels.max() == len(found) - 1


@pytest.mark.parametrize(
    ("count", "k"), [(1, 1), (2, 2), (10, 2), (200, 10), (20_000, 100), (10**6, 200)]
)
def test_how_many_where_nobody_says(count, k):
    assert module.default_k(count) == k


def test_more_than_there_are_is_refused():
    with pytest.raises(UsageError, match="k=11: of 10 of image there can be 1 to 10"):
        module.clusters(points.anywhere(10), 11)


def test_distinctive_words_are_those_of_one_group():
    tagged = [{"dog": 0.8, "grass": 0.5}, {"cat": 0.7, "grass": 0.5}, {"rare": 0.01}]
    assert module.distinctive(tagged) == [["dog", "grass"], ["cat", "grass"], []]
    assert module.distinctive([{"dog": 0.8}]) == [["dog"]]


def test_phrases_name_what_tags_do_not():
    bank = dict(zip("abc", np.eye(3, dtype=np.float32), strict=True))
    centres = np.array([[1, 0.2, 0.2], [0.2, 0.2, 1], [0, 0, 0]], np.float32)
    first, second, third = module.nearest_texts(centres, bank)
    assert (first[0], second[0], third) == ("a", "c", [])


def test_what_no_word_is_typical_of_is_named_by_all_words():
    assert module.candidate_texts([{"a": 0.1}, {"b": 0.3}], ["a phrase"]) == ["b", "a"]
    assert module.candidate_texts([{}, {}], ["a\nphrase"]) == ["a phrase"]
    bank = {"b": np.array([0, 1], np.float32), "a": np.array([1, 0], np.float32)}
    centres = np.eye(2, dtype=np.float32)
    assert module.name_clusters([{"a": 0.01}, {}], bank, centres) == ["a, b", "b, a"]


def test_clusters_of_a_library_have_names(library, media):
    for number in range(5):
        make.picture(media / f"n{number}.png", "red")
    library.index([media])
    items = gather_assets(library.store, library.towers, Modality.IMAGE)
    found = module.clusters(items, 4)
    tagged = module.tag_weights(library.store, items, found)
    names = module.name_clusters(tagged, {}, np.zeros((4, 64), np.float32))
    assert names[0] == "red" and set(names) == {"red", "green", "blue", "yellow"}
    said = module.findings(library.store, items, found, names, first=5)
    assert (said[0].group, len(said)) == (5, 9)
    assert "cluster 5 (red)" in said[0].why and said[0].verdict == "representative"


def test_a_map_keeps_what_is_apart_apart():
    items, of = points.groups([40, 40, 40])
    at = projection_2d.pca(items.rows(slice(None)))
    centres = np.stack([at[of == group].mean(axis=0) for group in range(3)])
    for group in range(3):
        inside = np.linalg.norm(at[of == group] - centres[group], axis=1).max()
        others = np.linalg.norm(np.delete(centres, group, 0) - centres[group], axis=1).min()
        assert inside < others / 2
    flat, how = projection_2d.project_2d(items.rows(np.array([0, 1])))
    assert (flat.shape, how) == ((2, 2), "PCA")


def test_a_map_by_umap_keeps_neighbours_and_is_the_same_every_time():
    pytest.importorskip("umap", reason="it brings numba, and is an extra of its own")
    rows = np.random.default_rng(0).standard_normal((60, 16)).astype(np.float32)
    rows[:30] += 6
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    at, how = projection_2d.project_2d(rows)
    again, _ = projection_2d.project_2d(rows)
    assert how == "UMAP"
    np.testing.assert_array_equal(at, again)
    apart = np.linalg.norm(at[:30].mean(0) - at[30:].mean(0))
    assert apart > 2 * max(at[:30].std(0).max(), at[30:].std(0).max())
