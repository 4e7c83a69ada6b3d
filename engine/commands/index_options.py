"""Options of `sensorium index` that say what is taken in, and what it prints of that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from engine.commands.options import Command, say, typed_command
from engine.common.shown_path import current_folder, relative
from engine.common.text import file_name, printable

if TYPE_CHECKING:
    from engine.library.facade import Library
    from engine.store.index_rules import RuleOptions


def rule_options(command: Command) -> Command:
    """Add the options that change what is taken in below a folder."""
    options: tuple[Any, ...] = (
        click.option(
            "--exclude",
            metavar="GLOB",
            multiple=True,
            help="Leave out files and folders below PATH, in the syntax of .gitignore: '*.tmp',"
            " 'raw/', '!keep.tmp'. May be repeated, and is remembered: later runs leave them out"
            " too. What was indexed of them is hidden, and back with its vectors after"
            " --no-exclude.",
        ),
        click.option(
            "--no-exclude",
            "forget_exclude",
            is_flag=True,
            help="Forget what was excluded below PATH, but for the --exclude of this call.",
        ),
        click.option(
            "--follow/--no-follow",
            "follow_links",
            default=None,
            help="Whether symbolic links below PATH are followed; remembered  [default: follow]",
        ),
        click.option(
            "--hidden/--no-hidden",
            default=None,
            help="Whether names that begin with a dot are taken in; trash and caches of thumbnails"
            " never are; remembered  [default: no-hidden]",
        ),
        click.option(
            "--gitignore/--no-gitignore",
            default=None,
            help="Whether files named .gitignore are read as well as .sensoriumignore; remembered"
            "  [default: no-gitignore]",
        ),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but what went wrong."),
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            help="Print what becomes of each file that is not as it was.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def rules_of(options: dict[str, Any]) -> RuleOptions:
    """Take the values of ``rule_options`` out of the options of a command."""
    from engine.library.facade import Library

    names = ("exclude", "forget_exclude", "follow_links", "hidden", "gitignore")
    rules: RuleOptions = {name: options.pop(name) for name in names}  # type: ignore[assignment]
    Library.check_rules(**rules)
    return rules


def print_outcome(path: str, outcome: str) -> None:
    """Print what became of a file, beside the results."""
    say(f"{printable(outcome)}: {file_name(relative(path, current_folder()))}")


@contextmanager
def saying_costs(library: Library, *, quiet: bool) -> Iterator[None]:
    """Print what embedding servers were asked for meanwhile, also where that ends in an error."""
    try:
        yield
    finally:
        for encoder, cost in ({} if quiet else library.spaces.costs()).items():
            say(f"{encoder}: {cost}")


@contextmanager
def saying_how_to_go_on() -> Iterator[None]:
    """Add the command to what is said of a run that is cut off, at work or before that."""
    from engine.errors import Cancelled

    try:
        yield
    except (KeyboardInterrupt, Cancelled) as stopped:
        notes = getattr(stopped, "__notes__", None)
        if notes:
            notes[-1] = f"{notes[-1]}: {typed_command()}"
        else:
            stopped.add_note(f"to go on: {typed_command()}")
        raise
