"""A process that waits for a command where memory is limited, and says so if it crashes.

Libraries of C and C++ read address 0 where they cannot map memory, or abort: no handler inside of
the process can be relied on then. So the command runs in a child, and its parent, which has
loaded nothing, prints the line that a crash cannot.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from engine.errors import OutOfMemory

_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}
_PASSED_ON = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_PARENT_DIES = 1
"""``PR_SET_PDEATHSIG`` of Linux' ``prctl``."""


def run_in_child() -> None:
    """Go on in a child; the parent never returns, and ends as the child does.

    Before threads are started. Nothing is done where the system is no Linux.
    """
    if sys.platform != "linux":
        return
    parent, watched = os.getpid(), {*_PASSED_ON, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    child = os.fork()
    if child:
        _end_like(_wait(child, watched))
    ctypes.CDLL(None).prctl(_PARENT_DIES, signal.SIGKILL)
    if os.getppid() != parent:  # it was killed before that was set
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(child: int, watched: set[signal.Signals]) -> int:
    """Wait for the end of a child, and pass on what is sent to this process alone."""
    while True:
        came = signal.sigwaitinfo(watched)
        if came.si_signo != signal.SIGCHLD:
            if came.si_code <= 0:  # of a process; what a terminal sends, it sends to both
                with suppress(ProcessLookupError):
                    os.kill(child, came.si_signo)
            continue
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status


def _end_like(status: int) -> NoReturn:
    """End this process with the exit code or the signal of its child; a crash is a line."""
    if not os.WIFSIGNALED(status):
        os._exit(os.WEXITSTATUS(status))
    number = os.WTERMSIG(status)
    if number in _CRASHES:
        command = next((word for word in sys.argv[1:] if not word.startswith("-")), "sensorium")
        line = f"sensorium: {OutOfMemory(f'{command} stopped')}. What was committed is kept\n"
        with suppress(OSError):
            os.write(2, line.encode())
        os._exit(1)
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    os._exit(128 + number)
