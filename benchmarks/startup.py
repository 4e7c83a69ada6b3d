"""Time of what a shell asks while a person types, against a bare interpreter with click.

    python -m benchmarks.startup [--turns 15]

`sensorium --help` and completions are processes of their own, so most of their time is
Python's start. All take turns; the ratio is of medians of processor time, user and system.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import click

from benchmarks.common import at_most, command, conclude, machine
from engine.library.facade import Library

_BARE = (sys.executable, "-c", "import click")
_MAIN = (sys.executable, "-m", "sensorium")
_TYPED = ("sensorium se", "sensorium search re", "sensorium search tags:r")


def _processor_seconds(program: Sequence[str], environ: dict[str, str]) -> float:
    child = subprocess.Popen(program, env=environ, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, program)
    return usage.ru_utime + usage.ru_stime


@command(__doc__)
@click.option("--turns", default=15, show_default=True)
def main(turns: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library"
        Library.open(path, create=True).close()
        compiled = {
            **{name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPYCACHEPREFIX": str(Path(folder) / "compiled"),
            "SENSORIUM_LIBRARY": str(path),
        }
        runs: dict[str, tuple[Sequence[str], dict[str, str]]] = {
            "a bare interpreter with click": (_BARE, compiled),
            "`sensorium --help`": ((*_MAIN, "--help"), compiled),
        }
        for typed in _TYPED:
            asked = {**compiled, "_SENSORIUM_COMPLETE": "zsh_complete", "_SENSORIUM_LINE": typed}
            runs[f"completing `{typed}`"] = (_MAIN, asked)
        taken: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(turns + 1):
            for name, (program, environ) in runs.items():
                taken[name].append(_processor_seconds(program, environ))
    seconds = {name: median(each[1:]) for name, each in taken.items()}
    bare = next(iter(seconds.values()))
    conclude(
        f"{turns} turns, {machine()}; medians of processor time.",
        ("what", "ms", "times the bare one"),
        [
            (name, f"{each * 1e3:.0f}", f"{each / bare:.2f}",
             None if each is bare else at_most(each / bare, 2, "<= 2"))
            for name, each in seconds.items()
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
