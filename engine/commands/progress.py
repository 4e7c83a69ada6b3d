"""Progress on a terminal: files, rate and time left. In a pipe, nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engine.types import Failure

if TYPE_CHECKING:
    from indexers.pipeline import Progress


class _Bar:
    """Implements ``Progress`` on a bar of rich."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._task = bar.add_task("reading", total=None, moments=0, rate="")
        self._files = self._moments = 0
        self._started = time.monotonic()

    def start(self, total_files: int) -> None:
        self._started = time.monotonic()
        self._bar.update(self._task, total=total_files, description="indexing")

    def advance(self, path: str, moments: int) -> None:  # noqa: ARG002
        self._files += 1
        self._moments += moments
        rate = self._files / max(time.monotonic() - self._started, 1e-3)
        self._bar.update(self._task, advance=1, moments=self._moments, rate=f"{rate:.1f}/s")

    def note(self, failure: Failure) -> None:
        """Failures are listed when all is done."""


@contextmanager
def progress() -> Iterator[Progress | None]:
    """A progress display while in the block, where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files  {task.fields[moments]} moments  {task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bar(bar)
