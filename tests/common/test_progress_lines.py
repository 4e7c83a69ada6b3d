"""In pipes and logs a long run says how far it is, seldom, and in plain lines."""

from __future__ import annotations

import pytest

from engine.common.progress_lines import ProgressLines


class Clock:
    """A clock that a test moves."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def run(files: int, seconds_each: float) -> None:
    clock = Clock()
    lines = ProgressLines(clock)
    lines.start("scanning")
    lines.advance(files)
    lines.start("indexing", files)
    for _ in range(files):
        clock.seconds += seconds_each
        lines.advance(moments=2)


def test_a_run_that_is_soon_over_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run(1_000, 0.009)
    assert capsys.readouterr().err == ""


def test_lines_come_after_ten_seconds_and_a_twentieth(capsys: pytest.CaptureFixture[str]) -> None:
    run(1_200, 1.0)  # twenty minutes
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 20
    assert lines[0] == "indexing: 60 of 1,200 files (5 %), 120 moments, 1.0/s, 19 min left"
    assert lines[-1] == "indexing: 1,200 of 1,200 files (100 %), 2,400 moments, 1.0/s"
    assert all(line.isprintable() for line in lines)


def test_a_slow_run_says_so_every_five_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    run(60, 200.0)  # two hundred minutes, of which a twentieth is ten
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 30 and lines[-2].endswith("0.0/s, 7 min left")


def test_a_total_that_is_not_known_is_not_invented(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = ProgressLines(clock)
    lines.start("scanning")
    clock.seconds += 11
    lines.advance(5_500)
    assert capsys.readouterr().err == "scanning: 5,500 files, 500.0/s\n"
