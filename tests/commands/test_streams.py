"""A command does its work, and ends with its code, whatever its streams are.

The kind: a standard stream that is closed, full, or read by nobody, for every command. The
work is done where only the reporting fails; a traceback never comes of it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine import Library
from tests import media_files as make
from tests.commands.every import arguments, commands, takes_library
from tests.commands.warm_client import ask

_STATES = {
    "closed output": ("own", "closed", "full"),
    "all closed": ("closed", "closed", "closed"),
    "full output": ("own", "full", "own"),
    "reader gone": ("own", "broken", "broken"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory, settings) -> Path:
    """A folder with media, and a library of them with a run and a failure."""
    place = tmp_path_factory.mktemp("streams")
    media = place / "media"
    media.mkdir()
    for number, colour in enumerate(("red", "green", "blue", "red")):
        make.picture(media / f"{number}.png", colour)
    (media / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    with Library.open(place / "library", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        made.curate.duplicates(exact=True)
        made.classify({"red": []}, out=place / "results.csv")
    (place / "truth.csv").write_text("file,label\n0.png,red\n")
    (media / "4.png").write_bytes((media / "2.png").read_bytes())  # what there is to index
    return place


class Case:
    """A command in a copy of the folder."""

    def __init__(self, warm, made: Path, place: Path, names, command) -> None:
        self.socket, self.made, self.place, self.names = warm[-1], made, place, names
        self.has_library = takes_library(command)

    def run(self, name: str, streams) -> tuple[int, str, dict[str, int]]:
        """Return the exit code, what was printed, and what the catalog counts."""
        folder = self.place / name.replace(" ", "-")
        folder.mkdir()
        shutil.copytree(self.made / "library", folder / "library")
        typed = arguments(
            self.names, media=self.made / "media", place=folder,
            results=self.made / "results.csv", truth=self.made / "truth.csv",
        )  # fmt: skip
        typed += ["--library", str(folder / "library")] * self.has_library
        with ExitStack() as opened:
            places = (os.devnull, folder / "stdout", folder / "stderr")
            files = [opened.enter_context(Path(place).open("a+")) for place in places]
            code = ask(self.socket, typed, [file.fileno() for file in files], streams)
        printed = "".join(
            (folder / stream).read_text() if (folder / stream).exists() else ""
            for stream in ("stdout", "stderr")
        )
        return code, printed, _counts(folder)


def _counts(folder: Path) -> dict[str, int]:
    counts = {"out": sum(1 for _ in (folder / "out").rglob("*"))}
    with sqlite3.connect(folder / "library" / "catalog.sqlite") as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if "fts" not in table:
                counts[table] = db.execute(f"SELECT count(*) FROM [{table}]").fetchone()[0]
    return counts


@pytest.mark.parametrize(
    ("names", "command"), [pytest.param(n, c, id=" ".join(n)) for n, c in sorted(commands())]
)
def test_streams_that_fail_cost_no_work_and_give_no_traceback(names, command, warm, made, tmp_path):
    case = Case(warm, made, tmp_path, names, command)
    code, printed, counts = case.run("usual", ("own", "own", "own"))
    assert code in (0, 1, 2), printed
    said = (tmp_path / "usual" / "stdout").stat().st_size
    for name, streams in _STATES.items():
        got, shown, after = case.run(name, streams)
        assert (name, after) == (name, counts)
        assert "Traceback" not in shown
        lost = name == "full output" and said
        assert (name, got) == (name, code or int(bool(lost)))
        if lost:
            assert "the output cannot be written: no space left on device" in shown


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_a_real_process_with_closed_streams_does_its_work(closed, made, tmp_path):
    library = tmp_path / "library"
    closing = " ".join(f"{number}>&-" if number else "<&-" for number in closed)
    line = f'exec "$0" -m sensorium index "$1" --library "$2" --encoder fake {closing}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, str(made / "media"), str(library)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    with Library.open(library) as opened:
        assert sum(opened.stats().assets.values()) == 5
