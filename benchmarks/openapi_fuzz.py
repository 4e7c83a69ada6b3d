"""Requests made from the server's own description, right ones and wrong ones, by schemathesis.

    pip install schemathesis
    python -m benchmarks.openapi_fuzz [--cases 5000]

The server serves a small library of pictures, sounds and a video, made with the fake encoder.
Every route is asked in all ways that its description in /api/openapi.json tells apart (the phase
`coverage`) and in as many more that are drawn by chance. An answer must be none of status 500,
must have a status and a type that the description names, and a body of the schema that it names.
What is answered with 501 asks for an extra that is not installed.
"""

from __future__ import annotations

import importlib.util
import json
import math
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click
import httpx

from benchmarks.common import at_least, at_most, command, conclude, machine, scratch, stop
from benchmarks.crash import Folder
from benchmarks.server_soak import fill_films
from benchmarks.serving import serving
from engine.library.facade import Library

_CHECKS = "status_code_conformance,content_type_conformance,response_schema_conformance"
_SHOWN = 20


def _run(url: str, folder: Path, each: int) -> Path:
    """Run schemathesis, and return the file of its events."""
    subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/openapi.json",
            "--phases", "coverage,fuzzing", "--max-examples", str(each), "--checks", _CHECKS,
            "--continue-on-failure", "--request-timeout", "60", "--seed", "1",
            "--warnings", "off", "--report", "ndjson", "--report-dir", str(folder),
        ],
        cwd=folder, stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return next(folder.glob("*.ndjson"))


def _outcome(events: Path) -> tuple[Counter[int], list[str], list[str]]:
    """Count the answers by their status; list the failures, and the requests that broke it."""
    statuses: Counter[int] = Counter()
    failures: list[str] = []
    faults: list[str] = []
    for line in events.read_text().splitlines():
        scenario: dict[str, Any] = json.loads(line).get("ScenarioFinished") or {}
        recorder = scenario.get("recorder", {})
        for interaction in recorder.get("interactions", {}).values():
            answer = interaction.get("response") or {}
            status = answer.get("status_code", 0)
            statuses[status] += 1
            if status in (0, 500):
                asked = interaction["request"]
                line = f"{status}: {asked['method']} {asked['uri']} {asked.get('body')}"
                faults.append(line[:500])
        for checks in recorder.get("checks", {}).values():
            failures += [
                f"{recorder['label']}: {check['failure_info']['failure'].get('title')}"
                for check in checks
                if check["status"] != "success"
            ]
    return statuses, failures, faults


@command(__doc__)
@click.option("--cases", default=5000, show_default=True, help="Drawn by chance, at least.")
def main(cases: int) -> None:
    if importlib.util.find_spec("schemathesis") is None:
        stop("schemathesis is not installed: pip install schemathesis")
    with scratch() as place:
        Folder(place / "pictures", random.Random(0))
        fill_films(place / "films")
        with Library.open(place / "library", create=True, encoder="fake") as library:
            library.index([place / "pictures", place / "films"])
        with serving(place / "library") as server:
            url = f"http://{server.host}:{server.port}"
            paths = httpx.get(f"{url}/api/openapi.json", timeout=60).json()["paths"]
            operations = sum(len(methods) for methods in paths.values())
            events = _run(url, place, math.ceil(cases / operations))
            alive = httpx.get(f"{url}/healthz", timeout=60).status_code == 200
        statuses, failures, faults = _outcome(events)
    answered = sum(statuses.values())
    conclude(
        f"{operations} operations of the server's description, {machine()}.",
        ("what", "figure"),
        [
            ("requests", f"{answered:,}", at_least(answered, cases)),
            ("answers of status 500", statuses[500], at_most(statuses[500], 0, "0")),
            ("requests without an answer", statuses[0], at_most(statuses[0], 0, "0")),
            ("answers that the description does not have", len(failures),
             at_most(len(failures), 0, "0")),
            ("the server answers afterwards", "yes" if alive else "no",
             at_least(float(alive), 1, "yes")),
        ],
        details={
            "statuses": {str(status): count for status, count in sorted(statuses.items())},
            "failures": dict(Counter(failures).most_common(_SHOWN)),
            "faults": faults[:_SHOWN],
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
