"""A folder of small real media, and the command line: in this process, and as a real one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine import Library
from engine.commands.main import main
from engine.types import IndexReport
from tests import media_files as make

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def media(tmp_path) -> Path:
    """Three pictures of plain colours, and two tones."""
    folder = tmp_path / "media"
    folder.mkdir()
    for place, colour in enumerate(("red", "green", "blue")):
        make.picture(folder / f"{place}.png", colour)
    make.sound(folder / "deep.wav", (200, 2.0))
    make.sound(folder / "shrill.wav", (3000, 2.0))
    return folder


@pytest.fixture
def library(tmp_path) -> Path:
    return tmp_path / "library"


def arguments_of(arguments: tuple[str | Path, ...], at: Path | None) -> list[str]:
    """Return the arguments of a command, with its library where there is one."""
    return [*map(str, arguments), *(("--library", str(at)) if at else ())]


@pytest.fixture
def run(library, monkeypatch):
    """Run `sensorium ARGUMENTS --library LIBRARY` in this process and return what it did."""

    def command(*arguments: str | Path, at: Path | None = library) -> Done:
        typed = arguments_of(arguments, at)
        monkeypatch.setattr("sys.argv", ["sensorium", *typed])  # which a run records
        done = CliRunner().invoke(main, typed, prog_name="sensorium")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception  # which a process would print as a traceback
        return Done(done.exit_code, done.stdout, done.stderr)

    return command


@pytest.fixture(scope="session")
def warm(tmp_path_factory) -> Iterator[list[str]]:
    """The beginning of a command line that runs `sensorium` in a process of its own, which was
    forked from one that has imported everything: some ten times faster than to start anew."""
    place = tmp_path_factory.mktemp("warm") / "socket"
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.commands.warm_process", str(place)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert server.stdin and server.stdout
    with server.stdin, server.stdout:
        assert server.stdout.readline()
        yield [sys.executable, "-I", "-S", str(ROOT / "tests/commands/warm_client.py"), str(place)]
    server.wait(60)


@pytest.fixture
def index(media, library, settings):
    """Index `media` in this process: another takes long to start, and that the command
    indexes is what some tests are about."""

    def here() -> IndexReport:
        with Library.open(library, create=True, encoder="fake", settings=settings) as made:
            return made.index([media])

    return here


@pytest.fixture
def indexed(run, index):
    """`run`, on a library that holds `media`."""
    assert index().added == 5
    return run
