"""Every script of examples/ runs as a process, with the fake encoder and drawn media."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

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


def test_search_folder(photos):
    done = run("search_folder.py", photos, "blue", "--encoder", "fake", "--top", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{photos / '2.png'}\n") and done.stdout.count("\n") == 1
    assert "4 new files, 0 unreadable" in done.stderr
    again = run("search_folder.py", photos, "blue")
    assert "0 new files" in again.stderr
    wrong = run("search_folder.py", photos, "kind:film")
    assert wrong.returncode == 2 and "(query_syntax)" in wrong.stderr


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_examples_import_the_public_package_alone(path):
    ours = [
        node.module
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
    ]
    assert not [name for name in ours if name.split(".")[0] in ("engine", "indexers")]
