"""Progress on a terminal: files, rate and time left. In a pipe, nothing."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from engine.common.progress import Progress
from engine.common.progress_bar import watched


def progress() -> AbstractContextManager[Progress]:
    """Show a progress display while in the block, where stderr is a terminal."""
    return watched(sys.stderr.isatty())
