"""What a kill leaves behind: processes that index, killed at random moments.

    python -m benchmarks.crash [--rounds 200]

Each round changes a folder (files come, change, move and go), starts a process
that indexes it, and kills that process with SIGKILL at a random moment. The
library is then opened, which is timed, and read in full by `verify --deep`. At the
end one run is left to finish, and the library must hold the folder, no more and no
less. The encoder is the fake one: what is tried here is the store and the write path.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
from PIL import Image

from benchmarks.common import machine, reached, scratch, table
from engine.library import Library
from engine.store import Store
from engine.store.verify import verify

_COLOURS = ("red", "green", "blue", "yellow", "black", "white")
_INDEX = (
    "import sys; from engine import Library\n"
    "print('ready', flush=True)\n"
    "library = Library.open(sys.argv[1])\n"
    "while True: library.index([sys.argv[2]]); library.remove(sys.argv[2] + '/0.png')"
)


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


def _killed(library: Path, folder: Path, seconds: float) -> None:
    """Index in a process, and kill it so many seconds after it has begun."""
    command = [sys.executable, "-c", _INDEX, str(library), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)


def _opened(library: Path) -> tuple[float, tuple[str, ...]]:
    """Seconds that opening takes, and what is wrong then."""
    started = time.perf_counter()
    with Store.open(library) as store:
        seconds = time.perf_counter() - started
        return seconds, (*store.warnings, *verify(store, deep=True).problems)


def _difference(library: Path, folder: Path) -> tuple[int, int]:
    """Files that the library lacks, and assets or moments too many, after a whole run."""
    with Library.open(library) as opened:
        opened.index([folder])
        known = [asset.path for asset in opened.store.assets()]
        files = {str(file.resolve()) for file in folder.iterdir()}
        moments = len(opened.store.moment_ids())
        return len(files - set(known)), max(len(known), moments) - len(files)


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@click.option("--rounds", default=200, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    slowest, wrong = 0.0, []
    with scratch() as place:
        folder, library = Folder(place / "media", chance), place / "library"
        Library.open(library, create=True, encoder="fake").close()
        for _ in range(rounds):
            folder.change()
            _killed(library, folder.path, chance.uniform(0, 0.8))
            seconds, problems = _opened(library)
            slowest = max(slowest, seconds)
            wrong += problems
        lost, extra = _difference(library, folder.path)
        _, problems = _opened(library)
        wrong += problems
    for problem in wrong:
        click.echo(problem, err=True)
    table(
        f"{rounds} rounds of index and remove, killed at random moments; {machine()}.",
        ("what", "count", "must be", "reached"),
        [
            ("problems that `verify --deep` found", len(wrong), 0,
             reached(len(wrong), 0, at_most=True)),
            ("files lost after a whole run", lost, 0, reached(lost, 0, at_most=True)),
            ("assets or moments doubled", extra, 0, reached(abs(extra), 0, at_most=True)),
            ("slowest open", f"{slowest:.3f} s", "< 2 s", reached(slowest, 2, at_most=True)),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
