"""A folder of small real media, and the command line as a real process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine import Library
from engine.types import IndexReport
from tests import media_files as make


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


@pytest.fixture
def run(library):
    """Run `sensorium ARGUMENTS --library LIBRARY` and return what it did."""

    def command(*arguments: str | Path, at: Path | None = library) -> Done:
        where = ("--library", str(at)) if at else ()
        done = subprocess.run(
            [sys.executable, "-m", "engine.commands.main", *map(str, arguments), *where],
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return command


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
