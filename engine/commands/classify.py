"""`sensorium classify` and `sensorium evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.complete import complete_filter
from engine.commands.options import (
    AnyPath,
    absolute_option,
    complain,
    json_option,
    library_option,
    open_library,
    print_json,
    say,
    settings,
    typed_command,
    wait_option,
    warn,
)
from engine.commands.output.text import print_line, shown_file
from engine.common.atomic_write import check_place
from engine.common.text import clock
from engine.common.user_path import expanded
from engine.errors import LibraryNotFound, UsageError

if TYPE_CHECKING:
    from engine.classify.classification import Classification
    from engine.classify.evaluate import Evaluation
    from engine.classify.results import Result
    from engine.types import IndexReport


def _threshold(_: click.Context, __: click.Parameter, value: str) -> float | None:
    if value == "auto":
        return None
    try:
        return float(value)
    except ValueError:
        raise click.BadParameter("auto, or a number from 0 to 1") from None


_OPTIONS = (
    click.option("--all", "whole", is_flag=True, help="All that the library holds."),
    click.option("--labels", metavar="LIST", help="Labels between commas: cat,dog,\"a red car\"."),
    click.option(
        "--labels-file", type=AnyPath(), help="Labels a line, such as `cat: a kitten; a tabby`."
    ),
    click.option(
        "--templates", default="default", show_default=True, metavar="NAME",
        help="Sentences that labels are put into: default, imagenet, sound, or a file.",
    ),
    click.option(
        "--where", metavar="FILTER", multiple=True, shell_complete=complete_filter,
        help="Only files of which this is true, such as 'date >= 2024'. May be repeated.",
    ),
    click.option("--multi", is_flag=True, help="Decide each label by itself: several, or none."),
    click.option("--unknown", is_flag=True, help="Let a file be none of the labels."),
    click.option(
        "--threshold", default="auto", show_default=True, metavar="auto|NUMBER",
        callback=_threshold,
        help="Probability below which a label is not given. auto: as likely as not, where"
        " --multi or --unknown ask.",
    ),
    click.option(
        "--examples", type=AnyPath(),
        help="A folder with a folder of files for each label, to learn from beside the words.",
    ),
    click.option("--top", type=int, help="How many labels a result lists  [default: 5, or 20]"),
    click.option("--apply-tags", is_flag=True, help="Tag the files with their labels."),
    click.option(
        "--header/--no-header", default=True, show_default=True,
        help="Name the columns in the first line that is printed.",
    ),
    click.option("--out", type=AnyPath(), help="Results as .parquet, .csv or .jsonl."),
    click.option("--report", type=AnyPath(), help="A page with pictures, one file of HTML."),
    absolute_option,
    wait_option,
    library_option,
    json_option,
)  # fmt: skip


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=AnyPath())
@_with_options
def classify(
    paths: tuple[str, ...],
    whole: bool,
    labels: str | None,
    labels_file: str | None,
    library: Path | None,
    wait: bool,
    as_json: bool,
    apply_tags: bool,
    report: str | None,
    header: bool,
    absolute: bool,
    **arguments: Any,
) -> None:
    """Say which label each file is, by words alone, offline.

    Files at and below PATH that the library does not hold yet are indexed into it first.
    Pictures, videos by their keyframes, sounds, and speech by what is said are all asked.
    What is printed is a table with tabs between its columns label, probability, time, file.

    \b
      sensorium classify photos --labels cat,dog,"a red car" --unknown
      sensorium classify --all --labels-file labels.txt --out result.parquet
      sensorium classify sounds --labels rain,wind --examples heard --report page.html
    """
    from engine.library.facade import Library

    if bool(paths) == whole:
        raise UsageError("name files or folders to classify, or --all for the whole library")
    if (labels is None) == (labels_file is None):
        raise UsageError("say the labels by --labels cat,dog or by --labels-file labels.txt")
    named = Library.parse_labels(labels) if labels is not None else str(labels_file)
    arguments["paths"] = paths or None
    Library.check_classify(named, **arguments)
    page = None if report is None else expanded(report)
    if page is not None:
        check_place(page)
    prints = page is None and arguments["out"] is None and not as_json
    printer = _Printer(header, absolute) if prints else _keep_none
    with Library.open(library, create=bool(paths), settings=settings()) as opened:
        warn(opened)
        found = opened.classify(
            named, on_results=printer, apply_tags=apply_tags, wait=wait, command=typed_command(),
            progress=True, **arguments,
        )  # fmt: skip
        if page is not None:
            found.report(page)
    _show(found, page, as_json)


def _keep_none(_: Sequence[Result]) -> None:
    """Take results that nothing prints, so that memory does not grow with them."""


class _Printer:
    """Prints each result on a line, below the names of the columns."""

    def __init__(self, header: bool, absolute: bool) -> None:
        self._header, self._absolute = header, absolute

    def __call__(self, results: Sequence[Result]) -> None:
        """Print more results."""
        if self._header and results:
            print_line("label\tprobability\ttime\tfile")
            self._header = False
        for result in results:
            self._print(result)

    def _print(self, result: Result) -> None:
        label = ", ".join(result.labels[: result.chosen]) or "-"
        at = "-" if result.start is None else clock(result.start)
        file = shown_file(result.file, absolute=self._absolute)
        print_line("\t".join((label, f"{result.probability:.2f}", at, file)))


def _show(found: Classification, page: Path | None, as_json: bool) -> None:
    if found.indexed is not None:
        _show_indexed(found.indexed)
    if as_json:
        print_json({
            "files": found.files,
            "labels": dict(found.counts),
            "unfitting": found.unfitting,
            "gains": [gain.line() for gain in found.gains],
            "run": found.run and found.run.run_id,
            "tags": found.tags,
        })  # fmt: skip
        return
    if found.unfitting and not (found.about.unknown or found.about.multi):
        say(
            f"{found.unfitting:,} of {found.files:,} files are probably none of these labels;"
            " --unknown lets a file be none"
        )
    if not found.files:
        say("the library holds nothing of that to classify")
    for place in filter(None, (found.out, page)):
        say(f"{found.files} files classified: {place}")
    if found.run is not None:
        number = found.run.run_id
        say(f"{found.tags} tags given, as run {number}; sensorium undo {number} takes them back")


def _show_indexed(report: IndexReport) -> None:
    for failure in report.failures:
        complain(f"{failure.path}: {failure.reason}")
    if report.moments:
        say(f"{report.added + report.changed} files indexed first")


@click.command()
@click.argument("result", type=AnyPath())
@click.option("--truth", type=AnyPath(), required=True, help="A CSV with columns file and label.")
@click.option("--report", type=AnyPath(), help="A page with pictures, one file of HTML.")
@library_option
@json_option
def evaluate(
    result: str, truth: str, report: str | None, library: Path | None, as_json: bool
) -> None:
    """Measure RESULT, a file of `sensorium classify --out`, against the truth.

    The library is only needed for the pictures of a report.
    """
    from engine.library.facade import Library

    found = Library.evaluate_results(result, truth)
    if report is not None:
        _write_page(found, report, library)
    if as_json:
        print_json(found.document())
        return
    for name, value in found.document().items():
        if isinstance(value, float | int):
            print_line(f"{name.replace('_', ' ')}: {value:.4g}")
    macro = found.macro
    print_line(
        f"mean over labels: precision {macro.precision:.3f}, recall {macro.recall:.3f},"
        f" F1 {macro.f1:.3f}"
    )


def _write_page(found: Evaluation, report: str, library: Path | None) -> None:
    """Write the page of an evaluation, with pictures where there is a library."""
    try:
        with open_library(library) as opened:
            file = found.report(report, opened.thumbnail)
    except LibraryNotFound as error:
        complain(f"no pictures: {error}")
        file = found.report(report)
    say(f"{found.files} files evaluated: {file}")
