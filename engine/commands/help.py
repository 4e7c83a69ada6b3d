"""`sensorium help`: topics and commands, at the width of the terminal."""

from __future__ import annotations

import shutil

import click

from engine.commands.command_defaults import nearest
from engine.commands.complete import complete_topics
from engine.commands.topics import TOPICS, topic_text
from engine.common.text import aligned
from engine.errors import UsageError

_SAME = {"language": "query", "syntax": "query", "filter": "filters"}
"""Topics by other names for them."""
_WIDEST = 100
"""Columns past which lines are hard to read."""


@click.command("help")
@click.argument("names", metavar="[TOPIC | COMMAND]...", nargs=-1, shell_complete=complete_topics)
@click.pass_context
def help_(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Explain a TOPIC, such as query or filters, or a COMMAND; without, list the topics."""
    if not names:
        click.echo("Topics, read with `sensorium help TOPIC`:\n")
        for line in aligned([(f"  {name}", topic.about) for name, topic in TOPICS.items()]):
            click.echo(line)
        click.echo(
            "\nCommands are listed by `sensorium --help`; `sensorium help COMMAND` explains one."
        )
    elif len(names) == 1 and (topic := _SAME.get(names[0].lower(), names[0].lower())) in TOPICS:
        _show(topic_text(topic))
    else:
        _explain(ctx.find_root(), names)


def _explain(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Print the help of a command, as its own --help does.

    Raises:
        UsageError: there is no such command, or topic.
    """
    for place, name in enumerate(names):
        group = ctx.command
        found = group.get_command(ctx, name) if isinstance(group, click.Group) else None
        if found is None:
            known = group.list_commands(ctx) if isinstance(group, click.Group) else []
            known = [*known, *(TOPICS if place == 0 else ())]
            what = "topic or command" if place == 0 else f"command {' '.join(names[:place])}"
            raise UsageError(f"there is no {what} {name!r}; {nearest(name.lower(), known, _LIST)}")
        ctx = click.Context(found, info_name=name, parent=ctx)
    click.echo(ctx.command.get_help(ctx))


_LIST = "`sensorium help` lists the topics"


def _show(text: str) -> None:
    """Print Markdown for people, as wide as the terminal."""
    from rich.console import Console
    from rich.markdown import Markdown

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    Console(width=width, highlight=False).print(Markdown(text, code_theme="ansi_dark"))
