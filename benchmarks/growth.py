"""Growth of time and memory with the number of pictures.

    python -m benchmarks.growth --data DIR

From a thousand to twenty thousand pictures, each number in a process of its own and a
library of its own. The pictures repeat the measuring pictures, each time with other
pixels (shifted, mirrored, brighter or darker, with grain), so that no two have the same
bytes and each is decoded and embedded. They are small, for it is the number that grows.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.common import (
    Row,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    pictures,
    scratch,
)
from engine.config import Settings

_SIDE = 320
_COUNTS = (1000, 2000, 5000, 10_000, 20_000)
_INDEX = """
import json, re, sys, time
from pathlib import Path
from engine import Library
from engine.store import Store
media = Path(sys.argv[2])
with Library.open(sys.argv[1] + "-warm", create=True) as warm:
    warm.index([min(media.iterdir())])
    settings, towers = warm.settings, warm.towers
with Library(Store.create(sys.argv[1], "compact"), settings, towers) as library:
    started = time.perf_counter()
    report = library.index([media])
    seconds = time.perf_counter() - started
assert not report.failed and report.added == report.found, report
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
print(json.dumps({"seconds": seconds, "peak_kib": peak, "pictures": report.added}))
"""
"""Loads first, by indexing one picture; then the clock starts."""


def _make(sources: Sequence[Path], folder: Path, count: int) -> None:
    """``count`` pictures, no two alike."""
    folder.mkdir(parents=True)
    small = []
    for source in sources:
        with Image.open(source) as image:
            image.draft("RGB", (_SIDE, _SIDE))
            image.thumbnail((_SIDE * 4 // 3, _SIDE * 4 // 3))
            small.append(np.asarray(image.convert("RGB")))

    def write(number: int) -> None:
        pixels = _changed(small[number % len(small)], number)
        Image.fromarray(pixels).save(folder / f"{number:05}.jpg", quality=85)

    with ThreadPoolExecutor(Settings().threads) as pool:
        list(pool.map(write, range(count)))


def _changed(pixels: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(number)
    moved = np.roll(pixels, rng.integers(-40, 40, 2), (0, 1))
    mirrored = moved[:, ::-1] if number % 2 else moved
    grain = rng.normal(0, 4, (*mirrored.shape[:2], 1)).astype(np.int16)
    changed: NDArray[np.uint8] = np.clip(
        mirrored + grain + int(rng.integers(-30, 30)), 0, 255
    ).astype(np.uint8)
    return changed


def _index(library: Path, media: Path) -> dict[str, float]:
    child = [sys.executable, "-c", _INDEX, str(library), str(media)]
    environ = {**os.environ, "SENSORIUM_OCR": "0"}
    done = subprocess.run(child, check=True, stdout=subprocess.PIPE, text=True, env=environ)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def slope(counts: Sequence[int], values: Sequence[float]) -> float:
    """The slope of a straight line through logarithms: the exponent of the growth."""
    return float(np.polyfit(np.log(counts), np.log(values), 1)[0])


def _rows(counts: Sequence[int], told: Sequence[dict[str, float]]) -> list[Row]:
    body: list[Row] = [
        (f"{count:,} pictures", f"{one['seconds']:.1f} s, {count / one['seconds']:.1f} pictures/s",
         f"{one['peak_kib'] / 2**10:,.0f} MiB", None)
        for count, one in zip(counts, told, strict=True)
    ]  # fmt: skip
    grown = slope(counts, [one["seconds"] for one in told]) if len(counts) > 1 else math.nan
    more = told[-1]["peak_kib"] / told[0]["peak_kib"] - 1
    return [
        *body,
        ("log-log slope of time", f"{grown:.3f}", "", at_most(grown, 1.05)),
        ("peak memory, last against first", "", f"{more:+.1%}", at_most(more, 0.1, "<= +10 %")),
    ]


@command(__doc__)
@data_option
@click.option("--counts", default=",".join(map(str, _COUNTS)), show_default=True)
def main(data: Path, counts: str) -> None:
    numbers = sorted(map(int, counts.split(",")))
    sources, _ = pictures(data)
    with scratch() as folder:
        every = folder / "every"
        click.echo(f"making {numbers[-1]:,} pictures", err=True)
        _make(sources, every, numbers[-1])
        told = []
        for number in numbers:
            click.echo(f"indexing {number:,} of them", err=True)
            media = folder / f"media-{number}"
            media.mkdir()
            for place in range(number):
                (media / f"{place:05}.jpg").hardlink_to(every / f"{place:05}.jpg")
            told.append(_index(folder / f"library-{number}", media))
    conclude(
        f"Growth from {numbers[0]:,} to {numbers[-1]:,} pictures of some 0.1 megapixels,"
        f" compact; {machine()}.",
        ("what", "takes", "peak memory"),
        _rows(numbers, told),
        details={"counts": numbers, "runs": told},
    )


if __name__ == "__main__":
    main()
