"""Every errno on every kind of call of a search, an index, a verify and a rebuild.

    python -m benchmarks.faults [--most 60] [COMMAND:CALL:ERRNO ...]

A small library of the fake encoder is made and, for each command, kind of call, errno and call
number, that one call on a path below the library fails in a process of its own, by a preloaded
library. No moment may be lost, what is said must be one line without a traceback, and the next
run must be whole. Without arguments all commands, calls and errnos are swept. It needs gcc.
"""

from __future__ import annotations

import ctypes
import errno
import io
import itertools
import os
import shutil
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import click

from benchmarks.common import Row, at_most, command, conclude, machine, scratch, stop

CALLS = ("open", "read", "mmap", "stat", "rename", "fsync")
ERRNOS = ("EIO", "ESTALE", "EACCES", "ENOMEM", "EMFILE", "ENOSPC", "EINTR")
COMMANDS = {
    "make": ["index", "{media}", "--encoder", "fake"],
    "search": ["search", "red"],
    "index": ["index", "{media}"],
    "verify": ["verify", "--deep"],
    "rebuild": ["rebuild"],
}
_MOST = 60
"""Calls of one kind that are tried, evenly spread where there are more."""
_PRELOADED = "SENSORIUM_FAULTS"
"""The variable that tells a process that the failing calls are loaded."""
_SHOWN = 400
"""Characters of what a failing case said that are printed."""


@dataclass(frozen=True)
class Case:
    """One call that fails."""

    command: str
    call: str
    error: str
    number: int


@dataclass(frozen=True)
class Outcome:
    """The result of one case."""

    case: Case
    problem: str
    """The promise that was broken; empty where all held."""


def compiled(folder: Path) -> Path:
    """Compile the library that is preloaded."""
    made = folder / "failing_calls.so"
    source = Path(__file__).with_name("failing_calls.c")
    gcc = ["gcc", "-O1", "-w", "-shared", "-fPIC", "-o", str(made), str(source), "-ldl"]
    subprocess.run(gcc, check=True, capture_output=True)
    return made


