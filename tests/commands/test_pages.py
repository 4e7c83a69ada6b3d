"""`sensorium lesson`, `story` and `watch-report`: what they write and print, and how they end."""

from __future__ import annotations

import pytest


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out" / "page.html"


def test_pages_are_written_and_named(run, indexed, media, out):
    out.parent.mkdir()
    done = run("watch-report", media / "deep.wav", "--out", out)
    assert (done.code, done.out) == (0, f"{out}\n")
    assert out.read_text().startswith("<!doctype html>")
    done = run("story", "red", "--out", out, "--json")
    assert done.code == 0
    assert done.json["files"][0] == str(out)
    assert {file.name for file in out.parent.iterdir()} == {
        "page.html", "page.edl", "page.otio", "page.ffmpeg.sh", "page.stills",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("lesson", "Not enough in this library about how quantum computers work.\n"),
        ("story", "Not enough in this library for a story of How quantum computers work.\n"),
    ],
)
def test_what_is_not_here_ends_with_one(run, indexed, out, command, line):
    out.parent.mkdir()
    done = run(command, "how quantum computers work", "--out", out)
    assert (done.code, done.out) == (1, line)
    assert not [*out.parent.iterdir()]
    assert run(command, "how quantum computers work", "--out", out, "--json").json["found"] is False


@pytest.mark.parametrize("command", ["lesson", "story", "watch-report"])
def test_a_place_that_is_not_there_is_a_line(run, indexed, media, out, command):
    asked = media / "deep.wav" if command == "watch-report" else "red"
    done = run(command, asked, "--out", out)
    assert done.code == 2
    assert "no folder" in done.err
    assert len(done.err.splitlines()) == 1
