"""Recovery after SIGKILL: writing processes that are killed at random moments.

    python -m benchmarks.crash [--rounds 200]

Each round changes a folder (files come, change, move and go) and starts a process
that indexes it, forgets parts of it again, folds both into indexes on disk and
compacts the log, in some dozens of small commits. The process says when each is done.
Between the first and the expected end it is killed with SIGKILL. The library is then
opened and searched, which is timed, and read in full by `verify --deep`. At the end one
run is left to finish, and the library must hold the folder, no more and no less. The
encoder is the fake one: what is tried here is the store, the indexes and the write path.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import IO

import click
from PIL import Image

from benchmarks.common import at_least, at_most, command, conclude, machine, scratch
from engine.index import inventory
from engine.library.facade import Library
from indexers import commit

_COLOURS = ("red", "green", "blue", "yellow", "black", "white")
_TURNS = 6
"""How often a process indexes the folder; after each it forgets a part of the assets."""
_COMMIT_ASSETS = 4
"""Files of a commit, where it is hundreds outside of this benchmark."""
_EXACT_ROWS = 8
"""Vectors of a modality past which an index on disk is made, where it is thousands."""
_CHILD = "import sys; from benchmarks.crash import work; work(*sys.argv[1:])"
_COMMITTED, _DONE = "committed", "done"


# --- the process that is killed -----------------------------------------------------


def work(library: str, folder: str) -> None:
    """Index and forget, say so after each commit, and at the end wait to be killed."""
    commit.COMMIT_ASSETS = _COMMIT_ASSETS
    flush = commit.Ledger.flush

    def told(ledger: commit.Ledger) -> None:
        flush(ledger)
        print(_COMMITTED, flush=True)

    commit.Ledger.flush = told
    inventory.EXACT_ROWS = _EXACT_ROWS
    with Library.open(library) as opened:
        for turn in range(_TURNS):
            opened.index([folder])
            for asset in list(opened.store.assets())[turn::_TURNS]:
                opened.remove(asset.path)
                print(_COMMITTED, flush=True)
            opened.refresh(always=turn % 2 == 0)
            print(_COMMITTED, flush=True)
            opened.compact()
            print(_COMMITTED, flush=True)
        print(_DONE, flush=True)
        signal.pause()


# --- the process that kills ---------------------------------------------------------


class Folder:
    """A folder of small pictures that changes by chance."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.path = path
        self._chance = chance
        self._made = 0
        path.mkdir()
        for _ in range(40):
            self._make()

    def _make(self, name: str | None = None) -> None:
        size = (self._chance.randint(8, 64), self._chance.randint(8, 64))
        picture = Image.new("RGB", size, self._chance.choice(_COLOURS))
        picture.putpixel((0, 0), tuple(self._chance.randbytes(3)))
        picture.save(self.path / (name or f"{self._made}.png"))
        self._made += 1

    def change(self) -> None:
        """A few files come, change, move and go."""
        files = sorted(self.path.iterdir())
        for file in self._chance.sample(files, 3):
            file.unlink()
        for file in self._chance.sample(sorted(self.path.iterdir()), 3):
            file.rename(self.path / f"moved-{self._made}.png")
            self._made += 1
        for file in self._chance.sample(sorted(self.path.iterdir()), 3):
            self._make(file.name)
        for _ in range(3):
            self._make()


@dataclass(frozen=True, slots=True)
class Kill:
    """What became of one process."""

    commits: int
    """That it had said were done when it was killed."""
    finished: bool
    """The kill came after the last commit."""
    problem: str | None
    """It died by itself, and of this."""


def _start(library: Path, folder: Path, errors: IO[str] | None) -> subprocess.Popen[str]:
    child = [sys.executable, "-c", _CHILD, str(library), str(folder)]
    return subprocess.Popen(child, stdout=subprocess.PIPE, stderr=errors, text=True)


def _killed(library: Path, folder: Path, seconds: float) -> Kill:
    """Start a process, and kill it so many seconds after its first commit."""
    with tempfile.TemporaryFile("w+") as errors, _start(library, folder, errors) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(seconds if first else 0)
        alive = process.poll() is None
        process.kill()
        said = [first.strip(), *process.stdout.read().split()]
        process.wait()
        errors.seek(0)
        problem = None if alive and first else f"it died by itself: {errors.read().strip()}"
    return Kill(said.count(_COMMITTED), _DONE in said, problem)


def _rehearsed(library: Path, folder: Path) -> float:
    """Seconds between the first commit and the end of a process that is left alone."""
    with _start(library, folder, None) as process:
        assert process.stdout is not None
        process.stdout.readline()
        started = time.perf_counter()
        commits = sum(1 for _ in takewhile(lambda line: line.strip() != _DONE, process.stdout))
        seconds = time.perf_counter() - started
        process.kill()
    if not commits:
        raise click.ClickException("the process did not get to its second commit")
    return seconds


def _opened(library: Path) -> tuple[float, tuple[str, ...]]:
    """Seconds that opening and a first search take, and what is wrong then."""
    started = time.perf_counter()
    with Library.open(library) as opened:
        opened.search("red")
        seconds = time.perf_counter() - started
        wrong = (*opened.store.warnings, *opened.verify(deep=True).problems)
    left = [str(file) for file in library.rglob("*.tmp")]
    return seconds, (*wrong, *(f"left behind: {file}" for file in left))


def _difference(library: Path, folder: Path) -> tuple[int, int]:
    """Files that the library lacks, and assets or moments too many, after a whole run."""
    with Library.open(library) as opened:
        opened.index([folder])
        known = [asset.path for asset in opened.store.assets()]
        files = {str(file.resolve()) for file in folder.iterdir()}
        moments = len(opened.store.moment_ids())
        return len(files - set(known)), max(len(known), moments) - len(files)


def _caption(kills: Sequence[Kill], expected: float) -> str:
    commits = sorted(kill.commits for kill in kills)
    return (
        f"{len(kills)} processes killed up to {expected:.2f} s after their first commit,"
        f" {commits[0]} to {commits[-1]} commits done, {commits[len(commits) // 2]} in the"
        f" median; {machine()}."
    )


@command(__doc__)
@click.option("--rounds", default=200, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=0, show_default=True)
def main(rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    slowest, kills, wrong = 0.0, [], []
    with scratch() as place:
        folder, library = Folder(place / "media", chance), place / "library"
        Library.open(library, create=True, encoder="fake").close()
        expected = _rehearsed(library, folder.path)
        for _ in range(rounds):
            folder.change()
            kills.append(_killed(library, folder.path, chance.uniform(0, expected)))
            seconds, problems = _opened(library)
            slowest = max(slowest, seconds)
            wrong += problems
        lost, extra = _difference(library, folder.path)
        _, problems = _opened(library)
        wrong += problems
    died = [kill.problem for kill in kills if kill.problem]
    for problem in (*wrong, *died):
        click.echo(problem, err=True)
    between = sum(not kill.finished and not kill.problem for kill in kills)
    conclude(
        _caption(kills, expected),
        ("what", "count"),
        [
            ("kills between the first and the last commit", between,
             at_least(between, rounds / 2, "half of them")),
            ("processes that died by themselves", len(died), at_most(len(died), 0, "0")),
            ("problems that `verify --deep` found", len(wrong), at_most(len(wrong), 0, "0")),
            ("files lost after a whole run", lost, at_most(lost, 0, "0")),
            ("assets or moments doubled", extra, at_most(abs(extra), 0, "0")),
            ("slowest open and first search", f"{slowest:.3f} s", at_most(slowest, 2, "< 2 s")),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
