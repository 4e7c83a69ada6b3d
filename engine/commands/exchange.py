"""`sensorium export` and `sensorium import`."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.options import (
    AnyPath,
    Messages,
    complain,
    device_option,
    json_option,
    library_option,
    open_library,
    wait_option,
    warn,
)
from engine.exchange.formats.names import EXPORTS, IMPORTS

if TYPE_CHECKING:
    from engine.encoders.towers import Towers
    from engine.exchange.export import ExportReport
    from engine.exchange.import_dataset import ImportReport
    from engine.exchange.records import ExportSelection
    from engine.library import Library


@click.command("export")
@click.argument("out", type=AnyPath(path_type=Path))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(EXPORTS),
    required=True,
    help="What is to read it. imagefolder, coco and fiftyone are of pictures; clip-retrieval of"
    " pictures and keyframes.",
)
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(("image", "video", "audio")),
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
    from engine.exchange.export import export

    with open_library(library) as opened:
        selection = _selection(opened, kinds, where, query, top)
        if run is not None:
            selection = _kept_by(opened, run, selection)
        done = export(
            opened.store, out, format_name, selection,
            spaces=spaces, main=opened.towers.shared.name, vectors=vectors, command=_typed(),
        )  # fmt: skip
        warn(opened)
    _show_exported(done, as_json=as_json)


def _selection(
    library: Library, kinds: tuple[str, ...], where: tuple[str, ...], query: str | None, top: int
) -> ExportSelection:
    """What of a library is meant."""
    from engine.exchange.records import ExportSelection
    from engine.query.language.build_query import query_of

    asked = query_of(query, kinds=kinds, where=where, top=top)
    if query is None:
        return ExportSelection(kinds=asked.kinds, filter=asked.filter)
    hits = library.run(asked).hits
    return ExportSelection(assets=frozenset(hit.asset_id for hit in hits))


def _kept_by(library: Library, number: int, asked: ExportSelection) -> ExportSelection:
    """What of it a curation run keeps."""
    from engine.exchange.records import of_run

    run = library.store.curation.run(number)
    return of_run(run.kind, f"{number}, {run.kind}", library.store.curation.findings(number), asked)


def _typed() -> str:
    """The command, for the data card."""
    return shlex.join(["sensorium", *sys.argv[1:]])


def _show_exported(done: ExportReport, *, as_json: bool) -> None:
    for failure in done.failures:
        complain(f"left out: {failure.path} {failure.reason}")
    if as_json:
        _print({
            "out": str(done.out), "format": done.format, "files": done.files,
            "moments": done.moments, "vectors": done.vectors, "left_out": done.left_out,
        })  # fmt: skip
        return
    click.echo(f"{done.files:,} files, {done.moments:,} moments in {done.out}")
    if done.left_out:
        click.echo(f"{done.left_out:,} files left out; {done.out}/README.md says why")


@click.command("import")
@click.argument("source", type=AnyPath(path_type=Path))
@click.option(
    "--format", "format_name", type=click.Choice(IMPORTS), required=True, help="What wrote it."
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
    """Take in SOURCE, a data set, with its captions, and its vectors where they are of the
    library's own encoder. All other files are embedded here.

    All of it is looked at first: where something is wrong with it, nothing is taken.
    """
    from engine.commands.progress import progress
    from engine.exchange.import_dataset import ImportOptions, check_dataset, import_dataset
    from engine.library import Library

    wanted = ImportOptions(format_name, source, to, root, skip_missing, vectors_of)
    looked = check_dataset(_towers(library, encoder, wait), wanted)
    with Library.open(library, create=True, encoder=encoder) as opened, progress() as seen:
        brought = import_dataset(
            opened.store, opened.towers, opened.settings, looked, wait=wait, progress=seen
        )
        opened.maintenance.settle(wait, Messages())
        warn(opened)
    _show_brought(brought, as_json=as_json)


def _towers(library: Path | None, encoder: str | None, wait: bool) -> Towers:
    """Those of a library that is there and that nobody else writes, or of one to be made."""
    from engine.config import Settings
    from engine.encoders import registry
    from engine.errors import LibraryNotFound
    from engine.library import Library

    try:
        with Library.open(library, encoder=encoder) as opened, opened.store.writer(wait=wait):
            return opened.towers
    except LibraryNotFound:
        return registry.towers(encoder or registry.DEFAULT, Settings.from_env())


def _show_brought(done: ImportReport, *, as_json: bool) -> None:
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
        _print(counts)
        return
    click.echo(
        f"{counts['files']:,} files: {counts['taken']:,} with their vectors,"
        f" {counts['embedded']:,} embedded here, {done.known + report.unchanged:,} known before,"
        f" {counts['missing']:,} missing, {counts['failed']:,} failed"
    )
    click.echo(
        f"{done.moments:,} moments; {done.captions:,} files got a caption, {done.tagged:,} tags"
    )


def _print(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))
