"""Lines on stdout and stderr, whatever the names of files in them are made of."""

from __future__ import annotations

import sys

import click

from engine.common.shown_path import current_folder, relative
from engine.common.text import file_name, printable


def print_line(line: str, *, color: bool | None = None) -> None:
    """Print a line; a file name that is no UTF-8 goes out as the bytes that it is.

    Args:
        color: true to leave its colours in a pipe, too.
    """
    try:
        click.echo(line, color=color)
    except UnicodeEncodeError:
        click.echo(line.encode("utf-8", "surrogateescape"))


def shown_file(path: str, *, absolute: bool = False) -> str:
    """Return a file's path for a line that scripts read, from the current folder if below it.

    Args:
        absolute: true for the whole path.
    """
    return file_name(path if absolute else relative(path, current_folder()))


def print_message(line: str, *, err: bool = False) -> None:
    """Print a line for people, with characters that are not printable replaced."""
    if err:
        click.echo(printable(line), err=True)
    else:
        print_line(printable(line))


def print_tree(text: str) -> None:
    """Print lines that are drawn with characters which not every terminal knows."""
    for line in text.splitlines():
        try:
            click.echo(line)
        except UnicodeEncodeError:
            click.echo(line.encode(sys.stdout.encoding or "ascii", "replace").decode())
