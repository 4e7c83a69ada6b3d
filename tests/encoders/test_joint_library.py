"""A library of one joint space of texts, pictures, sounds and videos: it is like any other."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from engine import Library
from engine.encoders import registry
from engine.types import Modality
from tests import media_files as make
from tests.exchange.same import held, text_vectors
from tests.st_models import write_omni

pytestmark = pytest.mark.usefixtures("few_phrases")

FILES = {"red.png", "blue.png", "deep.wav", "shrill.wav", "red_low.mp4", "blue_high.mp4"}


@pytest.fixture(scope="module")
def quiet(settings):
    return dataclasses.replace(settings, speech=False, ocr=False)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> str:
    """One of the random models that tell low from high and red from blue, as most do."""
    return f"st:{write_omni(tmp_path_factory.mktemp('omni'), seed=2)}@joint"


@pytest.fixture(scope="module")
def media(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for colour in ("red", "blue"):
        make.picture(folder / f"{colour}.png", colour)
    make.sound(folder / "deep.wav", (200, 2.0))
    make.sound(folder / "shrill.wav", (3000, 2.0))
    make.video(folder / "red_low.mp4", ["red"], hertz=200)
    make.video(folder / "blue_high.mp4", ["blue"], hertz=3000)
    return folder


@pytest.fixture(scope="module")
def library(encoder, media, quiet, tmp_path_factory):
    folder = tmp_path_factory.mktemp("joint") / "library"
    with Library.open(folder, create=True, encoder=encoder, settings=quiet) as made:
        report = made.index([media])
        assert (report.added, report.failures) == (len(FILES), ())
        yield made


def names(hits) -> list[str]:
    return [Path(hit.path).name for hit in hits]


def test_words_ask_all_senses_in_one_space_and_are_fused_by_their_evidence(library, encoder):
    found = library.search("good evening", top=20)
    asked = {(branch.space, branch.modality) for branch in found.plan.branches if branch.space}
    seen = {Modality.IMAGE, Modality.KEYFRAME, Modality.SOUND}
    assert asked == {(encoder, modality) for modality in seen}
    assert set(names(found.hits)) == FILES
    query = library.towers.embed_queries(encoder, ["good evening"])[0]
    rows = dict(text_vectors(library.store, encoder))
    for hit in found.hits:
        if hit.kind != "video":  # whose vectors are two
            (why,) = [w for w in hit.why if w.space == encoder]
            assert why.raw == pytest.approx(float(query @ rows[hit.path]), abs=2e-3)
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("example", "first"),
    [("deep.wav", "red_low.mp4"), ("shrill.wav", "blue_high.mp4"),
     ("red.png", "red_low.mp4"), ("blue.png", "blue_high.mp4")],
)  # fmt: skip
def test_windows_and_shots_of_videos_are_found_by_sound_and_by_look(library, media, example, first):
    found = library.similar(media / example, top=20)
    videos = [name for name in names(found.hits) if name.endswith(".mp4")]
    assert videos[0] == first


def test_it_is_added_beside_another_and_both_are_searched(library, encoder, media, quiet, tmp_path):
    path = tmp_path / "library"
    with Library.open(path, create=True, encoder="fake", settings=quiet) as beside:
        beside.index([media])
        assert beside.spaces.add(encoder).failures == ()
        added = {h: rows for h, (_, _, rows) in held(beside.store).items()}
        for content, (_, _, pieces) in held(library.store).items():
            ours = [vectors[encoder] for _, vectors in added[content] if encoder in vectors]
            theirs = [vectors[encoder] for _, vectors in pieces]
            np.testing.assert_allclose(*map(numbers, (ours, theirs)), atol=2e-3)
        found = beside.search("red", space=encoder, top=20)
        assert encoder in {branch.space for branch in found.plan.branches}
        assert set(names(found.hits)) == FILES


def test_it_goes_out_and_comes_back_without_embedding_anything(
    library, encoder, quiet, tmp_path, monkeypatch
):
    library.export(tmp_path / "out", "webdataset")
    asleep = registry.towers(encoder, quiet)
    with Library.open(tmp_path / "other", create=True, encoder=encoder, settings=quiet) as other:
        kind = type(asleep.encoder)
        for method in ("embed_images", "embed_shots", "listen"):
            monkeypatch.setattr(kind, method, refuses, raising=False)
        done = other.import_(tmp_path / "out", "webdataset", to=tmp_path / "files")
        assert (done.files, done.taken) == (len(FILES), len(FILES))
        assert held(other.store) == held(library.store)


def refuses(*_: object) -> None:
    raise AssertionError("something was embedded again")


def numbers(stored) -> np.ndarray:
    return np.stack([np.frombuffer(row, dtype).astype(np.float32) for dtype, row in stored])
