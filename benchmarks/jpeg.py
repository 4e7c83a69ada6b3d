"""Decoding of pictures: Pillow's reduced scale, in full, and a binding of its library.

    python -m benchmarks.jpeg --data DIR [--work FOLDER] [--pictures 100]

`simplejpeg` is a binding of libjpeg-turbo by itself, which can reduce to every eighth where
Pillow has halves, quarters and eighths; it is measured where it is installed. What is
counted is the processor's time on one thread, by size of the picture, until there is an
RGB picture whose shortest side is no less than a tower wants. It turns nothing upright,
reads no EXIF and knows no CMYK, all of which `read_frames` does within its time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from statistics import mean

import click
import numpy as np
from PIL import Image

from benchmarks.common import Row, command, conclude, data_option, machine, work_option
from benchmarks.photos import mixed_photos
from engine.config import Settings
from engine.media.image import read_frames

_SIDES = (224, 292)
_SIZES = ((0.5, 2.0), (2.0, 5.0), (5.0, 12.1))
"""Megapixels, from and to."""


def _frames(file: Path, side: int) -> object:
    return next(iter(read_frames(file, Settings(), side))).image


def _draft(file: Path, side: int) -> object:
    with Image.open(file) as image:
        scale = side / min(image.size)
        if scale < 1:
            image.draft("RGB", (ceil(image.width * scale), ceil(image.height * scale)))
        return image.convert("RGB")


def _full(file: Path, side: int) -> object:  # noqa: ARG001
    with Image.open(file) as image:
        return image.convert("RGB")


def _turbo(*, fast: bool) -> Callable[[Path, int], object]:
    import simplejpeg

    def decode(file: Path, side: int) -> object:
        data = file.read_bytes()
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        scale = side / min(height, width)
        least = (ceil(height * scale), ceil(width * scale)) if scale < 1 else (0, 0)
        pixels = simplejpeg.decode_jpeg(
            data, "RGB", min_height=least[0], min_width=least[1], min_factor=1,
            fastdct=fast, fastupsample=fast,
        )  # fmt: skip
        return np.asarray(pixels)

    return decode


def _ways() -> dict[str, Callable[[Path, int], object]]:
    ways = {"`read_frames`": _frames, "Pillow, reduced": _draft, "Pillow, in full": _full}
    if find_spec("simplejpeg"):
        ways["simplejpeg, reduced"] = _turbo(fast=False)
        ways["simplejpeg, reduced, fast DCT"] = _turbo(fast=True)
    return ways


def _milliseconds(way: Callable[[Path, int], object], files: Sequence[Path], side: int) -> float:
    taken = []
    for file in files:
        started = time.process_time()
        way(file, side)
        taken.append(time.process_time() - started)
    return 1000 * mean(taken) if taken else float("nan")


def _megapixels(file: Path) -> float:
    with Image.open(file) as image:
        return image.width * image.height / 1e6


@command(__doc__)
@data_option
@work_option
@click.option("--pictures", default=100, show_default=True, type=click.IntRange(1))
@click.option("--turns", default=3, show_default=True, type=click.IntRange(1))
def main(data: Path, work: Path, pictures: int, turns: int) -> None:
    files = mixed_photos(data, work, pictures)
    sizes = {file: _megapixels(file) for file in files}
    body: list[Row] = []
    for side in _SIDES:
        for name, way in _ways().items():
            cells = [
                min(
                    _milliseconds(way, [f for f in files if low <= sizes[f] < high], side)
                    for _ in range(turns)
                )
                for low, high in _SIZES
            ]
            body.append((f"{name}, side {side}", *(f"{cell:.2f} ms" for cell in cells), None))
    conclude(
        f"Decoding {pictures} JPEGs on one thread; {machine()}; the best of {turns} turns.",
        ("how", *(f"{low:g} to {high:.0f} megapixels" for low, high in _SIZES)),
        body,
    )


if __name__ == "__main__":
    main()
