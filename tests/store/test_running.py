"""An index that runs is known to whoever searches, and one that was killed is none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.common.progress import NO_PROGRESS
from engine.store.running import FILE, RunningIndex, announced, running_index

_KILLED = """
import os, signal, sys
from pathlib import Path
from engine.common.progress import NO_PROGRESS
from engine.store.running import announced, running_index
with announced(Path(sys.argv[1]), NO_PROGRESS) as progress:
    progress.start("indexing", 9)
    print(running_index(Path(sys.argv[1])), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_says_how_far_it_is_until_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.running._SECONDS", 0)
    assert running_index(tmp_path) is None
    with announced(tmp_path, NO_PROGRESS) as progress:
        progress.start("scanning")
        progress.advance(1_500)
        assert str(running_index(tmp_path)).startswith("an index is running: 1,500 files seen")
        progress.start("indexing", 1_200)
        for _ in range(340):
            progress.advance()
        assert running_index(tmp_path) == RunningIndex("indexing", 340, 1_200, "files")
        progress.start("reading text", 1)
        progress.start("reading text", 2)
        assert running_index(tmp_path) == RunningIndex("reading text", 0, 3, "files")
    assert running_index(tmp_path) is None


def test_what_is_said_of_it() -> None:
    assert str(RunningIndex("indexing", 340, 1_200, "files")) == (
        "an index is running: 340 of 1,200 files so far; what is not in yet cannot be found"
    )
    assert str(RunningIndex("reading text", 3, 20, "files")) == (
        "an index is running: the text in 3 of 20 files is read so far; other text cannot be found"
    )


def test_a_run_that_was_killed_is_none(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.startswith("an index is running: 0 of 9 files so far")
    assert (tmp_path / FILE).stat().st_size > 0
    assert running_index(tmp_path) is None
    with announced(tmp_path, NO_PROGRESS):  # nor is it in the way of the next
        assert running_index(tmp_path) is not None


def test_of_two_runs_the_first_is_told(tmp_path: Path) -> None:
    with announced(tmp_path, NO_PROGRESS) as first:
        first.start("reading text", 20)
        with announced(tmp_path, NO_PROGRESS) as second:
            second.start("indexing", 4)
        assert running_index(tmp_path) == RunningIndex("reading text", 0, 20, "files")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_takes_no_writes_goes_without(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with announced(tmp_path, NO_PROGRESS) as progress:
        assert progress is NO_PROGRESS
    tmp_path.chmod(0o700)


def test_a_note_that_is_no_note_is_passed_over(tmp_path: Path) -> None:
    with announced(tmp_path, NO_PROGRESS):
        (tmp_path / FILE).write_text("[]")
        assert running_index(tmp_path) is None
