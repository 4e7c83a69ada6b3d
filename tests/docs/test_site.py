"""The docs hang together: the site names every page, and no page names what is not there."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.results import load_all
from tests.docs.blocks import ROOT

DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), *sorted(ROOT.glob("*.md"))]
_LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
_PATH = re.compile(r"`([\w./-]+/[\w.-]+\.(?:py|md|txt|json|csv|sql|css))(?::\d+)?`")
_MODULE = re.compile(r"\b((?:engine|indexers|benchmarks|sensorium|examples)(?:\.[a-z_]\w*)+)")
_HISTORY = {"CHANGELOG.md"}
"""Pages that may name what is no more."""
_ROOMS = ("engine", "indexers", "sensorium", "benchmarks", "tests", "examples", "docs")


def test_the_site_names_all_pages():
    nav = (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    listed = re.findall(r": (\w[\w-]*\.md)$", nav, re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in DOCS.glob("*.md"))


def test_the_index_names_all_pages():
    listed = set(re.findall(r"^\| \[.*?\]\((\w+\.md)\)", (DOCS / "index.md").read_text(), re.M))
    assert listed == {path.name for path in DOCS.glob("*.md")} - {"index.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page):
    broken = [
        target + anchor
        for target, anchor in _LINK.findall(prose(page.read_text()))
        if not target.startswith(("http:", "https:", "mailto:"))
        and not leads_somewhere(page, target, anchor)
    ]
    assert not broken


def prose(text: str) -> str:
    """Return a page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def leads_somewhere(page: Path, target: str, anchor: str) -> bool:
    file = (page.parent / target).resolve() if target else page
    if not file.exists():
        return False
    return not anchor or file.suffix != ".md" or anchor[1:] in anchors(file)


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", prose(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_files_and_modules_that_are_named_are_there(page):
    if page.name not in _HISTORY:
        assert not sorted(set(stale(page.read_text())))


def stale(text: str) -> Iterator[str]:
    """Yield the paths and modules of a text that do not exist."""
    for path in _PATH.findall(text):
        room = path.partition("/")[0]
        bases = (ROOT, ROOT / "engine", DOCS) if room not in _ROOMS else (ROOT,)
        known = room in _ROOMS or (ROOT / "engine" / room).is_dir()
        if known and not any((base / path).exists() for base in bases):
            yield path
    for module in _MODULE.findall(text):
        if not module.endswith((".md", ".toml", ".json", ".py")) and not any(
            is_module(module, depth) for depth in (0, 1, 2)
        ):
            yield module


def is_module(name: str, depth: int) -> bool:
    """Whether a name, less so many last parts, is a module; less some, it defines the rest."""
    parts = name.split(".")
    base, rest = parts[: len(parts) - depth], parts[len(parts) - depth :]
    if not base:
        return False
    path = ROOT.joinpath(*base)
    files = [path.with_suffix(".py"), path / "__init__.py"]
    if depth == 0 and path.is_dir():
        return True
    found = [file for file in files if file.is_file()]
    return bool(found) and all(part in found[0].read_text() for part in rest)


def test_what_is_stale_is_found():
    assert list(stale("`engine/none.py`, `query/none.py` and engine.none.at_all"))
    assert not list(stale("`engine/errors.py`, `query/plan.py`, `a/b.py`, engine.config.Settings"))


def test_no_benchmark_is_named_that_is_none():
    text = "".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"benchmarks\.md#(\w+)", text))
    assert named <= set(load_all())


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed")
def test_the_site_builds(tmp_path):
    # Trees of all modules are built, and hardly anything is garbage: looking for it takes a fifth.
    program = "import gc; gc.disable(); from mkdocs.__main__ import cli; cli()"
    command = [sys.executable, "-c", program, "build", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").exists()


def test_every_room_is_in_the_design():
    page = (DOCS / "design.md").read_text()
    rooms = [path.parent.name for path in (ROOT / "engine").glob("*/__init__.py")]
    assert len(rooms) > 10
    assert not [room for room in rooms if f"`engine.{room}`" not in page]
