"""Moments into assets: which modality decides, which moment is pointed at, which labels hold."""

import numpy as np

from engine.classify.pooling import ORDER, any_labels, one_label
from engine.classify.scores import Scorer
from engine.index.vector_stream import LibraryMoments
from engine.types import Modality

CAT, DOG, NOISE = np.eye(8, dtype=np.float32)[:3]
DIRECTIONS = np.stack([CAT, DOG]) * 12
SCORERS = {m: Scorer(DIRECTIONS, 3.0) for m in Modality}


def rows(modality, *moments):
    """Moments as (asset, id, vector)."""
    owners = np.array([asset for asset, _, _ in moments])
    assets, of = np.unique(owners, return_inverse=True)
    ids = np.array([number for _, number, _ in moments])
    return LibraryMoments(modality, assets, ids, of, np.stack([v for _, _, v in moments]))


def test_the_mean_of_an_assets_moments_decides_and_the_likest_is_pointed_at():
    film = rows(
        Modality.KEYFRAME,
        (7, 1, 0.2 * DOG), (7, 2, 0.9 * CAT), (7, 3, 0.7 * CAT),
        (9, 4, 0.9 * DOG),
    )  # fmt: skip
    found = one_label([film], SCORERS, 2)
    assert found.assets.tolist() == [7, 9]
    assert found.labels[:, 0].tolist() == [0, 1]
    assert found.moments.tolist() == [2, 4]
    np.testing.assert_allclose(film.pooled()[0], (0.2 * DOG + 1.6 * CAT) / 3, atol=1e-6)


def test_the_modality_that_stands_out_most_decides():
    seen = rows(Modality.KEYFRAME, (1, 10, 0.4 * CAT), (2, 12, 0.9 * CAT))
    heard = rows(Modality.SOUND, (1, 11, 0.8 * DOG), (3, 13, 0.5 * DOG))
    found = one_label([seen, heard], SCORERS, 1)
    assert found.assets.tolist() == [1, 2, 3]
    assert [ORDER[m] for m in found.modalities] == [
        Modality.SOUND, Modality.KEYFRAME, Modality.SOUND,
    ]  # fmt: skip
    assert found.labels[:, 0].tolist() == [1, 0, 1]
    assert found.moments.tolist() == [11, 12, 13]


def test_of_many_labels_each_counts_where_any_moment_shows_it():
    film = rows(Modality.KEYFRAME, (1, 10, 0.9 * CAT), (1, 11, 0.8 * DOG), (2, 12, 0.9 * NOISE))
    found = any_labels([film], SCORERS, 2)
    assert found.assets.tolist() == [1, 2]
    assert found.labels[0].tolist() == [0, 1]
    assert (found.probabilities[0] > 0.9).all()
    assert found.moments[0] == 10
    assert (found.probabilities[1] < 0.1).all()


def test_labels_that_all_moments_agree_about_are_named_once():
    film = rows(Modality.KEYFRAME, (1, 10, 0.9 * CAT), (1, 11, 0.8 * CAT), (2, 12, CAT))
    found = any_labels([film], SCORERS, 1)
    assert found.labels.tolist() == [[0], [0]]
    two = any_labels([film], SCORERS, 2)
    assert sorted(two.labels[0].tolist()) == [0, 1]


def test_nothing_is_no_trouble():
    assert len(one_label([], SCORERS, 5)) == 0
    assert len(any_labels([], SCORERS, 5)) == 0
