"""Many small files that vanish and come back: no vector is computed twice.

    python -m benchmarks.vanished [--count 100000]

So many pictures are indexed with the fake encoder; their folder is emptied as an unmounted
disk is, `index` is asked to keep what is missing, they come back, and are indexed again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np

from benchmarks.common import at_least, at_most, command, conclude, machine, scratch
from engine.common.choices import Vanished
from engine.config import Settings
from engine.encoders.protocols import Embedded, Pixels
from engine.errors import FilesVanished
from engine.store import Store
from engine.store.verify import verify
from engine.testing.fake_encoder import FakeEncoder, fake_towers
from indexers.pipeline import run


class CountingEncoder(FakeEncoder):
    """Counts the pictures that it embeds."""

    def __init__(self) -> None:
        self.embedded = 0

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        self.embedded += len(pixels)
        return super().embed_images(pixels)


def make_pictures(folder: Path, count: int) -> None:
    """Write small pictures of which no two are the same."""
    for i in range(count):
        place = folder / f"{i // 1000:03}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.full((4, 4, 3), (i % 256, i // 256 % 256, i // 65536), np.uint8)
        pixels[0, 0] = 255 - pixels[0, 0]
        (place / f"{i:06}.ppm").write_bytes(b"P6 4 4 255\n" + pixels.tobytes())


@dataclass(slots=True)
class Steps:
    """What the steps of a run left."""

    refused: bool = False
    moments: int = 0
    hidden: int = 0
    """Moments that a search still sees while their files are missing."""
    back: int = 0
    twice: int = 0
    """Vectors that were computed a second time."""
    problems: int = 0


def run_steps(folder: Path, count: int) -> Steps:
    """Index pictures that vanish and come back."""
    media, away, steps, encoder = folder / "media", folder / "away", Steps(), CountingEncoder()
    make_pictures(media, count)
    towers = replace(fake_towers(), encoder=encoder)
    with Store.create(folder / "library", "fake") as store:

        def index(step: str, vanished: Vanished = "refuse") -> None:
            started = time.monotonic()
            report = run(store, towers, [media], Settings(), vanished=vanished)
            click.echo(f"{step}: {report} ({time.monotonic() - started:.1f} s)", err=True)

        index("indexed")
        once, steps.moments = encoder.embedded, len(store.moment_ids())
        media.rename(away)
        media.mkdir()
        try:
            index("refused")
        except FilesVanished:
            steps.refused = True
        index("missing", "keep")
        steps.hidden = len(store.moment_ids())
        media.rmdir()
        away.rename(media)
        index("returned")
        steps.back, steps.problems = len(store.moment_ids()), len(verify(store).problems)
    steps.twice = encoder.embedded - once
    return steps


@command(__doc__)
@click.option("--count", default=100_000, show_default=True, type=click.IntRange(1))
def main(count: int) -> None:
    with scratch() as folder:
        steps = run_steps(folder, count)
    lost = abs(steps.back - steps.moments)
    refused = "yes" if steps.refused else "no"
    conclude(
        f"{count:,} small pictures that vanish and come back; {machine()}.",
        ("what", "figure"),
        [
            ("vectors computed twice", steps.twice, at_most(steps.twice, 0, "0")),
            ("moments lost or doubled", lost, at_most(lost, 0, "0")),
            ("moments found while missing", steps.hidden, at_most(steps.hidden, 0, "0")),
            ("refused without a word of the user", refused, at_least(steps.refused, 1, "yes")),
            ("problems that `verify` finds", steps.problems, at_most(steps.problems, 0, "0")),
        ],
    )


if __name__ == "__main__":
    main()
