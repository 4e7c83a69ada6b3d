"""The kind: a segment that is cut while it is read is an error of a line, and no signal.

A mapped page behind the end of its file ends a process with SIGBUS; segments are read.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

_READ = """
import os, sys
from pathlib import Path
import numpy as np
from engine.errors import LibraryUnavailable
from engine.store import segments
from engine.types import Space
folder, left = Path(sys.argv[1]), int(sys.argv[2])
space = Space("fake", "fake", "1", 64)
info = segments.write(folder, 1, space, np.arange(1, 9000), np.ones((8999, 64), np.float32))
segments.publish(folder, [info])
check = segments._check_space
def cutting(*given):
    os.truncate(folder / info.file, left)
    check(*given)
segments._check_space = cutting
try:
    segments.read_stored(folder, info, space)
except LibraryUnavailable as error:
    print(error)
"""


@pytest.mark.parametrize("left", [0, 4096, 600_000])
def test_a_segment_that_is_cut_while_it_is_read(tmp_path: Path, left: int) -> None:
    words = [sys.executable, "-c", _READ, str(tmp_path), str(left)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"it has {left} bytes" in done.stdout and "nothing was changed" in done.stdout
