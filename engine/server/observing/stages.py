"""Facts of the request that is being answered, noted where they are known.

They are kept in a context variable, which threads that work for the request share, so that
routes need not hand them on. Metrics, logs and traces read them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

T = TypeVar("T")


class StageListener(Protocol):
    """Receive the stages of requests, from any thread."""

    def stage(self, name: str, seconds: float, ended: float) -> None:
        """Note a stage that took ``seconds``, and ended at a time of the epoch."""


@dataclass(slots=True)
class RequestFacts:
    """The facts of a request, past its first line and its status."""

    listeners: tuple[StageListener, ...] = ()
    libraries: list[str] = field(default_factory=list)


_FACTS: ContextVar[RequestFacts | None] = ContextVar("request_facts", default=None)


@contextmanager
def facts_of_request(*listeners: StageListener) -> Iterator[RequestFacts]:
    """Gather the facts of the request that is answered inside of the ``with``."""
    facts = RequestFacts(listeners)
    before = _FACTS.set(facts)
    try:
        yield facts
    finally:
        _FACTS.reset(before)


def note_libraries(names: Iterable[str]) -> None:
    """Note the libraries that are asked."""
    facts = _FACTS.get()
    if facts is not None:
        facts.libraries += [name for name in names if name not in facts.libraries]


def in_request(call: Callable[[], T]) -> Callable[[], T]:
    """Return a call for another thread, which knows the request, and notes how long it waited."""
    context, asked = copy_context(), time.perf_counter()

    def begin() -> T:
        note_stage("wait", time.perf_counter() - asked)
        return call()

    return lambda: context.run(begin)


def note_stage(name: str, seconds: float) -> None:
    """Note a stage that has just ended."""
    _note([(name, seconds)])


def note_stages(took_ms: Mapping[str, float]) -> None:
    """Note the stages of a search that has just ended, which followed each other."""
    _note([(name, ms / 1e3) for name, ms in took_ms.items() if name != "total"])


def _note(stages: list[tuple[str, float]]) -> None:
    facts = _FACTS.get()
    if facts is None:
        return
    ended = time.time() - sum(seconds for _, seconds in stages)
    for name, seconds in stages:
        ended += seconds
        for listener in facts.listeners:
            listener.stage(name, seconds, ended)
