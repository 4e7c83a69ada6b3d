"""Every script of examples/ runs as a process, with the fake encoder and drawn media."""

from __future__ import annotations

import ast
import io
import runpy
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pyarrow.parquet as pq
import pytest

from tests import media_files as make
from tests.docs.blocks import ROOT

EXAMPLES = ROOT / "examples"


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    for place, colour in enumerate(("red", "green", "blue", "red")):
        make.picture(folder / f"{place}.png", colour)
    return folder


def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def run_here(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a script once more, which has run as a process, in this one."""
    typed, code = [name, *map(str, arguments)], 0
    with (
        mock.patch("sys.argv", typed), redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as err,
    ):  # fmt: skip
        try:
            runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        except SystemExit as ended:
            code = ended.code
    return subprocess.CompletedProcess(typed, code, out.getvalue(), err.getvalue())


def test_search_folder(photos):
    done = run("search_folder.py", photos, "blue", "--encoder", "fake", "--top", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{photos / '2.png'}\n") and done.stdout.count("\n") == 1
    assert "4 new files, 0 unreadable" in done.stderr
    again = run_here("search_folder.py", photos, "blue")
    assert "0 new files" in again.stderr
    wrong = run_here("search_folder.py", photos, "kind:film")
    assert wrong.returncode == 2 and "(query_syntax)" in wrong.stderr


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_examples_import_the_public_package_alone(path):
    ours = [
        node.module
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
    ]
    assert not [name for name in ours if name.split(".")[0] in ("engine", "indexers")]


def test_dedupe_training_set(tmp_path):
    dataset, removed = tmp_path / "dataset", tmp_path / "removed"
    for place, colour in enumerate(("red", "green", "blue", "yellow")):
        make.picture(dataset / "train" / f"{place}.png", colour)
    make.picture(dataset / "test" / "one.png", "white")
    shutil.copy(dataset / "train" / "1.png", dataset / "test" / "two.png")
    arguments = (dataset, "--encoder", "fake", "--by-cosine")
    done = run("dedupe_training_set.py", *arguments, "--report", tmp_path / "copies.html")
    assert done.returncode == 0, done.stderr
    assert f"  {dataset}/test/two.png\n    leak, 1.000: {dataset}/train/1.png\n" in done.stdout
    assert (tmp_path / "copies-leaks.html").exists()
    assert (tmp_path / "copies-duplicates.html").exists()
    assert len(list(dataset.rglob("*.png"))) == 6  # nothing was touched
    moved = run_here("dedupe_training_set.py", *arguments, "--move", removed)
    assert moved.returncode == 0, moved.stderr
    assert [path.name for path in removed.iterdir()] == ["1.png"]


def test_classify_to_parquet(photos, tmp_path):
    out = tmp_path / "labels.parquet"
    done = run("classify_to_parquet.py", photos, out, "red", "blue", "--encoder", "fake")
    assert done.returncode == 0, done.stderr
    table = pq.read_table(out).to_pydict()
    labels = dict(zip((Path(file).name for file in table["file"]), table["label"], strict=True))
    assert labels["0.png"] == labels["3.png"] == "red" and labels["2.png"] == "blue"
    assert "     2  red" in done.stdout
