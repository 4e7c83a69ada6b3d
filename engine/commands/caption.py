"""`sensorium caption`: captions of files, by a model or by what is known of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.options import (
    AnyPath,
    json_option,
    library_option,
    open_library,
    say,
    typed_command,
    wait_option,
    warn,
)
from engine.commands.output.json_output import print_json
from engine.common.text import printable
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.curate.captioning import CaptionRun


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=AnyPath())
@click.option("--all", "every", is_flag=True, help="All files of the library.")
@click.option(
    "--style", type=click.Choice(("sentence", "tags", "alt-text")), default="sentence",
    show_default=True, help="The form of a caption.",
)  # fmt: skip
@click.option(
    "--captioner", metavar="NAME",
    help="The model, such as template, hf:NAME or openai:MODEL.",
)  # fmt: skip
@click.option("--apply", "keep", is_flag=True, help="Keep them, to be searched; undo takes back.")
@wait_option
@library_option
@json_option
def caption(
    paths: tuple[str, ...],
    every: bool,
    style: str,
    captioner: str | None,
    keep: bool,
    wait: bool,
    library: Path | None,
    as_json: bool,
) -> None:
    """Caption files of the library; with --apply their words are found from then on.

    A folder means all of its files that the library has. The files themselves are not touched,
    and a caption that one has of its own stays. `sensorium export` writes captions out.
    """
    if bool(paths) == every:
        raise UsageError("name the files to caption, or --all for all that the library has")
    with open_library(library) as opened:
        run = opened.caption(
            paths, captioner=captioner, style=style, apply=keep, wait=wait,
            command=typed_command(), progress=True,
        )  # fmt: skip
        _show(run, as_json)
        warn(opened)


def _show(run: CaptionRun, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(run))
        return
    for each in run.captions:
        click.echo(f"{printable(each.path)}\t{each.text or '(' + each.problem + ')'}")
    if run.spent is not None:
        say(f"{run.captioner}: {run.spent}")
    if run.run_id is not None:
        own = f"; {run.own} have one of their own, which stays" if run.own else ""
        say(f"{run.applied} captioned by {run.captioner}{own}")
        say(f"take it back: sensorium undo {run.run_id}")
