"""What the benchmarks share: the data, the libraries, and how a table looks and ends."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import click

from engine.config import Settings
from engine.library import Library
from engine.query.language.query_parser import quoted
from engine.types import IndexReport

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the shared measuring data (images/, sounds/, prompts.csv, vectors/).",
)


work_option = click.option(
    "--work",
    type=click.Path(path_type=Path),
    default=Path(".cache") / "benchmarks",
    show_default=True,
    help="Folder that keeps what takes long to make.",
)
figures_option = click.option(
    "--json",
    "figures",
    type=click.Path(path_type=Path),
    help="Also write the figures to this file.",
)


def command(doc: str | None) -> Callable[[Callable[..., None]], click.Command]:
    """A benchmark's ``main`` as a command; the first line of its docstring is its help."""
    return click.command(help=(doc or "").partition("\n")[0])


# --- tables -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """A figure and what it must be. A figure that is no number reaches nothing."""

    value: float
    limit: float
    shown: str
    at_most: bool

    @property
    def reached(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit


def at_least(value: float, limit: float, shown: str | None = None) -> Target:
    """``shown`` is how the table words the limit."""
    return Target(value, limit, shown or f"{limit:g}", at_most=False)


def at_most(value: float, limit: float, shown: str | None = None) -> Target:
    """``shown`` is how the table words the limit."""
    return Target(value, limit, shown or f"<= {limit:g}", at_most=True)


Row = tuple[object, ...]
"""The cells of a row; the last is its ``Target``, or None where it only informs."""


def conclude(caption: str, header: Sequence[str], body: Sequence[Row]) -> NoReturn:
    """Print one Markdown table under its caption, and end the benchmark.

    The columns "must reach" and "reached" are made of the targets. The exit code
    is 1 where a target was missed, so that a script need not read the table.
    """
    click.echo(f"{caption}\n")
    click.echo(_line([*header, "must reach", "reached"]))
    click.echo(f"|{'---|' * (len(header) + 2)}")
    for row in body:
        click.echo(_line([*row[:-1], *_verdict(row[-1])]))
    targets = [row[-1] for row in body if isinstance(row[-1], Target)]
    raise SystemExit(0 if all(target.reached for target in targets) else 1)


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _verdict(target: object) -> tuple[str, str]:
    if not isinstance(target, Target):
        return "", ""
    return target.shown, "yes" if target.reached else "NO"


def keep(figures: Path | None, document: object) -> None:
    """Write figures to the file that ``--json`` names, if it names one."""
    if figures is not None:
        figures.write_text(json.dumps(document, indent=2) + "\n")


def machine() -> str:
    """Cores and memory, for captions."""
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{Settings().threads} cores, {gib:.0f} GiB"


# --- data -------------------------------------------------------------------------


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


def pictures(data: Path) -> tuple[list[Path], list[dict[str, str]]]:
    """The measuring pictures, and a row (file, wnid, label) for each."""
    need(data / "images" / "labels.csv")
    labels = rows(data / "images" / "labels.csv")
    files = [data / "images" / row["file"] for row in labels]
    need(*files)
    return files, labels


# --- libraries --------------------------------------------------------------------


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


def fill(library: Library, media: Path) -> IndexReport:
    """Index a folder into a new library; all of its files, or there is nothing to measure."""
    report = library.index([media])
    files = sum(1 for file in media.iterdir())
    if report.added != files or report.failures:
        reasons = "".join(f"\n{failure.path}: {failure.reason}" for failure in report.failures)
        raise click.ClickException(f"indexed {report.added} of {files} files{reasons}")
    return report


@dataclass(frozen=True, slots=True)
class Indexed:
    """A library of files under names that say nothing."""

    library: Library
    places: dict[str, int]
    """The place of each path in the list of files."""
    report: IndexReport

    def found(self, text: str, top: int) -> list[int]:
        """The places of the files that a text finds, best first, however far down they are:
        what the floor of relevance costs is measured by itself, in ``mixed``."""
        hits = self.library.search(quoted(text), top=top, floor=False).hits
        return [self.places[hit.path] for hit in hits]


@contextmanager
def indexed(
    files: Sequence[Path], make: Callable[[Path], Library] | None = None
) -> Iterator[Indexed]:
    """A library of ``files`` for the length of a ``with``; ``make`` builds it empty."""
    with scratch() as folder:
        places = anonymous_copies(files, folder / "media")
        with (make or new_library)(folder / "library") as library:
            yield Indexed(library, places, fill(library, folder / "media"))


def new_library(folder: Path, encoder: str = "compact", *, ocr: bool = False) -> Library:
    """An empty library, which reads no text in pictures where nothing else is asked."""
    settings = replace(Settings.from_env(), ocr=ocr)
    return Library.open(folder, create=True, encoder=encoder, settings=settings)
