"""A folder of small real media, and the command line: in this process, and as a real one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine import Library
from engine.commands.main import main
from engine.config import Settings
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


@dataclass(frozen=True)
class Indexed:
    """A small folder of media and a library of it, kept aside to be copied to where they were."""

    place: Path
    aside: Path
    report: IndexReport

    def copy(self, name: str) -> None:
        shutil.copytree(self.aside / name, self.place / name)

    def is_copied(self, media: Path) -> bool:
        """Whether the files of a copy are still those that were indexed."""
        return _files(media) == _files(self.aside / "media")


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    found = {str(each.relative_to(folder)): each.lstat() for each in folder.rglob("*")}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


@pytest.fixture(scope="session")
def indexed_once(tmp_path_factory, settings) -> Indexed:
    """Three pictures of plain colours and two tones, and a library of them, made once.

    A library names its files by their whole paths: so each test has its copy at the same place.
    """
    place = tmp_path_factory.mktemp("indexed")
    folder = place / "media"
    folder.mkdir()
    for number, colour in enumerate(("red", "green", "blue")):
        make.picture(folder / f"{number}.png", colour)
    make.sound(folder / "deep.wav", (200, 2.0))
    make.sound(folder / "shrill.wav", (3000, 2.0))
    report = _index(folder, place / "library", settings)
    assert report.added == 5
    aside = tmp_path_factory.mktemp("aside")
    for name in ("media", "library"):
        (place / name).rename(aside / name)
    return Indexed(place, aside, report)


def _index(media: Path, library: Path, settings: Settings) -> IndexReport:
    with Library.open(library, create=True, encoder="fake", settings=settings) as made:
        return made.index([media])


@pytest.fixture
def media(indexed_once) -> Iterator[Path]:
    """Three pictures of plain colours, and two tones."""
    indexed_once.copy("media")
    yield indexed_once.place / "media"
    with suppress(FileNotFoundError):  # of a test about media that are gone
        _remove(indexed_once.place / "media")


@pytest.fixture
def library(indexed_once) -> Iterator[Path]:
    """Where a library may be made; what a test lays beside it goes with it."""
    yield indexed_once.place / "library"
    for path in indexed_once.place.iterdir():
        if path.name != "media":
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


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
def index(media, library, settings, indexed_once):
    """Have `media` indexed in this process, without the command, whose work some tests are about:
    by a copy of the library that was made once, as long as nothing differs."""

    def here() -> IndexReport:
        if library.exists() or not indexed_once.is_copied(media):
            return _index(media, library, settings)
        indexed_once.copy("library")
        return indexed_once.report

    return here


@pytest.fixture
def indexed(run, index):
    """`run`, on a library that holds `media`."""
    assert index().added == 5
    return run