def swept(
    cases: Sequence[tuple[str, str, str]], most: int, library: Path, media: Path
) -> Iterator[Outcome]:
    """Run every call number of these commands, calls and errnos. Only in a preloaded process."""
    moments = _moments(library)
    for name, call, error in cases:
        count = _forked(library, media, Case(name, call, error, 0))[1]
        numbers = range(1, count + 1)
        step = max(1, -(-count // most))
        for number in numbers[::step]:
            case = Case(name, call, error, number)
            yield Outcome(case, _problem(library, media, case, moments))


def _problem(library: Path, media: Path, case: Case, moments: list[str]) -> str:
    """Run one case on a copy of a library, and say what broke a promise."""
    copy = library.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(library, copy)
    status, _, text = _forked(copy, media, case)
    if "Traceback" in text or status not in (0, 1, 2):
        return f"exit {status}: {text[-_SHOWN:]}"
    reported = "PROBLEMS:" in text  # verify answers with a report, in which the file is named
    if (
        status
        and not reported
        and len([line for line in text.splitlines() if "sensorium:" in line]) != 1
    ):
        return f"exit {status} without one line: {text[-_SHOWN:]}"
    found = _moments(copy)
    if found != moments:
        return f"moments {len(moments)} -> {len(found)}: {text[-_SHOWN:]}"
    again, _, text = _forked(copy, media, Case(case.command, case.call, case.error, 0))
    if again:
        return f"the next run exits {again}: {text[-_SHOWN:]}"
    return ""


def _moments(library: Path) -> list[str]:
    """List what a library holds, by a process to which nothing happens."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        from engine.store import Store
        from engine.store.verify import verify

        with Store.open(library) as store:
            problems = verify(store, deep=True).problems
            held = [
                f"{i}" for a in store.assets() for i in range(len(store.moments_of(a.asset_id)))
            ]
            held += [asset.path for asset in store.assets()]
        os.write(writing, "\n".join([*held, *problems]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return text.splitlines()


def _forked(library: Path, media: Path, case: Case) -> tuple[int, int, str]:
    """Run a command in a child; returns its status, the calls that it made, and what it said."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        said = io.StringIO()
        status = _run(library, media, case, said, writing)
        os.write(writing, said.getvalue().encode()[-60_000:])
        os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        content = stream.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    head, _, text = content.partition(b"\n")
    return status, int(head or 0), text.decode(errors="replace")


def _run(library: Path, media: Path, case: Case, said: io.StringIO, writing: int) -> int:
    from engine.commands.main import main as command_line

    hooks = ctypes.CDLL(None)
    words = [word.format(media=media) for word in COMMANDS[case.command]]
    sys.argv = ["sensorium", *words, "--library", str(library)]
    status = 0
    hooks.fail_arm(
        CALLS.index(case.call), getattr(errno, case.error), case.number, os.fsencode(f"{library}/")
    )
    try:
        with redirect_stdout(said), redirect_stderr(said):
            command_line()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        said.write(traceback.format_exc())
        status = 70
    count = hooks.fail_disarm()
    os.write(writing, f"{count}\n".encode())
    return status


def _import() -> None:
    """Import what the commands use, once for all children."""
    for module in ("engine.library", "engine.store.verify", "indexers.pipeline", "sqlalchemy"):
        import_module(module)
    for module in ("pyarrow.parquet", "engine.store.write.writer", "engine.commands.main"):
        import_module(module)


def made_library(folder: Path) -> tuple[Path, Path]:
    """Make a library of the fake encoder over a few pictures."""
    from PIL import Image

    media, library = folder / "media", folder / "library"
    media.mkdir()
    for i, colour in enumerate(("red", "green", "blue")):
        Image.new("RGB", (32, 32), colour).save(media / f"{i}.png")
        status, _, text = _forked(library, media, Case("make", "open", "EIO", 0))
        if status:
            raise SystemExit(text)
    return library, media


def _preloaded(folder: Path) -> int:
    """Run this command again in a process with the preloaded library; returns its exit code."""
    if shutil.which("gcc") is None:
        stop("gcc, which compiles the failing calls")
    environment = {**os.environ, "LD_PRELOAD": str(compiled(folder)), _PRELOADED: "1"}
    again = [sys.executable, "-m", "benchmarks.faults", *sys.argv[1:]]
    return subprocess.run(again, env=environment, check=False).returncode


def sweep(kinds: Sequence[tuple[str, str, str]], most: int, folder: Path) -> list[Row]:
    """Run all cases and return a row for each command and kind of call."""
    tried, broken = Counter[str](), Counter[str]()
    library, media = made_library(folder)
    for outcome in swept(kinds, most, library, media):
        key = f"{outcome.case.command}, {outcome.case.call}"
        tried[key] += 1
        broken[key] += bool(outcome.problem)
        if outcome.problem:
            click.echo(f"{outcome.case}: {outcome.problem}", err=True)
    return [(key, n, broken[key], at_most(broken[key], 0, "0")) for key, n in tried.items()]


@command(__doc__)
@click.argument("cases", nargs=-1, metavar="[COMMAND:CALL:ERRNO]...")
@click.option("--most", default=_MOST, show_default=True, help="Calls of one kind that fail.")
def main(cases: tuple[str, ...], most: int) -> None:
    with scratch() as folder:
        if not os.environ.get(_PRELOADED):
            sys.exit(_preloaded(folder))
        _import()
        kinds = [*itertools.product([*COMMANDS][1:], CALLS, ERRNOS)]
        if cases:
            kinds = [(name, call, error) for name, call, error in (c.split(":") for c in cases)]
        body = sweep(kinds, most, folder.resolve())
    total = sum(int(str(row[1])) for row in body)
    caption = f"{total:,} runs of a command in which one call failed; {machine()}."
    conclude(caption, ("command and call", "runs", "broke a promise"), body)


if __name__ == "__main__":
    main()
