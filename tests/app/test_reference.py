"""docs/cli.md says what the commands' own help says."""

from __future__ import annotations

from pathlib import Path

from engine.app.reference import reference


def test_the_reference_has_not_drifted():
    page = Path(__file__).parent.parent.parent / "docs" / "cli.md"
    assert page.read_text() == reference(), "run `make docs`"
