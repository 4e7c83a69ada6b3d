"""Times, spans and tables as people read them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from engine.app.show import clock, span
from engine.types import Hit, Kind


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (65.9, "1:05"), (600, "10:00"), (3725, "1:02:05")]
)
def test_seconds_are_shown_as_a_clock(seconds, shown):
    assert clock(seconds) == shown


def test_a_span_is_shown_by_both_ends_and_a_picture_by_a_dash():
    def hit(start, end):
        return Hit(1, 1.0, Kind.VIDEO, "/a", 1, 1, start, end, ())

    assert span(hit(None, None)) == "-"
    assert span(hit(65.0, 80.0)) == "1:05-1:20"
    assert span(hit(65.0, 65.5)) == "1:05"


def test_a_terminal_gets_a_table(indexed, library):
    """Through a real pseudo-terminal, since that is what decides."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "engine.app.cli", "search", "high tone"]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    subprocess.run(
        [*command, "--library", str(library)],
        stdout=follower,
        env=environment,
        check=True,
        timeout=60,
    )
    os.close(follower)
    shown = os.read(leader, 1 << 16).decode()
    os.close(leader)
    assert "score" in shown.splitlines()[0]
    assert "0:00-0:02" in shown
