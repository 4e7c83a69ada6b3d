"""`sensorium tag`: give files tags, and take tags from them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

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
from engine.errors import UsageError


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=AnyPath())
@click.option("--add", multiple=True, metavar="TAG", help="A tag to give. May be repeated.")
@click.option("--remove", multiple=True, metavar="TAG", help="A tag to take. May be repeated.")
@wait_option
@library_option
@json_option
def tag(
    paths: tuple[str, ...],
    add: tuple[str, ...],
    remove: tuple[str, ...],
    wait: bool,
    library: Path | None,
    as_json: bool,
) -> None:
    """Give files tags, and take tags from them; without PATH, list the tags that there are.

    A folder means all of its files that the library has. `sensorium undo` takes it back, and
    `tag:WORD` in a query finds what has a tag. The files themselves are not touched.
    """
    with open_library(library) as opened:
        if paths:
            change = opened.curate.tag(
                paths, add=add, remove=remove, wait=wait, command=typed_command()
            )
            _show(dataclasses.asdict(change), as_json)
        elif add or remove:
            raise UsageError("name the files to tag, or a folder")
        else:
            _list(dict(opened.stats().tags), as_json)
        warn(opened)


def _show(change: dict[str, int | None], as_json: bool) -> None:
    if as_json:
        print_json(change)
    elif change["run_id"] is None:
        say("the files are tagged so already")
    else:
        given = change["given"]
        click.echo(f"{given} tag{'s' * (given != 1)} given, {change['taken']} taken")
        say(f"take it back: sensorium undo {change['run_id']}")


def _list(counts: dict[str, int], as_json: bool) -> None:
    if as_json:
        print_json({"tags": counts})
        return
    for word, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        click.echo(f"{count}\t{word}")
    if not counts:
        say("there are no tags yet: sensorium tag PATH --add WORD")
