"""The generated pages of docs/ say what the code says."""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from pathlib import Path

import pytest

import engine.errors
import sensorium.encoders
from engine.commands import reference
from engine.commands.reference import packaged
from engine.commands.reference_adapters import ENCODERS, ROLES
from engine.commands.topics import FOLDER, TOPICS
from engine.config import Settings
from engine.query.model_roles import ADAPTERS

DOCS = Path(__file__).parents[2] / "docs"
pages = cache(reference.pages)
"""All generated pages, which take seconds to write: once for all tests of this file."""


@pytest.mark.parametrize(
    "name",
    ["cli.md", "files.md", "settings.md", "errors.md", "api.md", "routes.md", "adapters.md"],
)
def test_the_page_has_not_drifted(name):
    assert (DOCS / name).read_text() == pages()[name], "run `make docs`"


def test_topics_have_not_drifted_from_the_docs():
    for file, text in packaged(DOCS, pages()).items():
        assert file.read_text() == text, "run `make docs`"
    assert {file.stem for file in FOLDER.iterdir()} == set(TOPICS)


def test_every_file_says_what_it_is_for():
    listed = [line for line in pages()["files.md"].splitlines() if line.startswith("- ")]
    assert len(listed) > 60
    assert all(line.partition(": ")[2].strip() for line in listed)


def test_every_setting_and_error_is_listed():
    settings, errors = pages()["settings.md"], pages()["errors.md"]
    assert all(f"`SENSORIUM_{f.name.upper()}`" in settings for f in dataclasses.fields(Settings))
    assert all(
        f"| `{name}` |" in errors
        for name, value in vars(engine.errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    )
    assert "| `LibraryBusy` | `StoreError` | `library_busy` | 1 | yes |" in errors
    assert "| | | | |" not in errors


def test_every_public_name_is_on_the_page():
    page, errors = pages()["api.md"], pages()["errors.md"]
    names = {name for name in sensorium.__all__ if not name.startswith("_")}
    shown = {name for name in names if f"\n### {name}\n" in page or f"| `{name}` |" in errors}
    assert names == shown
    assert all(f"::: sensorium.encoders.{name}\n" in page for name in sensorium.encoders.__all__)


@pytest.mark.parametrize(
    ("classes", "tests"),
    [(each.classes, each.test) for each in ENCODERS]
    + [(classes, tests) for tests, classes in ROLES.values()],
)
def test_what_an_adapter_is_said_to_be_run_on_is_run_by_its_tests(classes, tests):
    """Each class stands in the tests that are named, or in what they make checkpoints with."""
    root = DOCS.parent / "tests"
    sources = [(root / name).read_text() for name in tests.split(", ")]
    makers = re.findall(r"^from tests\.([\w.]+) import", "\n".join(sources), re.MULTILINE)
    sources += [(root / f"{name.replace('.', '/')}.py").read_text() for name in makers]
    for name in classes:
        assert any(name in source for source in sources), name


def test_every_adapter_is_on_the_page():
    assert {(adapter.role, adapter.form) for adapter in ADAPTERS} == set(ROLES)
    assert {each.ran_on for each in ENCODERS} <= {"real weights", "tiny random weights",
                                                  "the wire format"}  # fmt: skip
