"""`sensorium classify` and `sensorium evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.options import (
    AnyPath,
    Messages,
    complain,
    json_option,
    library_option,
    open_library,
    print_json,
    say,
    wait_option,
    warn,
)
from engine.errors import MediaError, PathNotFound, UsageError

if TYPE_CHECKING:
    from engine.classify.classifier import Classifier, Task
    from engine.classify.labels import Label
    from engine.classify.report import Digest
    from engine.classify.results import About, Result
    from engine.library import Library


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
    click.option("--out", type=AnyPath(), help="Results as .parquet, .csv or .jsonl."),
    click.option("--report", type=AnyPath(), help="A page with pictures, one file of HTML."),
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
    examples: str | None,
    library: Path | None,
    wait: bool,
    as_json: bool,
    apply_tags: bool,
    out: str | None,
    report: str | None,
    **options: Any,
) -> None:
    """Say which label each file is, by words alone, offline.

    Files at and below PATH that the library does not hold yet are indexed into it first.
    Pictures, videos by their keyframes, sounds, and speech by what is said are all asked.

    \b
      sensorium classify photos --labels cat,dog,"a red car" --unknown
      sensorium classify --all --labels-file labels.txt --out result.parquet
      sensorium classify sounds --labels rain,wind --examples heard --report page.html
    """
    from engine.classify.classifier import Task

    if bool(paths) == whole:
        raise UsageError("name files or folders to classify, or --all for the whole library")
    task = Task(
        _labels(labels, labels_file), examples=_path(examples), under=_under(paths), **options
    ).checked()
    outs = _Outs(_path(out), _path(report), as_json)
    with _opened(paths, library, wait) as opened:
        made = _made(opened, task)
        with outs.taking(made.about) as take:
            tagged = _run(made, opened, take, apply_tags, wait)
        outs.finish(made, opened, tagged)


def _path(value: str | None) -> Path | None:
    return None if value is None else Path(value).expanduser()


def _labels(labels: str | None, file: str | None) -> list[Label]:
    from engine.classify.labels import parse_labels, read_labels

    if (labels is None) == (file is None):
        raise UsageError("say the labels by --labels cat,dog or by --labels-file labels.txt")
    return (
        parse_labels(labels) if labels is not None else read_labels(Path(file or "").expanduser())
    )


def _under(paths: Sequence[str]) -> tuple[str, ...] | None:
    return tuple(str(Path(p).expanduser().resolve()) for p in paths) if paths else None


def _must_exist(paths: Sequence[str]) -> None:
    """Refuse before a new library is made."""
    for path in paths:
        if not path or not Path(path).expanduser().exists():
            raise PathNotFound(f"{path or 'an empty path'}: there is no such file or folder")


@contextmanager
def _opened(paths: Sequence[str], library: Path | None, wait: bool) -> Iterator[Library]:
    """The library, level with what is to be classified."""
    from engine.commands.progress import progress
    from engine.library import Library

    if not paths:
        with open_library(library) as opened:
            warn(opened)
            yield opened
        return
    _must_exist(paths)
    with Library.open(library, create=True) as opened:
        with progress() as seen:
            done = opened.index(paths, wait=wait, progress=seen, reporting=Messages())
        for failure in done.failures:
            complain(f"{failure.path}: {failure.reason}")
        if done.moments:
            say(f"{done.added + done.changed} files indexed first")
        warn(opened)
        yield opened


def _made(library: Library, task: Task) -> Classifier:
    from engine.classify.classifier import Classifier

    made = Classifier(library.store, library.towers, library.settings, task)
    _ = made.scorers  # what is wrong with templates or examples is said before anything is written
    for line in (*made.notes, *(gain.line() for gain in made.gains)):
        say(line)
    return made


def _run(
    made: Classifier,
    library: Library,
    take: Callable[[Sequence[Result]], None],
    apply_tags: bool,
    wait: bool,
) -> tuple[int, int] | None:
    """Classify all, and tag what was found where that is asked; the run and how many."""
    given: list[Result] = []
    for results in made.results():
        take(results)
        if apply_tags:
            given += [one for one in results if one.chosen]
    return _tag(made, library, given, wait) if apply_tags else None


def _tag(
    made: Classifier, library: Library, given: Sequence[Result], wait: bool
) -> tuple[int, int]:
    """Tag files with their labels, as a run that `sensorium undo` reverts."""
    from engine.curate.actions.apply import tag
    from engine.curate.records import Finding, record

    found = [
        Finding(one.asset_id, one.moment_id, one.file, label, None, odds, f"by {one.by}")
        for one in given
        for label, odds in list(zip(one.labels, one.probabilities, strict=True))[: one.chosen]
    ]
    about = made.about
    settings = dict(about.settings) | {"labels": list(about.labels), "multi": about.multi}
    command = "sensorium " + " ".join(sys.argv[1:])
    run = record(
        library.store, "classify", command, settings, found,
        generation=made.generation, wait=wait,
    )  # fmt: skip
    pairs = [(one.asset_id, one.verdict) for one in found]
    return run.run_id, tag(library.store, run.run_id, pairs, wait).done


class _Outs:
    """Where results go: a file, a page, and what is printed."""

    def __init__(self, out: Path | None, report: Path | None, as_json: bool) -> None:
        from engine.classify import results

        if out is not None:
            results.check_out(out)
        if report is not None and not report.parent.is_dir():
            raise UsageError(f"{report}: there is no folder {report.parent}")
        self._out, self._report, self._json = out, report, as_json
        self._digest: Digest | None = None

    @contextmanager
    def taking(self, about: About) -> Iterator[Callable[[Sequence[Result]], None]]:
        from engine.classify import results
        from engine.classify.report import Digest

        self._digest = Digest()
        prints = self._out is None and self._report is None and not self._json
        with ExitStack() as stack:
            write = stack.enter_context(results.writing(self._out, about)) if self._out else None

            def take(found: Sequence[Result]) -> None:
                assert self._digest is not None
                self._digest.take(found)
                if write is not None:
                    write(found)
                if prints:
                    for one in found:
                        _print(one)

            yield take

    def finish(self, made: Classifier, library: Library, tagged: tuple[int, int] | None) -> None:
        from engine.classify.report import run_page
        from engine.common.atomic_write import write_text

        assert self._digest is not None
        gains = [gain.line() for gain in made.gains]
        if self._report is not None:
            html = run_page(self._digest, made.about, gains, _thumbnails(library))
            write_text(self._report, html)
        if self._json:
            _print_json(self._digest, made, tagged)
            return
        if not self._digest.assets:
            say("the library holds nothing of that to classify")
        for place in filter(None, (self._out, self._report)):
            say(f"{self._digest.assets} files classified: {place}")
        if tagged is not None:
            run, count = tagged
            say(f"{count} tags given, as run {run}; sensorium undo {run} takes them back")


def _print(one: Result) -> None:
    """A result on a line: label, probability, time, file."""
    from engine.commands import output

    label = ", ".join(one.labels[: one.chosen]) or "-"
    at = "-" if one.start is None else output.clock(one.start)
    output.line("\t".join((label, f"{one.probability:.2f}", at, output.file_name(one.file))))


def _print_json(digest: Digest, made: Classifier, tagged: tuple[int, int] | None) -> None:

    counts = dict(sorted(digest.counts.items(), key=lambda pair: (-pair[1], pair[0])))
    document = {
        "files": digest.assets,
        "labels": counts,
        "gains": [gain.line() for gain in made.gains],
        "run": tagged and tagged[0],
        "tags": tagged and tagged[1],
    }
    print_json(document)


def _thumbnails(library: Library) -> Callable[[int], bytes | None]:
    def thumbnail(moment_id: int) -> bytes | None:
        try:
            return library.thumbnail(moment_id)
        except (KeyError, MediaError):
            return None

    return thumbnail


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
    from engine.classify.evaluate import evaluate as figures
    from engine.classify.results import read
    from engine.classify.truth import read_truth
    from engine.commands import output

    results, about = read(Path(result).expanduser())
    found = figures(results, about, read_truth(Path(truth).expanduser(), results, about))
    if report is not None:
        _evaluation_page(Path(report).expanduser(), found, about, library)
    if as_json:
        print_json(found.document())
        return
    for name, value in found.document().items():
        if isinstance(value, float | int):
            output.line(f"{name.replace('_', ' ')}: {value:.4g}")
    macro = found.macro
    output.line(
        f"mean over labels: precision {macro.precision:.3f}, recall {macro.recall:.3f},"
        f" F1 {macro.f1:.3f}"
    )


def _evaluation_page(report: Path, found: Any, about: About, library: Path | None) -> None:
    from engine.classify.report import evaluation_page
    from engine.common.atomic_write import write_text
    from engine.errors import LibraryNotFound

    try:
        with open_library(library) as opened:
            html = evaluation_page(found, about, _thumbnails(opened))
    except LibraryNotFound as error:
        complain(f"no pictures: {error}")
        html = evaluation_page(found, about, lambda _: None)
    write_text(report, html)
    say(f"{found.files} files evaluated: {report}")
