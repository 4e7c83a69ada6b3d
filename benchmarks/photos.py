"""Pictures as a camera and a phone leave them, made out of the measuring pictures.

Each is one of them, cropped and enlarged to a size of its own between 0.5 and 12
megapixels (drawn evenly on a logarithmic scale), with grain laid over it: without
that, an enlarged picture is so smooth that its JPEG decodes faster than a real one. Some
lie on their side and say so in EXIF, some are portraits, some have no subsampled
colours. The same seed makes the same pictures.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.common import pictures
from engine.config import Settings

_SMALLEST, _LARGEST = 0.5e6, 12e6
_SHAPES = ((4, 3), (3, 2), (16, 9), (1, 1), (3, 4), (2, 3))
_GRAIN = 6.0
"""Standard deviation in 8-bit steps: a phone's at ISO 400, more or less."""
_TILE = 1024
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What a picture is made of; all that is random in it."""

    source: int
    width: int
    height: int
    left: float
    top: float
    quality: int
    subsampling: int
    """0: 4:4:4, 2: 4:2:0, as Pillow numbers them."""
    orientation: int
    grain: int


def _recipe(rng: np.random.Generator, sources: int, most: float) -> _Recipe:
    area = math.exp(rng.uniform(math.log(min(_SMALLEST, most)), math.log(most)))
    wide, high = _SHAPES[rng.integers(len(_SHAPES))]
    return _Recipe(
        source=int(rng.integers(sources)),
        width=round(math.sqrt(area * wide / high)),
        height=round(math.sqrt(area * high / wide)),
        left=float(rng.uniform()),
        top=float(rng.uniform()),
        quality=int(rng.choice([80, 88, 92, 95])),
        subsampling=int(rng.choice([2, 2, 2, 0])),
        orientation=int(rng.choice([1, 1, 1, 6, 8])),
        grain=int(rng.integers(_TILE)),
    )


def mixed_photos(
    data: Path, work: Path, count: int, *, seed: int = 0, largest: float = _LARGEST
) -> list[Path]:
    """``count`` JPEGs in a folder of their own below ``work``; made once.

    Args:
        largest: pixels of the largest.
    """
    sources, _ = pictures(data)
    rng = np.random.default_rng(seed)
    recipes = [_recipe(rng, len(sources), largest) for _ in range(count)]
    folder = work / f"photos-{count}-{largest / 1e6:g}MP-{seed}"
    made = folder / "recipes.json.done"
    files = [folder / "media" / f"{place:05}.jpg" for place in range(count)]
    told = json.dumps([asdict(recipe) for recipe in recipes])
    if not made.exists() or made.read_text() != told:
        _make_all(recipes, sources, files)
        made.write_text(told)
    return files


def _make_all(recipes: Sequence[_Recipe], sources: Sequence[Path], files: Sequence[Path]) -> None:
    files[0].parent.mkdir(parents=True, exist_ok=True)
    grain = np.random.default_rng(1).normal(0, _GRAIN, (_TILE, _TILE, 3)).astype(np.int16)
    with ThreadPoolExecutor(Settings().threads) as pool:
        list(
            pool.map(
                lambda pair: _make(pair[0], sources[pair[0].source], grain, pair[1]),
                zip(recipes, files, strict=True),
            )
        )


def _make(recipe: _Recipe, source: Path, grain: NDArray[np.int16], file: Path) -> None:
    with Image.open(source) as opened:
        image = opened.convert("RGB")
    scale = min(image.width / recipe.width, image.height / recipe.height)
    width, height = recipe.width * scale, recipe.height * scale
    left = recipe.left * max(0.0, image.width - width)
    top = recipe.top * max(0.0, image.height - height)
    box = (left, top, min(image.width, left + width), min(image.height, top + height))
    enlarged = image.resize((recipe.width, recipe.height), Image.Resampling.BICUBIC, box)
    pixels = np.asarray(enlarged)
    rows = -(-pixels.shape[0] // _TILE), -(-pixels.shape[1] // _TILE)
    noise = np.tile(np.roll(grain, recipe.grain, (0, 1)), (*rows, 1))
    noisy = pixels + noise[: pixels.shape[0], : pixels.shape[1]]
    exif = Image.Exif()
    exif[_ORIENTATION] = recipe.orientation
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(
        file, quality=recipe.quality, subsampling=recipe.subsampling, exif=exif
    )
