"""`sensorium curate quality`, `captions` and `mislabeled`."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any

import click

from engine.commands.curate.options import (
    ResultHandling,
    handling_options,
    kind_option,
    modality_option,
    seed_option,
    top_option,
    where_option,
)
from engine.commands.curate.outcome import finish
from engine.commands.options import AnyPath, open_library, warn


class _Limit(click.ParamType[tuple[str, float]]):
    """A verdict with its limit, such as ``blurred=0.6``."""

    name = "limit"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Parse ``VERDICT=N``."""
        name, equals, number = str(value).partition("=")
        try:
            limit = float(number)
        except ValueError:
            equals = ""
        if not equals or limit != limit:
            self.fail(f"{value!r} is no limit; write blurred=0.6", param, ctx)
        return name.strip(), limit


@click.command()
@kind_option
@click.option(
    "--limit",
    "limits",
    type=_Limit(),
    multiple=True,
    metavar="VERDICT=N",
    help="Another limit than ours, such as blurred=0.5. May be repeated.",
)
@where_option
@handling_options
def quality(
    limits: tuple[tuple[str, float], ...],
    library: Path | None,
    handling: ResultHandling,
    **options: Any,
) -> None:
    """Find files that are bad as such, whatever they show.

    \b
    pictures  blurred, dark, bright, flat (low contrast), tiny, elongated, banded
    sounds    clipped, silent, noisy
    videos    black, frozen

    The files themselves are read, so that this takes as long as decoding them. One that
    cannot be read costs one line.
    """
    with open_library(library) as opened:
        run = opened.curate.quality(limits=dict(limits), **options, **handling.run_options())
        finish(run, handling)
        warn(opened)


@click.command()
@click.option(
    "--captions",
    "table",
    type=AnyPath(path_type=Path),
    help="A table path,caption, in the place of what the files' own metadata say.",
)
@click.option(
    "--threshold",
    default=1.8,
    show_default=True,
    help="Nats of log odds below which a caption does not fit.",
)
@top_option
@handling_options
def captions(
    table: Path | None, library: Path | None, handling: ResultHandling, **options: Any
) -> None:
    """Find pictures that are not what their captions say.

    The measure is the cosine of caption and picture (the CLIP score), as log odds: 0 is
    what an unrelated caption gets on average, 1.8 a deviation of those. The encoder
    compact knows a thousand classes of things and no names, actions or places: with it, a
    low score says that the caption speaks of something else than what it recognised.
    """
    with open_library(library) as opened:
        run = opened.curate.captions(table, **options, **handling.run_options())
        finish(run, handling)
        warn(opened)


alignment = copy(captions)
"""The former name of the command, which goes on working."""
alignment.hidden = True


@click.command()
@click.option(
    "--labels",
    default="folder",
    show_default=True,
    metavar="folder|tag|FILE.csv",
    help="Where labels come from: the folder of a file, its one tag, or a table path,label.",
)
@modality_option
@top_option
@seed_option
@where_option
@handling_options
def mislabeled(labels: str, library: Path | None, handling: ResultHandling, **options: Any) -> None:
    """Find labels that are probably wrong, by confident learning.

    A logistic regression on the stored vectors predicts the label of every file from the
    others; cleanlab says which labels that speaks against.
    """
    with open_library(library) as opened:
        run = opened.curate.mislabeled(labels, **options, **handling.run_options())
        finish(run, handling)
        warn(opened)
