"""Examples that are no paths find what the same files find."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.errors import InvalidQuery
from engine.query.example_values import example_part
from engine.types import Kind, PartKind
from tests import media_files as make


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")
    for colour in ("red", "green", "blue"):
        make.picture(folder / f"{colour}.png", colour, (64, 48))
    make.video(folder / "clip.mp4", ["green", "red"])
    make.sound(folder / "shrill.wav", (3000, 2.0))
    make.sound(folder / "deep.wav", (200, 2.0))
    return folder


@pytest.fixture(scope="module")
def library(media, tmp_path_factory, settings):
    path = tmp_path_factory.mktemp("lib") / "library"
    with Library.open(path, create=True, encoder="fake", settings=settings) as opened:
        opened.index(media)
        yield opened


RED = np.zeros((48, 64, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
SHRILL = np.sin(2 * np.pi * 3000 * np.arange(32_000) / 16_000)


def png(pixels: np.ndarray) -> bytes:
    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, "PNG")
    return kept.getvalue()


@pytest.mark.parametrize(
    "example",
    [
        png(RED), bytearray(png(RED)), RED, RED / 255, RED.astype(np.float32) / 255,
        np.dstack([RED, np.full((48, 64), 255, np.uint8)]), Image.fromarray(RED),
        Image.fromarray(RED).convert("P"),
    ],
    ids=["bytes", "bytearray", "uint8", "float64", "float32", "RGBA", "PIL", "palette"],
)  # fmt: skip
def test_a_picture_in_memory_finds_what_its_file_finds(library, media, example):
    for found in (
        library.similar(example, kinds="image"),
        library.search(image=example, kinds="image"),
    ):
        assert found[0].path == str(media / "red.png")
    of_file = library.search(image=media / "red.png", kinds="image")
    assert found[0].score == pytest.approx(of_file[0].score, abs=0.05)


@pytest.mark.parametrize(
    "example",
    [
        (SHRILL, 16_000), (16_000, SHRILL), (np.stack([SHRILL, SHRILL], 1), 16_000),
        ((SHRILL * 32767).astype(np.int16), 16_000),
        ((SHRILL * 2.1e9).astype(np.int32), 16_000),
    ],
    ids=["floats", "as SciPy", "stereo", "int16", "int32"],
)  # fmt: skip
def test_samples_find_what_their_file_finds(library, media, example):
    for found in (library.similar(example), library.search(audio=example)):
        assert found[0].path == str(media / "shrill.wav")


def test_a_hit_is_an_example_and_leaves_its_file_out(library, media):
    of_video = next(hit for hit in library.search("red", kinds="video") if hit.start)
    found = library.similar(of_video)
    assert found[0].path == str(media / "red.png")
    assert str(media / "clip.mp4") not in {hit.path for hit in found}
    heard = library.search(kinds="audio", where="path = '*shrill.wav'")[0]
    assert library.search(audio=heard)[0].path == str(media / "shrill.wav")


def test_a_moment_of_a_video_is_named_by_its_time(library, media):
    """The video is green first, and red later."""
    clip = media / "clip.mp4"
    last = max(hit.start for hit in library.search("red", kinds="video", group="none"))
    assert library.similar(f"{clip}#t=0", kinds="image")[0].path == str(media / "green.png")
    assert library.similar(f"{clip}#t={last}", kinds="image")[0].path == str(media / "red.png")
    assert library.search(video=f"{clip}#t={last}", kinds="image")[0].path.endswith("red.png")


def test_a_query_with_an_example_in_memory_travels(library):
    query = pickle.loads(pickle.dumps(library.query(image=RED)))
    assert [hit.path for hit in library.run(query)] == [
        hit.path for hit in library.search(image=RED)
    ]


def test_many_examples_in_memory_are_many(library):
    one, other = (example_part(pixels, PartKind.IMAGE, "image") for pixels in (RED, RED // 2))
    assert one != other
    assert one == example_part(RED.copy(), PartKind.IMAGE, "image")


@pytest.mark.parametrize(
    ("argument", "value", "wrong"),
    [
        ("image", np.zeros((2, 2, 7), np.uint8), r"image= has shape \(2, 2, 7\): a picture is"),
        ("image", np.zeros(9, np.uint8), r"image= has shape \(9,\)"),
        ("image", RED.astype(np.int64), "image= has dtype int64: a picture is uint8"),
        ("image", RED.astype(float), "image= has floats from 0 to 255"),
        ("image", RED * np.nan, "image= has floats from nan"),
        ("audio", (SHRILL, 0), "audio= has a rate of 0 Hz"),
        ("audio", (SHRILL.astype(complex), 16_000), "audio= has dtype complex128"),
        ("audio", (np.zeros((2, 2, 2)), 16_000), r"audio= has shape \(2, 2, 2\)"),
        ("image", object(), "object is no example for image=: give one path"),
        ("image", b"no picture", "neither a picture, a video nor a sound"),
        ("audio", png(RED), "is a picture, not a sound: give it as image="),
        ("image", "", "the path of image= is empty"),
    ],
)  # fmt: skip
def test_what_can_be_no_example_is_one_line(library, argument, value, wrong):
    with pytest.raises(InvalidQuery, match=wrong):
        library.search(**{argument: value})


def test_kinds_stay_what_they_are(library):
    assert {hit.kind for hit in library.search(image=RED, kinds="video")} == {Kind.VIDEO}
