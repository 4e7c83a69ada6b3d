"""Progress where there is no terminal: a plain line now and then, on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

_SECONDS = 10.0
"""Seconds between two lines, at least: a run that is over by then prints none."""
_SHARE = 0.05
"""The part of a task after which a line is due: a night's run prints twenty, and no more..."""
_LONGEST = 300.0
"""...but for one in so many seconds, which tells a slow run from one that hangs."""


class ProgressLines:
    """Implement ``Progress`` by lines without control characters, for pipes and logs."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._task, self._unit = "", "files"
        self._total: int | None = None
        self._items = self._moments = self._printed_items = 0
        self._started = self._printed = now()

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        if task == self._task and total is not None and self._total is not None:
            self._total += total
            return
        self._task, self._unit, self._total = task, unit, total
        self._items = self._moments = self._printed_items = 0
        self._started = self._printed = self._now()

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        self._items += items
        self._moments += moments
        since = self._now() - self._printed
        step = (self._total or 0) * _SHARE
        if since >= _LONGEST or (since >= _SECONDS and self._items - self._printed_items >= step):
            self._print()

    def message(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")

    def _print(self) -> None:
        self._printed, self._printed_items = self._now(), self._items
        seconds = self._printed - self._started
        parts = [f"{self._items:,} {self._unit}"]
        if self._total:
            share = f"{100 * self._items // self._total} %"
            parts = [f"{self._items:,} of {self._total:,} {self._unit} ({share})"]
        if self._moments:
            parts.append(f"{self._moments:,} moments")
        parts.append(f"{self._items / max(seconds, 1e-3):,.1f}/s")
        if self._total and 0 < self._items < self._total:
            parts.append(f"{_span(seconds / self._items * (self._total - self._items))} left")
        self.message(f"{self._task or 'working'}: {', '.join(parts)}")


def _span(seconds: float) -> str:
    """Return a span of time in the unit that a person would use."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
