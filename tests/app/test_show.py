"""Times, spans and tables as people read them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from engine.app import doctor
from engine.app.show import clock, hits, span
from engine.types import Hit, Kind, Query, SearchResult


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


def test_a_file_is_named_once(capsys):
    found = tuple(Hit(i, 1.0, Kind.VIDEO, path, 1, i, 0.0, 1.0, ()) for i, path in enumerate("aba"))
    hits(SearchResult(Query("x"), found), as_json=False, filepath_only=True)
    assert capsys.readouterr().out == "a\nb\n"


def test_two_packages_of_one_faiss_are_a_fault(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda distribution: "1.0")
    faiss = next(check for check in doctor.examine(None) if check.name == "faiss")
    assert not faiss.ok
    assert "pip uninstall" in faiss.detail


def at_a_terminal(*arguments: str, stream: str) -> str:
    """What a command shows when ``stream`` is a real pseudo-terminal."""
    leader, follower = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "engine.app.cli", *arguments],
        **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: follower},
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "xterm"},
        check=True,
        timeout=60,
    )
    os.close(follower)
    shown = os.read(leader, 1 << 16).decode()
    os.close(leader)
    return shown


def test_a_terminal_gets_a_table(indexed, library):
    shown = at_a_terminal("search", "high tone", "--library", str(library), stream="stdout")
    assert "score" in shown.splitlines()[0]
    assert "0:00-0:02" in shown


def test_a_terminal_sees_the_progress(media, library):
    options = ("--library", str(library), "--encoder", "fake")
    shown = at_a_terminal("index", str(media), *options, stream="stderr")
    assert "5/5" in shown
    assert "5 moments" in shown
    assert "/s" in shown


def test_a_pipe_sees_no_progress(run, media):
    assert run("index", media, "--encoder", "fake").err == ""
