"""Pages of mapped files that cannot be read: an error or a line, in place of SIGBUS.

Where a file is cut, or its disk fails, after it was mapped, the system has no other way to say
so than a signal, which ends the process without a word. Here the signal is taken, on Linux:

- In a block that is ``guarded``, a page of a file below its folder becomes zeros, and is counted.
  The block ends with ``PageLost``, and whatever it has computed is thrown away.
- Elsewhere a program that is ours says in a line which file it was, and ends with code 1; all
  that was committed is kept, as after any kill. In a program of others, its own handling of the
  signal goes on.

The handler is Python, called by ``ctypes``. That is no way to write one for signals that come
between any two instructions; this one comes only where a mapped page is loaded.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

_BUS_ADRERR = 2
"""The cause of a signal that comes of a page which its file has not, or whose disk fails."""
_AT_CODE, _AT_ADDRESS = 8, 16
"""The places of the cause and of the address in a ``siginfo_t`` of 64 bits."""
_WITH_INFO, _AGAIN_INSIDE = 4, 0x40000000
"""``SA_SIGINFO`` and ``SA_NODEFER``: a second page may be lost while the first is handled."""
_FIXED = 0x10
"""``MAP_FIXED``."""

_guarded: ContextVar[str] = ContextVar("guarded", default="")
_lost: list[str] = []
_state: dict[str, Any] = {"ends": False, "stderr": 2}


class PageLost(OSError):
    """A page of a mapped file could not be read; what was computed from it is void."""


class _Action(ctypes.Structure):
    """``struct sigaction`` of Linux, of 64 bits."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_byte * 128),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


_Handler = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def lost_pages() -> int:
    """Return how many pages this process has lost so far."""
    return len(_lost)


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Read mapped files below a folder in this context: lost pages are an error.

    Threads that are to be guarded too run in a copy of the context.

    Raises:
        PageLost: a page of any file was lost meanwhile, in whatever thread.
    """
    watch_pages()
    before = len(_lost)
    token = _guarded.set(f"{os.path.realpath(folder)}/")
    try:
        yield
    except Exception as error:
        if len(_lost) > before:
            raise _page_lost(_lost[-1]) from error
        raise
    finally:
        _guarded.reset(token)
    if len(_lost) > before:
        raise _page_lost(_lost[-1])


def _page_lost(file: str) -> PageLost:
    return PageLost(errno.EIO, "it was cut, or its disk fails", file)


def watch_pages(*, ends: bool = False, stderr: int = 2) -> None:
    """Take the signal from now on, once.

    Args:
        ends: the process is ours: a page that is lost where nothing is guarded ends it with a
            line.
        stderr: the descriptor that the line is written to.
    """
    _state["ends"] |= ends
    _state["stderr"] = stderr if ends else _state["stderr"]
    if "handler" in _state or not _is_known_system():
        return
    # All is looked up now: where the signal comes, nothing should be left to be imported.
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    )  # fmt: skip
    before = _Action()
    _state.update(libc=libc, before=before, handler=_Handler(_on_fault))
    action = _Action(flags=_WITH_INFO | _AGAIN_INSIDE)
    action.handler = ctypes.cast(_state["handler"], ctypes.c_void_p).value
    libc.sigaction(signal.SIGBUS, ctypes.byref(action), ctypes.byref(before))


def _is_known_system() -> bool:
    return sys.platform == "linux" and os.uname().machine in ("x86_64", "aarch64")


def _on_fault(number: int, info: int, context: int) -> None:
    """Replace the page, end the process, or let the signal do what it would have done."""
    del context
    address = ctypes.c_size_t.from_address(info + _AT_ADDRESS).value
    file, protection = "", 0
    if ctypes.c_int.from_address(info + _AT_CODE).value == _BUS_ADRERR:
        file, protection = _mapping(address)
    guarded_folder = _guarded.get()
    if file and guarded_folder and file.startswith(guarded_folder) and _zeroed(address, protection):
        _lost.append(file)
        return
    if file and _state["ends"]:
        _end(file)
    # The instruction runs again once this returns, and its signal finds what was there before.
    _state["libc"].sigaction(number, ctypes.byref(_state["before"]), None)


def _mapping(address: int) -> tuple[str, int]:
    """Return the file that is mapped at an address, and how its pages may be used."""
    with (
        suppress(OSError, ValueError),
        Path("/proc/self/maps").open(errors="surrogateescape") as maps,
    ):
        for line in maps:
            span, allowed, *rest = line.rstrip("\n").split(maxsplit=5)
            first, last = (int(end, 16) for end in span.split("-"))
            if first <= address < last:
                file = rest[3] if len(rest) > 3 else ""
                writes = mmap.PROT_WRITE if "w" in allowed else 0
                return file if file.startswith("/") else "", mmap.PROT_READ | writes
    return "", 0


def _zeroed(address: int, protection: int) -> bool:
    """Put a page of zeros where one was lost."""
    page = address // mmap.PAGESIZE * mmap.PAGESIZE
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _FIXED
    placed = _state["libc"].mmap(page, mmap.PAGESIZE, protection, flags, -1, 0)
    return bool(placed == page)


def _end(file: str) -> None:
    line = (
        f"sensorium: {file} cannot be read any more: it was cut, or its disk fails or is full."
        " What was committed is kept\n"
    )
    with suppress(OSError):
        os.write(_state["stderr"], line.encode(errors="surrogateescape"))
    os._exit(1)
