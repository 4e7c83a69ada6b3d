"""Many small files that vanish and come back: no vector is computed twice.

`python -m benchmarks.vanished [COUNT]` indexes so many pictures (100,000) with the fake encoder,
empties their folder as an unmounted disk does, indexes, brings them back, and indexes again.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.config import Settings
from engine.encoders.protocols import Embedded, Pixels
from engine.errors import FilesVanished
from engine.store import Store
from engine.store.verify import verify
from engine.testing.fake_encoder import FakeEncoder, fake_towers
from engine.types import IndexReport
from indexers.pipeline import run

COUNT = 100_000


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


def main(words: Sequence[str]) -> int:
    """Print a row a step; returns 1 where a vector was computed twice or a moment lost."""
    count = int(words[0]) if words else COUNT
    with tempfile.TemporaryDirectory() as name:
        media, away = Path(name) / "media", Path(name) / "away"
        make_pictures(media, count)
        encoder = CountingEncoder()
        towers = replace(fake_towers(), encoder=encoder)
        with Store.create(Path(name) / "library", "fake") as store:

            def index(vanished: str = "refuse") -> IndexReport:
                return run(store, towers, [media], Settings(), vanished=vanished)  # type: ignore[arg-type]

            _timed("indexed", index)
            once, moments = encoder.embedded, len(store.moment_ids())
            media.rename(away)
            media.mkdir()
            try:
                index()
                return 1
            except FilesVanished as error:
                print(error)
            _timed("missing", lambda: index("keep"))
            hidden = len(store.moment_ids())
            media.rmdir()
            away.rename(media)
            _timed("returned", index)
            back, problems = len(store.moment_ids()), verify(store).problems
    print(f"computed twice: {encoder.embedded - once} (target 0)")
    print(f"moments: {moments} before, {hidden} hidden (target 0), {back} after; {problems}")
    return int(encoder.embedded != once or back != moments or hidden > 0 or bool(problems))


def _timed(step: str, index: Callable[[], IndexReport]) -> None:
    started = time.monotonic()
    print(f"{step}: {index()} ({time.monotonic() - started:.1f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
