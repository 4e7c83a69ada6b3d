"""Time of `index` against its stages alone, on pictures of common sizes.

    python -m benchmarks.pipeline --data DIR [--work FOLDER]

A thousand JPEGs of 0.5 to 12 megapixels are decoded and prepared alone, then embedded
alone, each on all cores, and then indexed as `sensorium index` does it; the three take
turns. ViT-B-32 has random weights, which take as long as any others.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import click

from benchmarks.alone import Taken, take
from benchmarks.common import (
    Row,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    scratch,
    work_option,
)
from benchmarks.photos import mixed_photos
from benchmarks.random_clip import random_clip
from engine.config import Settings

_LIMIT = 1.08


def _row(name: str, count: int, taken: Taken) -> Row:
    decode = taken.decode + taken.prepare
    return (
        f"`index`, {name}",
        f"{taken.index:.1f} s, {count / taken.index:.1f} pictures/s",
        f"{taken.ratio:.2f}x of decoding ({decode:.1f} s) plus encoding ({taken.encode:.1f} s)",
        at_most(taken.ratio, _LIMIT, f"<= {_LIMIT}x"),
    )


@command(__doc__)
@data_option
@work_option
@click.option("--pictures", default=1000, show_default=True, type=click.IntRange(1))
@click.option("--largest", default=12.0, show_default=True, help="Megapixels of the largest.")
@click.option("--turns", default=3, show_default=True, type=click.IntRange(1))
def main(data: Path, work: Path, pictures: int, largest: float, turns: int) -> None:
    files = mixed_photos(data, work, pictures, largest=largest * 1e6)
    encoders = {"ViT-B-32": str(random_clip(work, "ViT-B-32")), "compact": "compact"}
    taken = {}
    with scratch() as folder:
        for name, encoder in encoders.items():
            taken[name] = take(files, encoder, folder / name, turns)
            shutil.rmtree(folder / name)
    conclude(
        f"Indexing {pictures:,} JPEGs of 0.5 to {largest:g} megapixels, without reading text in"
        f" them; {machine()}; medians of {turns} turns.",
        ("what", "takes", "against"),
        [_row(name, pictures, one) for name, one in taken.items()],
        details={
            "pictures": pictures,
            "threads": Settings.from_env().threads,
            "encoders": {name: asdict(one) for name, one in taken.items()},
        },
    )


if __name__ == "__main__":
    main()
