"""Times, spans and tables as people read them."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest

from engine import doctor
from engine.commands.output.hits import HitOutput, print_hits
from engine.common.text import clock, time_span
from engine.types import Hit, Kind, Modality, Query, SearchResult, Why
from tests import media_files as make


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (65.9, "1:05"), (600, "10:00"), (3725, "1:02:05")]
)
def test_seconds_are_shown_as_a_clock(seconds, shown):
    assert clock(seconds) == shown


def test_a_span_is_shown_by_both_ends_and_a_picture_by_a_dash():
    assert time_span(None, None) == "-"
    assert time_span(65.0, 80.0) == "1:05-1:20"
    assert time_span(65.0, 65.5) == "1:05"


def test_a_file_is_named_once(capsys):
    found = tuple(
        Hit(i, 1.0, Kind.VIDEO, path, 1, i, Modality.KEYFRAME, 0.0, 1.0, ())
        for i, path in enumerate("aba")
    )
    print_hits(SearchResult(Query.of("x"), found), HitOutput(filepath_only=True))
    assert capsys.readouterr().out == "a\nb\n"


def test_two_packages_of_one_faiss_are_a_fault(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda distribution: "1.0")
    faiss = next(check for check in doctor.examine(None) if check.name == "faiss")
    assert not faiss.ok
    assert "pip uninstall" in faiss.detail


def at_a_terminal(*command: str, stream: str, columns: int = 200) -> str:
    """What a command shows when ``stream`` is a real pseudo-terminal."""
    leader, follower = pty.openpty()
    subprocess.run(
        command,
        **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: follower},
        env={**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1", "TERM": "xterm"},
        check=True,
        timeout=60,
    )
    os.close(follower)
    shown = os.read(leader, 1 << 16).decode()
    os.close(leader)
    return shown


def test_a_terminal_gets_a_table(indexed, library, warm):
    shown = at_a_terminal(*warm, "search", "red", "--library", str(library), stream="stdout")
    assert shown.split()[:2] == ["#", "sure"]
    assert "less likely" in shown
    assert "0:00-0:02" in shown


@pytest.mark.parametrize("columns", [1, 20, 40, 50, 60, 80])
def test_a_narrow_terminal_can_still_be_read(columns, capsys, monkeypatch):
    path = "/home/someone/pictures/holidays/2023/by-the-sea/dog-and-ball-0001.mp4"
    said = "a man talks about a dog on the beach, and then about something else"
    why = (Why("text", "fake", 1.0, 1.0, words=said),)
    found = tuple(
        Hit(i, 3.2, Kind.VIDEO, path, 1, i, Modality.SPEECH, 3605.0, 3720.0, why) for i in range(2)
    )
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_hits(SearchResult(Query.of("x"), found), HitOutput())
    lines = capsys.readouterr().out.splitlines()
    assert sum(path in line for line in lines) == 2, "a path is whole at any width"
    assert sum("video" in line and "1:00:05-1:02:00" in line for line in lines) == 2
    assert sum("a m" in line for line in lines) == (2 if columns > 1 else 0)
    if columns >= 40:
        assert all(len(line) <= columns for line in lines if path not in line)
        assert len(lines) <= 2 * 4 + 1, "a path is not squeezed into a narrow column"


def test_a_wide_terminal_shows_path_and_words_on_one_line(capsys, monkeypatch):
    path, said = "/pictures/dog.png", "a dog on the beach"
    why = (Why("t", "f", 1, 1, words=said),)
    found = (Hit(1, 3.2, Kind.IMAGE, path, 1, 1, Modality.IMAGE, None, None, why),)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_hits(SearchResult(Query.of("x"), found), HitOutput())
    assert any(path in line and said in line for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize("columns", [50, 200])
@pytest.mark.parametrize("options", [(), ("-f",)])
def test_no_name_drives_a_terminal(index, media, library, warm, columns, options):
    make.picture(media / "a\nb\x1b[31m.png", "yellow")
    make.picture(media / "there.png", "yellow").rename(media / "c\udc9b31m.png")
    index()
    where = ("-t", "2", "--library", str(library))
    shown = at_a_terminal(
        *warm, "search", "yellow", *options, *where, stream="stdout", columns=columns
    )
    assert "\x1b[31m" not in shown
    assert "\x9b" not in shown
    assert "a\nb" not in shown.replace("\r", "")


def test_a_terminal_sees_the_progress(media, library, warm):
    options = ("--library", str(library), "--encoder", "fake")
    shown = at_a_terminal(*warm, "index", str(media), *options, stream="stderr")
    assert "5/5" in shown
    assert "5 moments" in shown
    assert "/s" in shown


def test_a_pipe_sees_no_progress(run, media):
    assert run("index", media, "--encoder", "fake").err == ""
