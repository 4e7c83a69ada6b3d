"""The generated pages of docs/ say what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.commands.reference import pages

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["cli.md", "files.md"])
def test_the_page_has_not_drifted(name):
    assert (DOCS / name).read_text() == pages()[name], "run `make docs`"


def test_every_file_says_what_it_is_for():
    listed = [line for line in pages()["files.md"].splitlines() if line.startswith("- ")]
    assert len(listed) > 60
    assert all(line.partition(": ")[2].strip() for line in listed)
