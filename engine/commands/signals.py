"""The ends of a command by a signal: the first one is tidy, a second one is at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = b"\x1b[?25h"


class Stop:
    """The signal that asked a command to end, if one did."""

    def __init__(self) -> None:
        self.number: int | None = None

    @property
    def exit_code(self) -> int:
        """128 and the number of the signal, as shells count."""
        return 128 + (self.number or signal.SIGINT)

    def _end(self, number: int, _: FrameType | None) -> None:
        self.number = number
        for other in _ENDING:
            if signal.getsignal(other) == self._end:
                signal.signal(other, signal.SIG_DFL)  # a second one ends at once
        with suppress(OSError, ValueError, AttributeError):
            if sys.stderr.isatty():
                os.write(2, _SHOW_CURSOR)  # a bar hides it, and may not get to show it again
        raise KeyboardInterrupt

    @contextmanager
    def watching(self, *, lasting: bool) -> Iterator[None]:
        """Raise ``KeyboardInterrupt`` at the first signal; the system ends us at the second.

        What a parent process has told us to ignore, as ``nohup`` and shells do for what
        runs behind, stays ignored. In another thread than the main one nothing is done.

        Args:
            lasting: the process ends with the command, so that a signal meanwhile ends it
                at once; else the handlers are put back.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {n: signal.getsignal(n) for n in _ENDING if signal.getsignal(n) != signal.SIG_IGN}
        for number in before:
            signal.signal(number, self._end)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if lasting else handler)
