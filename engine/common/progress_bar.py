"""A progress bar on a terminal and in a notebook, and plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.common.progress import NO_PROGRESS, CancelToken, Progress, cancellable, cancelling_waits
from engine.common.progress_lines import ProgressLines


class _Bar:
    """Implement ``Progress`` on a bar of rich."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._task: Any = None
        self._name = ""
        self._total: int | None = None
        self._items = self._moments = 0
        self._started = time.monotonic()

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        if self._task is not None and task == self._name:
            self._go_on(total)
            return
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._name, self._total = task, total
        self._items = self._moments = 0
        self._started = time.monotonic()
        self._task = self._bar.add_task(task, total=total, unit=unit, moments="", rate="")

    def _go_on(self, total: int | None) -> None:
        """Let the same task go on: to remove a bar and draw it anew makes it flicker."""
        self._total = None if total is None or self._total is None else self._items + total
        self._bar.update(self._task, total=self._total)

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        if self._task is None:
            if not items:
                return  # a call that only asks whether it was cancelled
            self.start("working")
        self._items += items
        self._moments += moments
        rate = self._items / max(time.monotonic() - self._started, 1e-3)
        counted = f"{self._moments:,} moments" if self._moments else ""
        self._bar.update(self._task, advance=items, moments=counted, rate=f"{rate:,.1f}/s")

    def message(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False)


@contextmanager
def watched(
    progress: bool | Progress = False, cancel: CancelToken | None = None
) -> Iterator[Progress]:
    """Yield what a long call reports to, and close a bar when the call ends.

    Args:
        progress: True for a bar on a terminal or in a notebook, and lines elsewhere; False
            for nothing; or a ``Progress`` of the caller's own.
        cancel: a token whose ``cancel`` makes the next report raise ``Cancelled``.
    """
    with cancelling_waits(cancel), _shown(progress) as shown:
        yield cancellable(shown, cancel)


@contextmanager
def _shown(progress: bool | Progress) -> Iterator[Progress]:
    if not isinstance(progress, bool):
        yield progress
    elif not progress:
        yield NO_PROGRESS
    elif sys.stderr.isatty() or _in_notebook():
        with _rich_bar() as bar:
            yield _Bar(bar)
    else:
        yield ProgressLines()


def _in_notebook() -> bool:
    """Tell whether this is a kernel of Jupyter, which IPython would know."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _rich_bar() -> Any:
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
        TextColumn("{task.fields[unit]}  {task.fields[moments]} {task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    console = Console() if _in_notebook() else Console(stderr=True)
    return Bar(*columns, console=console, transient=True)
