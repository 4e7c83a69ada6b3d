"""Every point of failure is passed by the code, and killed at by some test."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store import failpoints
from engine.store.failpoints import FailPoint, Injected
from tests.store.make import ROOT

pytestmark = pytest.mark.slow

SEQUENCES = {
    "APPLYING",
    "COMMIT",
    "COMPACTION",
    "CREATION",
    "DROPPING",
    "REALIGNMENT",
    "REFRESH",
}


def arguments(folder: Path, function: str, position: int) -> Iterator[ast.expr]:
    """Yield what all calls of a function below a folder get at one position."""
    for file in folder.rglob("*.py"):
        source = file.read_text()
        if f"{function}(" not in source:  # parsing all takes seconds
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(function):
                yield node.args[position]


def test_every_point_is_in_the_code_once_and_in_a_test() -> None:
    points = sorted(f"FailPoint.{point.name}" for point in FailPoint)
    code = Path(failpoints.__file__).parents[1]
    in_code = [text for text in map(ast.unparse, arguments(code, "hit", 0)) if "Fail" in text]
    assert sorted(in_code) == points
    tested: set[str] = set()
    known = {**vars(failpoints)}
    for values in arguments(ROOT / "tests", "parametrize", 1):
        names = {node.id for node in ast.walk(values) if isinstance(node, ast.Name)}
        if names and names <= SEQUENCES:
            tested.update(eval(ast.unparse(values), known))
    assert tested == set(FailPoint)


def test_a_point_does_what_it_is_armed_with() -> None:
    with failpoints.armed(FailPoint.COMMIT_ROWS), pytest.raises(Injected, match=r"commit\.rows"):
        failpoints.hit(FailPoint.COMMIT_ROWS)
    with failpoints.armed(FailPoint.COMMIT_ROWS, "enospc"):
        failpoints.hit(FailPoint.COMMIT_DONE)
        with pytest.raises(OSError, match="No space left"):
            failpoints.hit(FailPoint.COMMIT_ROWS)
    failpoints.hit(FailPoint.COMMIT_ROWS)


def test_a_point_that_there_is_not_is_refused() -> None:
    code = "import engine.store.failpoints"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SENSORIUM_FAILPOINTS": "commit.ros=kill"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert b"'commit.ros' is not a valid FailPoint" in done.stderr
