"""Every errno on every call of a search, an index, a verify, a rebuild and a few more commands.

    python -m benchmarks.faults [--minutes 0] [--journal FILE] [COMMAND:CALL:ERRNO ...]

Small libraries of the fake encoder are made; two have an index, one of them with its lists in
files of their own. A command is run once to note where it opens, reads, maps, writes, renames,
deletes, syncs or asks for the state of a path below the library. Then, for each call and each
errno, it is run on a copy in a process of its own, in which that one call fails, by a preloaded
library. No moment may be lost, what is printed must be one line without a traceback, and the
next run must be whole, as if nothing had failed.

Calls are from one place where the three innermost lines of ours and the kind of file are the
same: SQLite, for example, reads page after page for one statement. The first, the middle and the
last call of each kind come first, for each command and errno; then each errno on each place,
once, by one of the commands that come by there; then each place and errno of all commands, the
whole way down. All three are shuffled by a seed, so that a part is a fair sample.
A journal keeps what has run, and the next run goes on from there. It needs gcc and glibc.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from benchmarks.common import Row, at_least, at_most, command, conclude, machine, scratch, stop
from benchmarks.failing_runs import (
    CALLS,
    COMMANDS,
    WATCHED,
    Bench,
    Case,
    compiled,
    import_all,
    moments,
)

ERRNOS = ("EIO", "ESTALE", "EACCES", "ENOMEM", "EMFILE", "ENOSPC", "EINTR")
_PRELOADED = "SENSORIUM_FAULTS"
"""The variable that tells a process that the failing calls are loaded, and its folder."""
_SHOWN = 400
"""Characters of what a failing case printed that are shown."""
_INNERMOST = 3
"""Lines of ours that tell places apart."""


@dataclass(frozen=True)
class Outcome:
    """The result of one case."""

    case: Case
    problem: str
    """The promise that was broken; empty where all held."""


# --- the cases ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases of a run, in their order."""

    every: list[Case]
    places: dict[str, str]
    """The place of each case by its key, errno included, in few lines."""
    spread: list[Case]
    """The first, a middle and the last call of each command, kind of call and errno."""

    def tried(self, ran: Container[str]) -> int:
        """Count the places, errno included, of which some case ran."""
        return len({self.places[case.key] for case in self.every if case.key in ran})


