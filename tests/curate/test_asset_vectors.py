"""Items are assets: one direction each, out of the library's own indexes."""

from __future__ import annotations

import numpy as np
import pytest

from engine import Library
from engine.curate.asset_vectors import (
    gather_assets,
    indexes,
    paths_of,
    present_modalities,
    shared_rows,
    space_of,
)
from engine.errors import UsageError
from engine.index import matrix
from engine.query.language.where_parser import parse_where
from engine.types import Modality
from tests import media_files as make
from tests.curate.conftest import ids_of


def test_pictures_are_where_they_look_alike(library):
    found = gather_assets(library.store, library.towers, Modality.IMAGE)
    assert (len(found), found.space, found.dim) == (4, "fake-looks", 768)
    assert sorted(found.assets.tolist()) == sorted(ids_of(library.store).values())
    records = library.store.records(found.moments)
    assert [records[m].asset_id for m in found.moments.tolist()] == found.assets.tolist()
    rows = found.rows(slice(None))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)
    index = indexes(library.store, "fake-looks")[Modality.IMAGE]
    np.testing.assert_allclose(rows, index.vectors(found.moments), atol=1e-3)


def test_an_asset_of_several_moments_is_their_mean(library, media, monkeypatch):
    monkeypatch.setattr(matrix, "ASSET_BLOCK", 2)  # so that assets come in several blocks
    make.animation(media / "a.gif", ["red", "red", "blue"])
    make.animation(media / "b.gif", ["green", "yellow"])
    library.index([media])
    found = gather_assets(library.store, library.towers, Modality.IMAGE)
    assert len(found) == 6
    index = indexes(library.store, "fake-looks")[Modality.IMAGE]
    for name in ("media/a.gif", "media/b.gif"):
        place = found.assets.tolist().index(ids_of(library.store)[name])
        moments = [r.moment_id for r in library.store.moments_of(int(found.assets[place]))]
        mean = index.vectors(np.array(moments)).mean(axis=0)
        mean /= np.linalg.norm(mean)
        np.testing.assert_allclose(found.rows(slice(place, place + 1))[0], mean, atol=2e-3)
        nearest = moments[int((index.vectors(np.array(moments)) @ mean).argmax())]
        assert int(found.moments[place]) == nearest
    assert found.owners.of_moments(np.array([0, *index.ids()])).tolist().count(-1) == 1


def test_a_filter_and_what_there_is_not(library, media):
    named = gather_assets(
        library.store, library.towers, Modality.IMAGE, parse_where("path = 0.png")
    )
    assert len(named) == 2
    with pytest.raises(UsageError, match="no image passes the filter"):
        gather_assets(
            library.store, library.towers, Modality.IMAGE, parse_where("path = nothing.png")
        )
    with pytest.raises(UsageError, match="holds no sound"):
        gather_assets(library.store, library.towers, Modality.SOUND)
    assert present_modalities(library.store) == [Modality.IMAGE]
    assert space_of(library.towers, Modality.SPEECH) == "fake"


def test_an_empty_library_says_so(tmp_path, settings):
    made = Library.open(tmp_path / "empty", create=True, encoder="fake", settings=settings)
    with made as library, pytest.raises(UsageError, match="holds no image"):
        gather_assets(library.store, library.towers, Modality.IMAGE)


def test_shared_vectors_and_paths(library, media):
    found = gather_assets(library.store, library.towers, Modality.IMAGE)
    places, rows = shared_rows(library.store, library.towers, found, np.arange(len(found)))
    assert rows.shape == (4, 64)
    words = library.towers.encoder.embed_texts(["yellow"])[0]
    best = int(found.assets[places[int((rows @ words).argmax())]])
    assert paths_of(library.store, found.assets)[best] == str(media / "more" / "0.png")
    assert paths_of(library.store, [10**6]) == {}
