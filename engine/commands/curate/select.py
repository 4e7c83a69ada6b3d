"""`sensorium curate select`: a subset that is diverse, balanced, or near to a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.commands.curate.options import (
    ResultHandling,
    handling_options,
    modality_option,
    seed_option,
    where_option,
)
from engine.commands.curate.outcome import finish
from engine.commands.options import AnyPath, open_library, warn


@click.command()
@click.option("-n", "--count", required=True, type=click.IntRange(min=1), help="How many files.")
@modality_option
@click.option(
    "--method",
    type=click.Choice(("kcenter", "facility")),
    default="kcenter",
    show_default=True,
    help="Leave nothing far from a choice (kcenter), or stand for the many (facility).",
)
@click.option(
    "--balance",
    type=click.Choice(("tag", "cluster", "label")),
    help="Equal shares of each: the rarest tag of a file, a cluster, or a label.",
)
@click.option(
    "--labels",
    default="folder",
    show_default=True,
    metavar="folder|tag|FILE.csv",
    help="Of --balance label: the folder that a file is in, its one tag, or a table path,label.",
)
@click.option("--near", metavar="TEXT", help="Only among the files that are nearest to this.")
@click.option("--far", metavar="TEXT", help="Only among the files that are farthest from this.")
@click.option(
    "--pool",
    type=click.IntRange(min=1),
    help="How many files --near and --far leave in the running  [default: ten times --count]",
)
@click.option(
    "--manifest",
    type=AnyPath(path_type=Path),
    help="Write every choice, in order and with why, to FILE.json and FILE.parquet.",
)
@seed_option
@where_option
@handling_options
def select(count: int, library: Path | None, handling: ResultHandling, **options: Any) -> None:
    """Choose a subset that is diverse, balanced, or near to a text.

    The same library, options and seed choose the same files in the same order.
    """
    with open_library(library) as opened:
        run = opened.curate.select(count, **options, **handling.run_options())
        finish(run, handling)
        warn(opened)
