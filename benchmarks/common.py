"""What the benchmarks share: where the data is, and how a table looks."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from engine.config import Settings
from engine.library import Library

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the shared measuring data (images/, sounds/, prompts.csv, vectors/).",
)


def need(*paths: Path) -> None:
    """End the benchmark, saying so, where data is missing."""
    for path in paths:
        if not path.exists():
            click.echo(f"missing: {path}; nothing was measured")
            raise SystemExit(0)


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file with a header."""
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def table(caption: str, header: Sequence[str], body: Sequence[Sequence[object]]) -> None:
    """Print one Markdown table under its caption."""
    click.echo(f"{caption}\n")
    click.echo(f"| {' | '.join(header)} |")
    click.echo(f"|{'---|' * len(header)}")
    for row in body:
        click.echo(f"| {' | '.join(map(str, row))} |")


def machine() -> str:
    """Cores and memory, for captions."""
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{Settings().threads} cores, {gib:.0f} GiB"


def reached(value: float, target: float, *, at_most: bool = False) -> str:
    """Whether a figure is what it must be."""
    return "yes" if (value <= target if at_most else value >= target) else "NO"


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sensorium-bench-") as folder:
        yield Path(folder)


def anonymous_copies(files: Sequence[Path], folder: Path) -> dict[str, int]:
    """Copy files under names that say nothing, so that no name can answer a query.

    Returns each copy's path, as the library will know it, with the file's place.
    """
    folder.mkdir(parents=True)
    known = {}
    for place, file in enumerate(files):
        copy = folder / f"{place:05}{file.suffix.lower()}"
        shutil.copyfile(file, copy)
        known[str(copy.resolve())] = place
    return known


def build(folder: Path, media: Path, encoder: str = "compact") -> Library:
    """A new library in ``folder`` with ``media`` indexed."""
    library = Library.open(folder, create=True, encoder=encoder)
    library.index([media])
    return library
