"""The standard streams of a command, which may be closed, full, or read by nobody any more.

A command does its work whatever becomes of its output: a stream that fails drops what
comes after, and the process ends with the exit code of a lost output once the work is done.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import TextIO

_DESCRIPTORS = (0, 1, 2)


class _Dropping(io.FileIO):
    """A descriptor that remembers its first error, and drops all that is written after it."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.error: OSError | None = None

    def write(self, data: object, /) -> int:
        size = len(memoryview(data).cast("B"))  # type: ignore[arg-type]
        if self.error is None:
            try:
                # None: a pipe that does not block is full, which the buffer asks again.
                return super().write(data)  # type: ignore[arg-type]
            except OSError as error:
                self.error = error
        return size


def guard() -> None:
    """Make the streams of this process safe to use; those that a caller replaced stay.

    A closed descriptor is opened on the null device: the next file that is opened would
    take its number, and what libraries print would be written into that file.
    """
    for descriptor in _DESCRIPTORS:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    for name in ("stdout", "stderr"):
        stream: TextIO | None = getattr(sys, name)
        if stream is None or (stream is getattr(sys, f"__{name}__") and _descriptor(stream)):
            setattr(sys, name, _guarded(stream, 1 if name == "stdout" else 2))


def keep_libraries_silent() -> int:
    """Drop what libraries print to stderr by themselves from now on; what is ours is printed.

    Where memory runs out, libraries of C++ print lines of their own before they raise: ONNX
    Runtime "Schema error: std::bad_alloc", for one, beside the line that we print.

    Returns the descriptor that stderr is written to.
    """
    raw = getattr(getattr(sys.stderr, "buffer", None), "raw", None)
    if not isinstance(raw, _Dropping) or raw.fileno() != 2:
        return 2
    ours = os.dup(2)
    sys.stderr = _guarded(sys.stderr, ours)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    return ours


def lost_output() -> OSError | None:
    """Write what stdout still holds, and return the error that made it drop something."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.error if isinstance(raw, _Dropping) else None


def reader_is_gone() -> bool:
    """Tell whether whoever reads stdout, such as ``head``, has seen enough."""
    error = lost_output()
    return error is not None and error.errno == errno.EPIPE


def _descriptor(stream: TextIO) -> bool:
    try:
        return stream.fileno() in (1, 2) and not isinstance(
            getattr(stream.buffer, "raw", None), _Dropping
        )
    except (OSError, ValueError, AttributeError):
        return False


def _guarded(stream: TextIO | None, descriptor: int) -> TextIO:
    if stream is not None:
        with suppress(OSError, ValueError):
            stream.flush()
    errors = getattr(stream, "errors", None) if descriptor == 1 else "backslashreplace"
    return io.TextIOWrapper(
        io.BufferedWriter(_Dropping(descriptor)),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors=errors or "strict",
        line_buffering=descriptor != 1 or bool(getattr(stream, "line_buffering", False)),
        write_through=bool(getattr(stream, "write_through", False)),
    )
