"""Combine the calls that threads make of one function while it runs for another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Call(Generic[Item, Result]):
    """The items of one caller, and what came of them."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.ready = Event()
        self.results: Sequence[Result] | None = None
        """None where the caller is to run the function itself, for all that wait by then."""
        self.fault: BaseException | None = None


class CombinedCalls(Generic[Item, Result]):
    """A function of many items that runs once for all callers who came meanwhile.

    The first caller runs it at once, for itself alone. Those who come while it runs wait, and one
    of them then runs it for all of them. So nobody waits for company, and the busier it is the
    more items a call has. A fault of items that were put together is each caller's own: they are
    tried again apart.

    Args:
        function: returns a result for each item.
        most: items past which callers are not put together.
    """

    def __init__(
        self, function: Callable[[Sequence[Item]], Sequence[Result]], most: int = 32
    ) -> None:
        self._function, self._most = function, most
        self._lock = Lock()
        self._waiting: list[_Call[Item, Result]] = []
        self._runs = False

    def __call__(self, items: Sequence[Item]) -> Sequence[Result]:
        """Return a result for each item."""
        call = _Call[Item, Result](items)
        with self._lock:
            self._waiting.append(call)
            leads, self._runs = not self._runs, True
        if not leads:
            call.ready.wait()
        if call.results is None and call.fault is None:
            self._lead()
        if call.fault is not None:
            raise call.fault
        assert call.results is not None
        return call.results

    def _lead(self) -> None:
        """Run the function for those who wait, and let the first of the others lead next."""
        with self._lock:
            together = self._taken()
        try:
            self._run(together)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._runs = following is not None
            for call in together:
                call.ready.set()
            if following is not None:
                following.ready.set()

    def _taken(self) -> list[_Call[Item, Result]]:
        """Take the calls that wait, the first always, as many as go together."""
        taken, count = [self._waiting.pop(0)], 0
        count = len(taken[0].items)
        while self._waiting and count + len(self._waiting[0].items) <= self._most:
            taken.append(self._waiting.pop(0))
            count += len(taken[-1].items)
        return taken

    def _run(self, together: Sequence[_Call[Item, Result]]) -> None:
        try:
            results = self._function([item for call in together for item in call.items])
        except BaseException as fault:
            for call in together:
                if len(together) > 1 and isinstance(fault, Exception):
                    self._run([call])
                else:
                    call.fault = fault
            return
        first = 0
        for call in together:
            call.results = results[first : first + len(call.items)]
            first += len(call.items)
