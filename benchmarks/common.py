"""Shared parts of the benchmarks: data, libraries, tables, results and exit codes."""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from benchmarks import results
from benchmarks.results import Measured, Result, machine_facts, table
from engine.config import Settings
from engine.library.facade import Library
from engine.query.language import quoted
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


_NAME, _SAVE = "sensorium.benchmark", "sensorium.save"


def command(doc: str | None) -> Callable[[Callable[..., None]], click.Command]:
    """Make a benchmark's ``main`` a command, which has the option ``--save``.

    The first line of its docstring is its help. With ``--save``, ``conclude`` also
    writes the result to benchmarks/results, from where `make figures` takes it.
    """

    def decorate(main: Callable[..., None]) -> click.Command:
        made = click.command(help=(doc or "").partition("\n")[0])(main)
        made.params.append(_save_option(_benchmark_name(main)))
        return made

    return decorate


def _benchmark_name(main: Callable[..., None]) -> str:
    """Return a benchmark's name, which its file has, or the folder of a ``__main__``."""
    path = Path(main.__code__.co_filename)
    return path.parent.name if path.stem == "__main__" else path.stem


def _save_option(name: str) -> click.Option:
    def note(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        ctx.meta[_NAME], ctx.meta[_SAVE] = name, value

    text = "Also keep the result, as JSON, in benchmarks/results."
    return click.Option(["--save"], is_flag=True, expose_value=False, callback=note, help=text)


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


def conclude(
    caption: str,
    header: Sequence[str],
    body: Sequence[Row],
    *,
    details: dict[str, Any] | None = None,
    variant: str = "",
) -> NoReturn:
    """Print one Markdown table under its caption, and end the benchmark.

    The columns "must reach" and "reached" are made of the targets. The exit code
    is 1 where a target was missed, so that a script need not read the table. With
    ``--save`` the result is kept; ``details`` are figures that the table does not
    show, and ``variant`` tells tables of one benchmark apart.
    """
    measured = [_measured(row) for row in body]
    click.echo(f"{caption}\n")
    cells = [[*row.cells, row.target, _verdict(row.reached)] for row in measured]
    click.echo(table([*header, "must reach", "reached"], cells))
    ctx = click.get_current_context(silent=True)
    if ctx is not None and ctx.meta.get(_SAVE):
        name, facts = ctx.meta[_NAME], machine_facts(Settings().threads)
        kept = details or {}
        typed = _typed(ctx, name)
        result = Result(name, typed, caption, list(header), measured, facts, variant, details=kept)
        click.echo(f"\nsaved: {results.save(result)}", err=True)
    raise SystemExit(0 if all(row.reached is not False for row in measured) else 1)


def _measured(row: Row) -> Measured:
    cells, target = [str(cell) for cell in row[:-1]], row[-1]
    if not isinstance(target, Target):
        return Measured(cells)
    value, limit = results.finite(target.value), results.finite(target.limit)
    return Measured(cells, target.shown, target.reached, value, limit, target.at_most)


def _verdict(reached: bool | None) -> str:
    return {True: "yes", False: "NO", None: ""}[reached]


def _typed(ctx: click.Context, name: str) -> str:
    """Return the command as it was typed, with folders replaced by their options' names."""
    words = [f"python -m benchmarks.{name}"]
    for param in ctx.command.params:
        given = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        if not given or not param.name or param.name not in ctx.params:
            continue
        value = ctx.params[param.name]
        if isinstance(value, Path):
            value = "DIR" if param.name == "data" else param.name.upper()
        option = param.opts[0]
        words.append(option if value is True else f"{option} {value}")
    return " ".join(words)


def machine() -> str:
    """Return cores and memory, for captions."""
    facts = machine_facts(Settings().threads)
    return f"{facts['cores']} cores, {facts['memory_gib']} GiB"


# --- data -------------------------------------------------------------------------


def stop(missing: str) -> NoReturn:
    """End the benchmark with exit code 2 and one line, since nothing can be measured."""
    click.echo(f"missing: {missing}; nothing was measured", err=True)
    sys.exit(2)


def need(*paths: Path) -> None:
    """End the benchmark with exit code 2 where data is missing."""
    for path in paths:
        if not path.exists():
            stop(str(path))


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
        """The places of the files that a text finds, best first, likely or not."""
        hits = self.library.search(quoted(text), top=top).hits
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
