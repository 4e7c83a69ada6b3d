"""Code blocks of the docs, run as a reader would: shell and Python, in a folder with media."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from engine.commands.main import main

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One block of a page: its language, its text, and the title above it."""

    language: str
    text: str
    title: str

    def __str__(self) -> str:
        return f"{self.title}, {self.language}"


@dataclass(frozen=True)
class Command:
    """One command of a console block, with the output that the page shows."""

    words: list[str]
    output: list[str]


def blocks(page: str) -> list[Block]:
    """Return the code blocks of a page."""
    found = []
    for match in _BLOCK.finditer(page):
        titles = _TITLE.findall(page[: match.start()])
        found.append(Block(match[1], match[2], titles[-1]))
    return found


def commands(text: str) -> Iterator[Command]:
    """Yield the commands of a console block."""
    joined = text.replace("\\\n", " ")
    for part in re.split(r"^\$ ", joined, flags=re.MULTILINE)[1:]:
        line, *output = part.rstrip("\n").split("\n")
        yield Command(shlex.split(line, comments=True), output)


def run_sensorium(words: list[str]) -> str:
    """Run a command of the command line in this process, and return its standard output."""
    done = CliRunner().invoke(main, words[1:], prog_name="sensorium")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, f"{shlex.join(words)}: {done.output}"
    return done.stdout


def run_python(text: str, names: dict[str, Any]) -> None:
    """Run a Python block with the names that earlier blocks have made."""
    exec(compile(text, "block", "exec"), names)
