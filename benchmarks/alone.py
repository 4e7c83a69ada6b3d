"""The stages of indexing pictures by themselves, each on all cores."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.common import fill, new_library
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.protocols import Pixels
from engine.encoders.towers import Towers
from engine.media.image import read_frames


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of wall time for all pictures."""

    decode: float
    """Reading them, reduced, and turning them upright."""
    prepare: float
    """Resizing and cropping them for the tower. Runs in the threads that decode; the
    wall time of both is divided by what the threads spent in each."""
    encode: float
    index: float
    """`index` into a new library, with everything side by side."""

    @property
    def ratio(self) -> float:
        """What `index` takes of its parts one after another."""
        return self.index / (self.decode + self.prepare + self.encode)


def decode(
    files: Sequence[Path], towers: Towers, settings: Settings
) -> tuple[list[Pixels], float, float]:
    """Read and prepare all pictures on all cores: pixels, seconds of reading, of preparing."""

    def read(file: Path) -> tuple[Pixels, float, float]:
        started = time.perf_counter()
        frame = next(iter(read_frames(file, settings, towers.encoder.image_size)))
        read_at = time.perf_counter()
        pixels = towers.encoder.prepare_image(frame.image)
        return pixels, read_at - started, time.perf_counter() - read_at

    started = time.perf_counter()
    with ThreadPoolExecutor(settings.threads) as pool:
        found = list(pool.map(read, files))
    wall = time.perf_counter() - started
    reading, preparing = (sum(column) for column in list(zip(*found, strict=True))[1:])
    share = reading / (reading + preparing)
    return [pixels for pixels, _, _ in found], wall * share, wall * (1 - share)


def encode(pixels: Sequence[Pixels], towers: Towers, size: int) -> float:
    """Seconds of embedding prepared pictures in batches of ``size``."""
    started = time.perf_counter()
    for first in range(0, len(pixels), size):
        towers.encoder.embed_images(pixels[first : first + size])
    return time.perf_counter() - started


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def take(files: Sequence[Path], encoder: str, folder: Path, turns: int) -> Taken:
    """Medians over turns of decoding, encoding and indexing, which take turns.

    Args:
        files: all of one folder, and all that is in it.
    """
    settings = Settings.from_env()
    towers = registry.towers(encoder, settings)
    warm, _, _ = decode(files[: settings.batch_size], towers, settings)
    encode(warm, towers, settings.batch_size)
    with new_library(folder / "warm", encoder) as library:
        library.index(files[:1])  # makes what each encoder has once, such as its bank of phrases
    taken = []
    for turn in range(turns):
        pixels, reading, preparing = decode(files, towers, settings)
        encoding = encode(pixels, towers, settings.batch_size)
        with new_library(folder / f"library-{turn}", encoder) as library:
            library.towers.encoder.embed_images(warm)  # loading is no part of either side
            indexing = seconds(lambda library=library: fill(library, files[0].parent))
        taken.append((reading, preparing, encoding, indexing))
    return Taken(*(median(column) for column in zip(*taken, strict=True)))