def all_cases(bench: Bench, kinds: Sequence[tuple[str, str, str]], seed: int = 0) -> Cases:
    """Note the calls of each command, and return a case for each place and each errno."""
    cases, places, spread = list[Case](), dict[str, str](), set[Case]()
    called: dict[str, list[tuple[str, str]]] = {}
    for name, call, error in kinds:
        if name not in called:
            bench.renew(COMMANDS[name].library)
            called[name] = bench.run_case(Case(name, call, error, WATCHED)).stacks
        stacks = [stack for kind, stack in called[name] if kind == call]
        firsts = {stack: number for number, stack in reversed([*enumerate(stacks, 1)])}
        ends = {1, (len(stacks) + 1) // 2, len(stacks)} if stacks else set[int]()
        for number in sorted({*firsts.values(), *ends}):
            case = Case(name, call, error, number)
            cases.append(case)
            innermost = " ".join(stacks[number - 1].split(" ")[: 1 + _INNERMOST])
            places[case.key] = f"{call} {error} {innermost}"
            if number in ends:
                spread.add(case)
    random.Random(seed).shuffle(cases)
    covering = {*{places[case.key]: case for case in reversed(cases)}.values()}
    cases.sort(key=lambda case: 0 if case in spread else 1 if case in covering else 2)
    return Cases(cases, places, [*spread])


def swept(bench: Bench, cases: Iterable[Case]) -> Iterator[Outcome]:
    """Run cases, each on a copy. Only in a preloaded process."""
    known: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for case in cases:
        if case.command not in known:
            bench.renew(COMMANDS[case.command].library)
            before = moments(bench.copy)
            bench.run_case(Case(case.command, case.call, case.error, 0))
            known[case.command] = before, moments(bench.copy)
        yield Outcome(case, _problem(bench, case, *known[case.command]))


def _problem(bench: Bench, case: Case, before: Counter[str], whole: Counter[str]) -> str:
    """Run one case, and say what broke a promise."""
    bench.renew(COMMANDS[case.command].library)
    status, _, text = bench.run_case(case)
    shown = text[-_SHOWN:]
    if "Traceback" in text or status not in (0, 1, 2):
        return f"exit {status}: {shown}"
    reported = "PROBLEMS:" in text  # verify answers with a report, in which the file is named
    said = [line for line in text.splitlines() if "sensorium:" in line]
    if status and not reported and len(said) != 1:
        return f"exit {status} without one line: {shown}"
    lost = before - moments(bench.copy)
    if lost:
        return f"{lost.total()} moments lost: {shown}"
    again, _, text = bench.run_case(Case(case.command, case.call, case.error, 0))
    if again:
        return f"the next run exits {again}: {text[-_SHOWN:]}"
    if (found := moments(bench.copy)) != whole:
        return f"the next run differs: {[*(found - whole), *(whole - found)][:5]}: {shown}"
    return ""


def _preloaded(folder: Path) -> int:
    """Run this command again in a process with the preloaded library; returns its exit code."""
    if shutil.which("gcc") is None:
        stop("gcc, which compiles the failing calls")
    environment = {
        **os.environ,
        "LD_PRELOAD": str(compiled(folder)),
        _PRELOADED: str(folder),  # not its own: what a child does at its end would remove it
        "SENSORIUM_THREADS": "1",  # so that a call has the same number in each run
        "OMP_NUM_THREADS": "1",
    }
    again = [sys.executable, "-m", "benchmarks.faults", *sys.argv[1:]]
    return subprocess.run(again, env=environment, check=False).returncode


# --- the run --------------------------------------------------------------------------


class Journal:
    """The outcomes of the cases that have run, a line of JSON each."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.outcomes: dict[str, Outcome] = {}
        if file is not None and file.exists():
            for line in file.read_text().splitlines():
                kept = json.loads(line)
                self.note(Outcome(Case(**kept["case"]), kept["problem"]), write=False)

    def note(self, outcome: Outcome, *, write: bool = True) -> None:
        """Add an outcome."""
        self.outcomes[outcome.case.key] = outcome
        if write and self._file is not None:
            with self._file.open("a") as stream:
                stream.write(json.dumps(asdict(outcome)) + "\n")


def sweep(bench: Bench, cases: Sequence[Case], journal: Journal, minutes: float) -> None:
    """Run what no journal has, as long as there is time."""
    ends = time.monotonic() + 60 * minutes if minutes else float("inf")
    rest = (case for case in cases if case.key not in journal.outcomes)
    timely = itertools.takewhile(lambda _: time.monotonic() < ends, rest)
    for outcome in swept(bench, timely):
        journal.note(outcome)
        if outcome.problem:
            click.echo(f"{outcome.case.key}: {outcome.problem}", err=True)


def counted(cases: Sequence[Case], journal: Journal) -> list[Row]:
    """Return a row for each command and kind of call."""
    every, tried, broken = Counter[str](), Counter[str](), Counter[str]()
    for case in cases:
        key = f"{case.command}, {case.call}"
        every[key] += 1
        if outcome := journal.outcomes.get(case.key):
            tried[key] += 1
            broken[key] += bool(outcome.problem)
    return [
        (key, n, tried[key], broken[key], at_most(broken[key], 0, "0"))
        for key, n in sorted(every.items())
    ]


@command(__doc__)
@click.argument("cases", nargs=-1, metavar="[COMMAND:CALL:ERRNO]...")
@click.option("--minutes", default=0.0, show_default=True, help="End after these; 0 runs all.")
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that keeps what has run; what is in it is not run again.",
)
def main(cases: tuple[str, ...], minutes: float, journal: Path | None) -> None:
    if not os.environ.get(_PRELOADED):
        with scratch() as folder:
            sys.exit(_preloaded(folder.resolve()))
    import_all()
    kinds = [*itertools.product(COMMANDS, CALLS, ERRNOS)]
    if cases:
        kinds = [(name, call, error) for name, call, error in (c.split(":") for c in cases)]
    bench = Bench(Path(os.environ[_PRELOADED]))
    bench.make()
    found, kept = all_cases(bench, kinds), Journal(journal)
    click.echo(f"{len(found.every):,} cases, {len({*found.places.values()}):,} places", err=True)
    sweep(bench, found.every, kept, minutes)
    body = counted(found.every, kept)
    ran, broken = (sum(int(str(row[i])) for row in body) for i in (2, 3))
    whole, tried = len({*found.places.values()}), found.tried(kept.outcomes)
    share = f"{tried:,} of {whole:,}"
    spread, spread_ran = len(found.spread), sum(c.key in kept.outcomes for c in found.spread)
    spread_share = f"{spread_ran:,} of {spread:,}"
    conclude(
        f"{ran:,} of {len(found.every):,} runs of a command in which one call failed; {machine()}.",
        ("command and call", "cases", "ran", "broke a promise"),
        [
            ("all", len(found.every), ran, broken, at_most(broken, 0, "0")),
            (
                "first, middle and last calls",
                spread,
                spread_ran,
                spread_share,
                at_least(spread_ran, spread, f"{spread:,}"),
            ),
            ("places and errnos", whole, tried, share, at_least(tried, whole, f"{whole:,}")),
            *body,
        ],
    )


if __name__ == "__main__":
    main()
