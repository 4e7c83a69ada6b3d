"""`sensorium export` and `sensorium import`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.options import (
    AnyPath,
    complain,
    device_option,
    json_option,
    library_option,
    open_library,
    print_json,
    settings,
    typed_command,
    wait_option,
    warn,
)
from engine.commands.output.text import print_line
from engine.common.text import file_name
from engine.types import ExportFormat, ImportFormat, Kind

if TYPE_CHECKING:
    from engine.exchange.export import ExportReport
    from engine.exchange.import_dataset import ImportReport
    from engine.types import Failure

_NAMED = 20
"""Files that are left out for one reason and named, each on a line; of more, one stands for all."""


@click.command("export")
@click.argument("out", type=AnyPath(path_type=Path))
@click.option(
    "--format",
    "format_name",
    type=click.Choice([choice.value for choice in ExportFormat]),
    required=True,
    help="What is to read it. imagefolder, coco and fiftyone are of pictures; clip-retrieval of"
    " pictures and keyframes; sidecars are XMP and JSON of captions and tags.",
)
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([choice.value for choice in Kind]),
    multiple=True,
    help="Only files of this kind. May be repeated.",
)
@click.option("--where", multiple=True, metavar="FILTER", help="Only files that pass this filter.")
@click.option("--query", metavar="TEXT", help="Only the files that a search for this finds.")
@click.option("-t", "--top", default=1000, show_default=True, help="Hits of --query, at most.")
@click.option(
    "--run",
    type=int,
    metavar="RUN",
    help="Only the files that this run of `curate` selected, or found nothing against.",
)
@click.option(
    "--space",
    "spaces",
    multiple=True,
    metavar="NAME",
    help="Only vectors of this space. May be repeated  [default: all that are searched]",
)
@click.option(
    "--vectors/--no-vectors",
    default=None,
    help="Whether vectors go in  [default: yes, but for imagefolder and coco]",
)
@library_option
@json_option
def export_command(
    out: Path,
    format_name: str,
    kinds: tuple[str, ...],
    where: tuple[str, ...],
    query: str | None,
    top: int,
    run: int | None,
    spaces: tuple[str, ...],
    vectors: bool | None,
    library: Path | None,
    as_json: bool,
) -> None:
    """Write files, what is known of them, and their vectors to OUT, a new folder.

    It appears when all of it is written, with SHA256SUMS and a data card, README.md. Files
    that are gone or have changed since they were indexed are left out, and named.
    """
    with open_library(library) as opened:
        done = opened.export(
            out, format_name, kinds=kinds, where=where, query=query, top=top, run=run,
            spaces=spaces, vectors=vectors, command=typed_command(), progress=True,
        )  # fmt: skip
        warn(opened)
    _show_exported(done, as_json=as_json)


def _by_reason(failures: Sequence[Failure]) -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {}
    for failure in failures:
        paths.setdefault(failure.reason, []).append(failure.path)
    return paths


def _show_exported(done: ExportReport, *, as_json: bool) -> None:
    for reason, paths in _by_reason(done.failures).items():
        if len(paths) > _NAMED:
            complain(f"left out: {len(paths):,} files, {paths[0]} among them: each {reason}")
        for path in paths if len(paths) <= _NAMED else ():
            complain(f"left out: {path} {reason}")
    if as_json:
        print_json({
            "out": str(done.out), "format": done.format, "files": done.files,
            "moments": done.moments, "vectors": done.vectors, "left_out": done.left_out,
        })  # fmt: skip
        return
    print_line(f"{done.files:,} files, {done.moments:,} moments in {file_name(str(done.out))}")
    if done.left_out:
        place = file_name(f"{done.out}/README.md")
        print_line(f"{done.left_out:,} files left out; {place} says why")


@click.command("import")
@click.argument("source", type=AnyPath(path_type=Path))
@click.option(
    "--format",
    "format_name",
    type=click.Choice([choice.value for choice in ImportFormat]),
    required=True,
    help="What wrote it.",
)
@click.option(
    "--to",
    type=AnyPath(path_type=Path),
    help="A new folder, where the files of tars go, and stay.",
)
@click.option(
    "--root",
    type=AnyPath(path_type=Path),
    help="Where relative paths of a clip-retrieval folder begin  [default: that folder]",
)
@click.option(
    "--skip-missing", is_flag=True, help="Leave out what clip-retrieval names and is not there."
)
@click.option(
    "--vectors-of",
    metavar="ENCODER",
    help="Take vectors of which nothing says what made them: this encoder did, which is the"
    " library's. Nobody can check that; where it is wrong, searches find nothing of use.",
)
@click.option("--encoder", metavar="NAME", help="Of a new library, as for sensorium index.")
@device_option
@wait_option
@library_option
@json_option
def import_command(
    source: Path,
    format_name: str,
    to: Path | None,
    root: Path | None,
    skip_missing: bool,
    vectors_of: str | None,
    encoder: str | None,
    wait: bool,
    library: Path | None,
    as_json: bool,
) -> None:
    """Take in SOURCE, a data set, with its captions.

    Its vectors are taken where they are of the library's own encoder; all other files are
    embedded here. All of it is looked at first: where something is wrong with it, nothing is
    taken.
    """
    from engine.library.facade import Library

    done = Library.import_new(
        library, source, format_name, to=to, root=root, skip_missing=skip_missing,
        vectors_of=vectors_of, encoder=encoder, wait=wait, progress=True, settings=settings(),
    )  # fmt: skip
    _show_imported(done, as_json=as_json)


def _show_imported(done: ImportReport, *, as_json: bool) -> None:
    for note in done.notes:
        complain(note)
    for failure in done.failures:
        complain(f"{failure.path}: {failure.reason}")
    report = done.indexed
    counts = {
        "files": done.files, "taken": done.taken, "known": done.known, "missing": done.missing,
        "embedded": report.added + report.changed + report.moved, "unchanged": report.unchanged,
        "failed": report.failed, "moments": done.moments, "captions": done.captions,
        "tagged": done.tagged,
    }  # fmt: skip
    if as_json:
        print_json(counts)
        return
    click.echo(
        f"{counts['files']:,} files: {counts['taken']:,} with their vectors,"
        f" {counts['embedded']:,} embedded here, {done.known + report.unchanged:,} known before,"
        f" {counts['missing']:,} missing, {counts['failed']:,} failed"
    )
    click.echo(
        f"{done.moments:,} moments; {done.captions:,} files got a caption, {done.tagged:,} tags"
    )
