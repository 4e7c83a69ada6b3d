"""What is like nothing else is found, and how far is far is told robustly."""

from __future__ import annotations

import numpy as np
import pytest

from engine.curate import outliers as module
from engine.curate.asset_vectors import gather_assets
from engine.curate.neighbours import neighbours
from engine.errors import UsageError
from engine.types import Modality
from tests import media_files as make
from tests.curate import points


def test_the_nearest_are_those_of_brute_force():
    items = points.anywhere(300)
    rows = items.rows(slice(None))
    scores = rows @ rows.T
    np.fill_diagonal(scores, -np.inf)
    found = neighbours(items, 7)
    order = np.argsort(-scores, axis=1)[:, :7]
    assert (found.places == order).mean() > 0.999
    expected = 1 - np.take_along_axis(scores, order, 1)
    np.testing.assert_allclose(found.distances, expected, atol=1e-5)


def test_an_index_finds_the_same(library, media):
    for number in range(30):
        make.picture(media / f"n{number}.png", ("red", "green", "blue")[number % 3])
    make.animation(media / "a.gif", ["red", "green"])
    library.index([media])
    items = gather_assets(library.store, library.towers, Modality.IMAGE)
    exact, looked_up = neighbours(items, 4), neighbours(items, 4, threads=2, all_pairs=0)
    np.testing.assert_allclose(looked_up.distances, exact.distances, atol=2e-3)


@pytest.mark.parametrize("measure", ["distance", "lof"])
def test_the_odd_one_stands_out(measure):
    items, _ = points.groups([40, 40])
    rows = items.rows(slice(None))
    rows[17] = np.eye(16)[9]
    found = module.outliers(points.items(rows), 5, measure=measure)
    assert found.places[0] == 17
    assert found.deviations[17] > module.DEVIATIONS > np.sort(found.deviations)[-20]


def test_local_factors_are_those_of_scikit_learn():
    from sklearn.neighbors import LocalOutlierFactor

    items = points.anywhere(200)
    rows = items.rows(slice(None)).astype(np.float64)
    distances = np.maximum(1 - rows @ rows.T, 0)
    np.fill_diagonal(distances, 0)
    theirs = LocalOutlierFactor(10, metric="precomputed").fit(distances)
    ours = module.local_factors(neighbours(items, 10))
    np.testing.assert_allclose(ours, -theirs.negative_outlier_factor_, rtol=1e-3)


def test_copies_are_no_outliers_and_no_error():
    rows = np.tile(np.eye(8)[:2], (20, 1))
    assert len(module.outliers(points.items(rows), 3).places) == 0
    rows[5] = np.eye(8)[4]
    for measure in ("distance", "lof"):
        assert module.outliers(points.items(rows), 3, measure=measure).places.tolist() == [5]


def test_top_and_too_few():
    items = points.anywhere(100)
    found = module.outliers(items, 5, threshold=0, top=3)
    assert len(found.places) == 3
    assert found.deviations[found.places[0]] == found.deviations.max()
    with pytest.raises(UsageError, match="fewer than 5"):
        module.outliers(points.anywhere(4), 5)


def test_a_finding_names_the_nearest(library, media):
    for number in range(12):
        make.picture(media / f"n{number}.png", "red")
    library.index([media])
    items = gather_assets(library.store, library.towers, Modality.IMAGE)
    found = module.outliers(items, 3)
    said = module.findings(library.store, items, found, "distance")
    assert {one.path for one in said} >= {str(media / "1.png"), str(media / "2.png")}
    assert all(one.verdict == "outlier" for one in said)
    assert "its 3 nearest are" in said[0].why and str(media) in said[0].why
