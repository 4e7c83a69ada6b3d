"""A slice of the sweep over errnos and calls: what fails once is told in a line, and costs nothing.

The kind: any call of the system on a file of the library fails with any errno, at any time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

SLICE = ("search:read:EIO", "search:open:ESTALE", "verify:read:EACCES")


@pytest.mark.skipif(shutil.which("gcc") is None, reason="the failing calls are compiled by gcc")
def test_a_call_that_fails_costs_no_moment():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.faults", "--most", "2", *SLICE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("| 0 | 0 | yes |") == len(SLICE)
