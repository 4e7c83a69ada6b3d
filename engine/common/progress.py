"""Progress of long calls, and the token that cancels them.

Every call that takes long accepts one ``Progress``. It receives tasks, items as they
are done, and single lines that a person should read. Cancelling needs no argument of its
own: ``cancellable`` wraps a ``Progress`` so that the next report raises ``Cancelled``, and
calls that commit in batches keep what they had committed by then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from engine.errors import Cancelled


class Progress(Protocol):
    """Receive the progress of a call, in the thread that called it."""

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        """Begin a task of ``total`` items; None when their number is not known."""

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        """Report items that are done, and the moments that came of them.

        A call that takes long over one item reports none now and then, ``advance(0)``, so
        that it can be cancelled.
        """

    def message(self, text: str) -> None:
        """Show one line to the user."""


class _NoProgress:
    """Ignore everything."""

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None: ...
    def advance(self, items: int = 1, *, moments: int = 0) -> None: ...
    def message(self, text: str) -> None: ...


NO_PROGRESS: Progress = _NoProgress()
"""The progress of a call that nobody watches."""


class CancelToken:
    """Cancel a call from another thread. One token may serve several calls."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the calls that hold this token to end."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """True once ``cancel`` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise ``Cancelled`` if ``cancel`` was called."""
        if self._event.is_set():
            raise Cancelled("cancelled; what was finished by then is kept")

    def wait(self, seconds: float) -> None:
        """Wait, and raise ``Cancelled`` as soon as ``cancel`` is called."""
        self._event.wait(seconds)
        self.check()


_waits: ContextVar[CancelToken | None] = ContextVar("waits", default=None)
"""The token of the call that runs in this thread, which ends its waits for others."""


@contextmanager
def cancelling_waits(token: CancelToken | None) -> Iterator[None]:
    """Let a token end the waits for other writers, too, of the calls in this block."""
    before = _waits.set(token or _waits.get())
    try:
        yield
    finally:
        _waits.reset(before)


def waits_token() -> CancelToken | None:
    """Return the token that ends waits of this thread; None where nothing does."""
    return _waits.get()


class _Cancellable:
    """Pass reports on, and raise ``Cancelled`` once the token says so."""

    def __init__(self, progress: Progress, token: CancelToken) -> None:
        self._progress, self._token = progress, token

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        self._token.check()
        self._progress.start(task, total, unit)

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        self._progress.advance(items, moments=moments)
        self._token.check()

    def message(self, text: str) -> None:
        self._progress.message(text)
        self._token.check()


def cancellable(progress: Progress, token: CancelToken | None) -> Progress:
    """Return a ``Progress`` that raises ``Cancelled`` when the token is cancelled."""
    return progress if token is None else _Cancellable(progress, token)


@contextmanager
def noting_what_is_kept(line: Callable[[], str]) -> Iterator[None]:
    """Add a note to what cuts this context off: what is kept, and how to go on.

    The command line prints the notes of whatever ended a command.
    """
    try:
        yield
    except (KeyboardInterrupt, Cancelled) as stopped:
        stopped.add_note(line())
        raise
