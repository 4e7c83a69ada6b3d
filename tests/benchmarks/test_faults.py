"""A slice of the sweep over errnos and calls: what fails once is told in a line, and costs nothing.

The kind: any call of the system on a file of the library fails with any errno, at any time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SLICE = ("search lists:mmap:EIO", "search indexed:read:ESTALE", "rebuild:fsync:ENOSPC")


@pytest.mark.skipif(shutil.which("gcc") is None, reason="the failing calls are compiled by gcc")
def test_a_call_that_fails_costs_no_moment(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    words = [sys.executable, "-m", "benchmarks.faults", "--journal", str(journal), *SLICE]
    # In memory, where the tests' files are: half of the time a disk is waited for.
    environ = os.environ | {"TMPDIR": str(tmp_path)}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = len(journal.read_text().splitlines())
    assert done.stdout.startswith(f"{ran:,} of {ran:,} runs") and ran >= 3 * len(SLICE)
