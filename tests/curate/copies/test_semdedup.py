"""What means the same is thinned out as the paper has it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.curate.copies import semdedup
from engine.curate.projection_2d import project_2d
from engine.index.matrix import gather_moments
from engine.types import Modality
from tests.curate.copies.test_similarity_join import clustered, rows_of


def by_hand(rows, clusters, far):
    """SemDeDup in a loop: the greatest cosine with what is farther from the centroid."""
    vectors = rows.vectors.astype(np.float32)
    out = np.full(len(rows), -1.0)
    for cluster in np.unique(clusters):
        order = sorted(np.flatnonzero(clusters == cluster), key=lambda i: -far[i])
        for at, i in enumerate(order[1:], 1):
            out[i] = max(float(vectors[i] @ vectors[j]) for j in order[:at])
    return out


def test_it_is_the_paper_s(monkeypatch):
    rows = rows_of(clustered(700, dim=32))
    found = semdedup.nearest_in_clusters(rows, clusters=3)
    labels, far = semdedup._clustered(rows, 3, 0)
    assert (labels == found.clusters).all()
    np.testing.assert_allclose(found.cosines, by_hand(rows, labels, far), atol=1e-5)
    alone = found.nearest < 0
    assert alone.sum() == len(np.unique(labels))
    vectors = rows.vectors.astype(np.float32)
    products = np.einsum("ij,ij->i", vectors[~alone], vectors[found.nearest[~alone]])
    np.testing.assert_allclose(products, found.cosines[~alone], atol=1e-5)


def test_the_curve_falls_and_says_what_goes():
    rows = rows_of(clustered(2_000))
    found = semdedup.nearest_in_clusters(rows)
    shares = [share for _, share in found.curve()]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1]
    assert found.removed(0.1) == round((1 - dict(found.curve())[0.1]) * 2_000)


def test_the_same_seed_chooses_the_same():
    rows = rows_of(clustered(2_000))
    first, again = (semdedup.nearest_in_clusters(rows, seed=3) for _ in range(2))
    assert (first.cosines == again.cosines).all()


def test_findings_name_what_stays(library):
    rows = gather_moments(library.store, "fake", [Modality.IMAGE])
    found = semdedup.nearest_in_clusters(rows, clusters=1)
    assert semdedup.findings(library.store, found, 0.0) == []
    listed = semdedup.findings(library.store, found, 1.0)
    assert len(listed) == (found.cosines > 0).sum() < len(rows)
    assert all(one.verdict == semdedup.REMOVED and "cosine" in one.why for one in listed)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 60])
def test_any_number_of_vectors_is_a_map(count):
    points, method = project_2d(clustered(max(count, 1))[:count].astype(np.float32))
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()
    assert method in ("PCA", "UMAP")
