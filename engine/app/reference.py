"""docs/cli.md out of the commands themselves: `python -m engine.app.reference`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from engine.app.cli import main

_HEAD = """\
# The command line

Made by `make docs` out of the commands' own help; a test fails when it drifts.
Results go to stdout and everything else to stderr. Exit codes: 0 done (also when
single files failed, which are counted and listed by `sensorium failures`), 1 the
library or the machine failed, 2 the request cannot be met as it was put.
"""


def reference() -> str:
    """The whole page, as Markdown."""
    return "\n".join((_HEAD, *_sections(main, "sensorium")))


def _sections(command: click.Command, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, terminal_width=78, max_content_width=78)
    yield f"## {name}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child in command.commands.values():
            yield from _sections(child, f"{name} {child.name}")


if __name__ == "__main__":
    click.echo(reference(), nl=False)
