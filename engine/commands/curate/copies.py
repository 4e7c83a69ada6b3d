"""`sensorium curate duplicates`, `semdedup` and `leaks`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.curate.options import (
    ResultHandling,
    command_line,
    handling_options,
    kind_option,
    seed_option,
)
from engine.commands.curate.outcome import finish
from engine.commands.options import AnyPath, Command, open_library, print_json, say, warn
from engine.errors import UsageError
from engine.types import Kind

if TYPE_CHECKING:
    from engine.curate.run import SemDedupCurve


def _duplicate_options(command: Command) -> Command:
    for option in reversed(
        (
            kind_option,
            click.option(
                "--threshold",
                type=click.FloatRange(0.3, 1.0),
                help="Cosine from which two are looked at  [default: 0.7, of sounds 0.88]; or"
                " taken for copies, with --by-cosine  [default: 0.9]",
            ),
            click.option("--exact", is_flag=True, help="Only files with the same bytes."),
            click.option(
                "--by-cosine",
                is_flag=True,
                help="Do not look at the files: let the cosine of their embeddings decide.",
            ),
        )
    ):
        command = option(command)
    return command


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=AnyPath())
@_duplicate_options
@click.option(
    "--keep",
    multiple=True,
    metavar="RULE",
    help="Which file of a group stays: most-pixels, original (in no place of copies, downloads,"
    " backups or trash), dated (says when it was made), largest, smallest, oldest, newest,"
    " shortest-path, in:FOLDER or not-in:FOLDER. May be repeated, the first counts most.",
)
@handling_options
def duplicates(
    paths: tuple[str, ...], library: Path | None, handling: ResultHandling, **options: Any
) -> None:
    """Find files that are the same: byte by byte, or to eye and ear.

    Crops, re-encodes, mirrored and framed pictures are copies of one another; a burst is
    not. Of each group one is kept, by the rules of --keep, and where those leave several by
    most-pixels, original, dated, largest, oldest, the shortest name and the first path; its
    reason says what decided. With PATHs, only what lies below them.
    """
    with open_library(library) as opened:
        run = opened.curate.duplicates(paths, **options, **handling.run_options())
        finish(run, handling)
        warn(opened)


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=AnyPath())
@click.option(
    "--split-by",
    type=click.Choice(("folder", "tag")),
    default="folder",
    show_default=True,
    help="A split is a folder right below PATH, or a tag that assets were given.",
)
@click.option("--split", "tags", multiple=True, help="A tag that is a split. May be repeated.")
@_duplicate_options
@handling_options
def leaks(
    paths: tuple[str, ...], library: Path | None, handling: ResultHandling, **options: Any
) -> None:
    """Find what is the same in several splits of a dataset.

    Of each group what lies in the smallest split is held, because others have measured on
    it; what is the same elsewhere is a leak, and is what --apply acts on.
    """
    with open_library(library) as opened:
        run = opened.curate.leaks(paths, **options, **handling.run_options())
        finish(run, handling)
        warn(opened)


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=AnyPath())
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Kind]),
    default="image",
    show_default=True,
)
@click.option(
    "--eps",
    type=click.FloatRange(0.0, 1.0),
    help="What goes is nearer than 1 - EPS to something that stays. Without it, the curve is"
    " shown and nothing is chosen.",
)
@click.option("--space", help="Space to compare in  [default: where likeness is compared]")
@click.option("--clusters", type=click.IntRange(1), help="k of k-means  [default: one in 400]")
@seed_option
@handling_options
def semdedup(
    paths: tuple[str, ...],
    eps: float | None,
    library: Path | None,
    handling: ResultHandling,
    **options: Any,
) -> None:
    """Thin out what means the same (SemDeDup, Abbas et al. 2023).

    Run it without --eps first: it shows how much each eps leaves. In each cluster of k-means
    what is farthest from the centroid stays, and what is too near to something before it
    goes.
    """
    if eps is None and (handling.apply or handling.out):
        raise UsageError("choose first what goes: --eps, of the curve that is shown without it")
    with open_library(library) as opened:
        if eps is None:
            curve = opened.curate.semdedup_curve(
                paths, **options, command=command_line(), progress=True
            )
            _show_curve(curve, handling)
            return
        run = opened.curate.semdedup(paths, eps=eps, **options, **handling.run_options())
        finish(run, handling)
        warn(opened)


def _show_curve(curve: SemDedupCurve, handling: ResultHandling) -> None:
    if handling.as_json:
        print_json({"moments": curve.moments, "curve": curve.points})
    else:
        click.echo("eps\tstay\tgo")
        for eps, share in curve.points:
            going = curve.moments - round(share * curve.moments)
            click.echo(f"{eps:g}\t{share:.1%}\t{going}")
        say("choose one with --eps; nothing has been recorded")
    if handling.report is not None:
        curve.report(handling.report)
        say(f"the report is {handling.report}")
