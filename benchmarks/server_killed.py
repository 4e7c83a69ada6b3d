"""Index jobs of a server that is killed: SIGKILL at random moments.

    python -m benchmarks.server_killed [--rounds 50]

Each round changes a folder (files come, change, move and go) and has a server index it as a
job, in some dozens of small commits. Between the first commit and the expected end the server
is killed with SIGKILL. The library is then read in full by `verify --deep`, and a new server
is started: the job must be marked `interrupted` and go on to its end when it is resumed; where
the kill came after its end, it must be `done`. Then the library must hold the folder, no file
or vector less and none twice. The encoder is the fake one: what is tried here is the server.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import click
import httpx

from benchmarks.common import at_least, at_most, command, conclude, machine, scratch
from benchmarks.crash import Folder
from engine.library.facade import Library
from indexers import commit

_COMMIT_ASSETS = 4
"""Files of a commit, where it is hundreds outside of this benchmark."""
_SERVERS = multiprocessing.get_context("forkserver")
_SERVERS.set_forkserver_preload(["engine.server.run", "indexers.pipeline"])
_SECONDS = 60.0
"""Seconds that anything may take before it counts as hanging."""


def serve(library: Path, folder: Path, address: Connection) -> None:
    """Serve a library, and send the address."""
    from engine.server.options import ServerOptions
    from engine.server.run import run

    commit.COMMIT_ASSETS = _COMMIT_ASSETS
    options = ServerOptions(port=0, roots=(folder,))
    run([library], options, lambda line: address.send(line.split(" at ")[1].split(";")[0]))


@contextmanager
def _server(library: Path, folder: Path) -> Iterator[tuple[BaseProcess, httpx.Client]]:
    """Run a server in a process of its own, forked where the imports are made already."""
    here, there = _SERVERS.Pipe(duplex=False)
    process = _SERVERS.Process(target=serve, args=(library, folder, there))
    process.start()
    there.close()
    try:
        with httpx.Client(base_url=here.recv(), timeout=_SECONDS) as http:
            yield process, http
    except EOFError:
        raise click.ClickException("the server did not start") from None
    finally:
        process.terminate()
        process.join(_SECONDS)


def _start(http: httpx.Client, folder: Path) -> str:
    answer = http.post("/api/index", json={"paths": [str(folder)], "vanished": "forget"})
    answer.raise_for_status()
    return str(answer.json()["job"])


def _until_first_file(http: httpx.Client, job: str) -> float:
    """Follow the events of a job until its first file is in; returns when that was."""
    with http.stream("GET", f"/api/jobs/{job}/events") as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                document = json.loads(line[6:])
                if document["files"] or document["ended"]:
                    break
    return time.perf_counter()


@dataclass
class Outcome:
    """Counts of what became of all rounds."""

    states: Counter[str] = field(default_factory=Counter)
    """Jobs by their state after the kill, as the next server lists them."""
    resumed: int = 0
    problems: list[str] = field(default_factory=list)
    """Lines of `verify --deep`, and of servers and jobs that did other than they should."""
    lost: int = 0
    doubled: int = 0
    started: list[float] = field(default_factory=list)
    """Seconds from the start of a server to its first answer, after a kill."""


def _check(library: Path, folder: Path, outcome: Outcome) -> None:
    """Compare a library with its folder, and with itself."""
    with Library.open(library) as opened:
        outcome.problems += [*opened.store.warnings, *opened.verify(deep=True).problems]
        known = Counter(asset.path for asset in opened.store.assets())
        moments = len(opened.store.moment_ids())
    files = {str(file.resolve()) for file in folder.iterdir()}
    outcome.lost += len(files - known.keys())
    outcome.doubled += max(known.total(), moments) - len(files)


def _resume(http: httpx.Client, job: str, outcome: Outcome) -> None:
    """Look how the job is listed after the kill, and have it end."""
    state = http.get(f"/api/jobs/{job}").json()["state"]
    outcome.states[state] += 1
    if state == "done":
        return
    if state != "interrupted":
        outcome.problems.append(f"a job of a server that was killed is {state}")
    answer = http.post(f"/api/jobs/{job}/resume", params={"wait": 25}).json()
    if answer.get("state") == "done":
        outcome.resumed += 1
    else:
        outcome.problems.append(f"a job did not go on to its end: {answer}")


def _rehearsed(library: Path, folder: Path) -> float:
    """Seconds between the first file and the end of a job that is left alone."""
    with _server(library, folder) as (_, http):
        job = _start(http, folder)
        began = _until_first_file(http, job)
        state = ""
        while state != "done":
            document = http.get(f"/api/jobs/{job}").json()
            state = document["state"]
            if state in ("failed", "cancelled", "interrupted"):
                raise click.ClickException(f"the job ended as {document}")
        return time.perf_counter() - began


def _round(
    library: Path, folder: Folder, chance: random.Random, expected: float, outcome: Outcome
) -> None:
    for _ in range(10):
        folder.change()
    with _server(library, folder.path) as (process, http):
        job = _start(http, folder.path)
        _until_first_file(http, job)
        time.sleep(chance.uniform(0, expected))
        process.kill()
        process.join()
    with Library.open(library) as opened:
        outcome.problems += opened.verify(deep=True).problems
    began = time.perf_counter()
    with _server(library, folder.path) as (_, http):
        outcome.started.append(time.perf_counter() - began)
        _resume(http, job, outcome)
    _check(library, folder.path, outcome)


def _caption(rounds: int, expected: float, started: Sequence[float]) -> str:
    middle = sorted(started)[len(started) // 2]
    return (
        f"{rounds} servers killed up to {expected:.2f} s after the first file of their job; the"
        f" next one answers after {middle:.1f} s in the median, imports left out; {machine()}."
    )


@command(__doc__)
@click.option("--rounds", default=50, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=0, show_default=True)
def main(rounds: int, seed: int) -> None:
    chance, outcome = random.Random(seed), Outcome()
    with scratch() as place:
        folder, library = Folder(place / "media", chance), place / "library"
        Library.open(library, create=True, encoder="fake").close()
        expected = _rehearsed(library, folder.path)
        for _ in range(rounds):
            _round(library, folder, chance, expected, outcome)
        left = {path.suffix for path in (library / "jobs").iterdir()} - {".json"}
    for problem in outcome.problems:
        click.echo(problem, err=True)
    interrupted = outcome.states["interrupted"]
    wrong = len(outcome.problems)
    conclude(
        _caption(rounds, expected, outcome.started),
        ("what", "count"),
        [
            ("kills before the job was done, which was then `interrupted`", interrupted,
             at_least(interrupted, rounds / 2, "half of them")),
            ("kills after it, and the job is `done`", outcome.states["done"], None),
            ("jobs that went on to their end when resumed", outcome.resumed,
             at_least(outcome.resumed, interrupted, "all of them")),
            ("problems of `verify --deep`, and jobs in another state", wrong,
             at_most(wrong, 0, "0")),
            ("files lost", outcome.lost, at_most(outcome.lost, 0, "0")),
            ("assets, moments or vectors doubled", outcome.doubled,
             at_most(abs(outcome.doubled), 0, "0")),
            ("kinds of files left behind by jobs", len(left), at_most(len(left), 0, "0")),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
