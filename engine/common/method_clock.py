"""Time what methods of objects take, by stages."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Any


class StageClock:
    """Seconds that all threads together spent in each stage."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, stage: str, seconds: float) -> None:
        """Count seconds for a stage."""
        with self._lock:
            self.spent[stage] += seconds  # type: ignore[assignment]


class TimedMethods:
    """An object, of which some methods are timed as a stage; the rest passes through."""

    def __init__(self, inner: object, clock: StageClock, stage: str, *methods: str) -> None:
        self._inner = inner
        for method in methods:
            setattr(self, method, self._timed(getattr(inner, method), clock, stage))

    def _timed(self, work: Callable[..., Any], clock: StageClock, stage: str) -> Callable[..., Any]:
        def timed(*given: Any) -> Any:
            started = time.perf_counter()
            try:
                return work(*given)
            finally:
                clock.add(stage, time.perf_counter() - started)

        return timed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
