"""`sensorium man`: the manual page, in roff, made of the commands' own help."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from textwrap import wrap

import click

from engine.commands.topics import topic_text

_WIDTH = 200
"""Columns of click's help, which roff fills anew."""
_COLUMNS = 62
"""Characters of a line in the source, before some of them are escaped."""


@click.command("man")
@click.pass_context
def man(ctx: click.Context) -> None:
    """Print the manual page: `sensorium man | man -l -`."""
    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    click.echo(manual(root), nl=False)


def manual(root: click.Group) -> str:
    """Return the manual page of the command line, in roff."""
    ctx = _context(root, "sensorium", None)
    about = (root.help or "").strip().rstrip(".")
    lines = [
        f'.TH SENSORIUM 1 "" "sensorium {version("sensorium")}" "User Commands"',
        ".SH NAME",
        f"sensorium \\- {_text(about[:1].lower() + about[1:])}",
        ".SH SYNOPSIS",
        ".B sensorium",
        "\\fICOMMAND\\fR [\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...",
        ".SH COMMANDS",
        *_commands(root, ctx),
        ".SH EXIT STATUS",
        *_paragraphs(_plain(topic_text("exit-codes"))),
        ".SH FILES",
        ".TP",
        "\\fI~/.config/sensorium/config.toml\\fR",
        "Settings, and defaults of commands.",
        "\\fBsensorium config path\\fR says where it is.",
        ".SH ENVIRONMENT",
        ".TP",
        "\\fBSENSORIUM_LIBRARY\\fR, \\fBSENSORIUM_CONFIG\\fR, ...",
        "Settings: \\fBsensorium help settings\\fR, \\fBsensorium config list\\fR.",
    ]
    return "\n".join(lines) + "\n"


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    return click.Context(
        command, info_name=name, parent=parent, terminal_width=_WIDTH, max_content_width=_WIDTH,
        help_option_names=["-h", "--help"],
    )  # fmt: skip


def _commands(group: click.Group, ctx: click.Context) -> Iterator[str]:
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if command is None or command.hidden:
            continue
        below = _context(command, name, ctx)
        usage = " ".join(command.collect_usage_pieces(below))
        yield f'.SS "{_text(f"{below.command_path} {usage}")}"'
        yield from _paragraphs(command.help or "")
        for option in command.get_params(below):
            record = option.get_help_record(below) if isinstance(option, click.Option) else None
            if record is not None:
                yield from (".TP", f"\\fB{_text(record[0])}\\fR", *_filled(record[1]))
        if isinstance(command, click.Group):
            yield from _commands(command, below)


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a docstring; lists have bullets, and \\b keeps lines as they are."""
    for place, block in enumerate(text.strip().split("\n\n")):
        lines = [line.strip() for line in block.strip("\n").splitlines()]
        if lines[:1] == ["\b"]:
            yield from (".PP", ".nf", *(f"    {_text(line)}" for line in lines[1:]), ".fi")
        elif lines and lines[0].startswith("- "):
            for item in " ".join(lines).removeprefix("- ").split(" - "):
                yield from (".IP \\(bu 2", *_filled(item))
        else:
            # After a heading roff begins a paragraph by itself.
            yield from (*([".PP"] if place else []), *_filled(" ".join(lines)))


def _filled(words: str) -> list[str]:
    """Return words as lines of roff that are no longer than people read in its source."""
    return [_text(line) for line in wrap(words, _COLUMNS, break_on_hyphens=False)]


def _plain(markdown: str) -> str:
    """Return Markdown of words alone without its heading and its marks."""
    lines = [line for line in markdown.splitlines() if not line.startswith("#")]
    return "\n".join(lines).replace("`", "")


def _text(words: str) -> str:
    """Return words as roff prints them."""
    shown = words.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    shown = (
        shown.replace("'", "\\(aq")
        .replace("`", "\\(ga")
        .replace("^", "\\(ha")
        .replace("~", "\\(ti")
    )
    return f"\\&{shown}" if shown.startswith((".", "\\(aq")) else shown
