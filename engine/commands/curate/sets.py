"""`sensorium curate outliers` and `clusters`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.commands.curate.options import (
    ResultHandling,
    handling_options,
    modalities_option,
    seed_option,
    top_option,
    where_option,
)
from engine.commands.curate.outcome import finish
from engine.commands.options import open_library, warn


@click.command()
@modalities_option
@click.option(
    "-k",
    "--neighbours",
    default=10,
    show_default=True,
    type=click.IntRange(min=1, max=1000),
    help="How many neighbours count.",
)
@click.option(
    "--measure",
    type=click.Choice(("distance", "lof")),
    default="distance",
    show_default=True,
    help="The mean distance to them, or the local outlier factor: how much sparser it is than"
    " around them.",
)
@click.option(
    "--threshold",
    default=3.5,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Robust deviations above the median that make an outlier.",
)
@top_option
@where_option
@handling_options
def outliers(library: Path | None, handling: ResultHandling, **options: Any) -> None:
    """Find files that are like no others, by their nearest neighbours.

    What is far is told by the median of all distances and the median deviation from it.
    """
    with open_library(library) as opened:
        run = opened.curate.outliers(**options, **handling.run_options())
        finish(run, handling)
        warn(opened)


@click.command()
@modalities_option
@click.option(
    "--k",
    type=click.IntRange(min=1),
    help="How many clusters; by default the square root of half of the files, 2 to 200.",
)
@seed_option
@where_option
@handling_options
def clusters(library: Path | None, handling: ResultHandling, **options: Any) -> None:
    """Group what is alike by k-means, and name each group by words.

    The words are tags that the encoder gave its moments and few others; where there are
    none, everyday phrases that lie nearest to it.
    """
    with open_library(library) as opened:
        run = opened.curate.clusters(**options, **handling.run_options())
        finish(run, handling)
        warn(opened)
