"""Time of indexing a folder again when nothing in it has changed.

    python -m benchmarks.unchanged [--files 100000]

The files are on disk, and a library knows them as they are: path, size and date. The
second `index` is timed against a bare walk that stats every file; the difference is
what comparing with the catalog costs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import click
import numpy as np

from benchmarks.common import at_least, command, conclude, machine, scratch
from engine.library.facade import Library
from engine.store import Store
from engine.testing.fake_encoder import fake_towers
from engine.types import Asset, Embedding, IndexedAsset, Kind, MediaType, Modality, Moment

_PER_FOLDER = 1_000
_PER_COMMIT = 5_000


def _files(folder: Path, count: int) -> Iterator[Path]:
    """Make small files, a thousand to a folder."""
    for number in range(count):
        inside = folder / f"{number // _PER_FOLDER:04}"
        inside.mkdir(exist_ok=True, parents=True)
        file = inside / f"{number:07}.png"
        file.write_bytes(b"not read")
        yield file


def _known(library: Path, files: list[Path]) -> None:
    """A library that has all of them, each with a moment."""
    towers = fake_towers()
    vector = np.zeros(towers.shared.dim, np.float32)
    vector[0] = 1
    with Store.create(library, towers.encoder.name) as store, store.writer() as writer:
        writer.ensure_space(towers.shared)
        for first in range(0, len(files), _PER_COMMIT):
            part = files[first : first + _PER_COMMIT]
            writer.commit([_asset(file, towers.shared.name, vector) for file in part])


def _asset(file: Path, space: str, vector: np.ndarray) -> IndexedAsset:
    stat = file.stat()
    media = MediaType(Kind.IMAGE, "png")
    asset = Asset(str(file), f"{stat.st_ino:064x}", media, stat.st_size, stat.st_mtime_ns)
    return IndexedAsset(asset, (Embedding(Moment(Modality.IMAGE), {space: vector}),))


def _walk(folder: str) -> int:
    """Stat every file below a folder."""
    found = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found += _walk(entry.path)
            else:
                entry.stat()
                found += 1
    return found


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@command(__doc__)
@click.option("--files", default=100_000, show_default=True, type=click.IntRange(1))
@click.option("--turns", default=5, show_default=True, type=click.IntRange(1))
def main(files: int, turns: int) -> None:
    with scratch() as place:
        media = (place / "media").resolve()
        _known(place / "library", list(_files(media, files)))
        walks, runs = [], []
        with Library.open(place / "library") as library:
            first = library.index([media])
            if (first.found, first.unchanged) != (files, files):
                raise click.ClickException(f"not all are unchanged: {first}")
            for _ in range(turns):
                walks.append(_seconds(lambda: _walk(str(media))))
                runs.append(_seconds(lambda: library.index([media])))
    walk, run = median(walks), median(runs)
    rate = files / max(run - walk, 1e-9)
    conclude(
        f"{files:,} files that have not changed, {machine()}; medians of {turns} turns.",
        ("what", "takes", "files a second"),
        [
            ("walking alone", f"{walk:.2f} s", f"{files / walk:,.0f}", None),
            ("second `index`", f"{run:.2f} s", f"{files / run:,.0f}", None),
            ("after the walk's own time", f"{run - walk:.2f} s", f"{rate:,.0f}",
             at_least(rate, 20_000, "20,000")),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
