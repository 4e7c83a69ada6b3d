"""The line and the code that a file's failure is reported with."""

from __future__ import annotations

from dataclasses import dataclass

from engine.common.memory import is_out_of_memory, may_lack_memory
from engine.errors import (
    UNEXPECTED,
    MediaError,
    OutOfMemory,
    SensoriumError,
    error_code,
    is_retryable_code,
)
from engine.types import Failure

_LONGEST_REASON = 200
"""Characters of a reason that are kept."""


@dataclass(frozen=True, slots=True)
class MediaFault:
    """A reason why a file, or a part of it, could not be used."""

    reason: str
    code: str = UNEXPECTED
    """The code of the error (``engine.errors``)."""

    @property
    def retryable(self) -> bool:
        """True if the file may well be readable next time without having changed.

        Permissions and failing disks leave size and date of a file as they are.
        """
        return is_retryable_code(self.code)

    def failure(self, path: str, size: int | None = None, mtime_ns: int | None = None) -> Failure:
        """Make the failure of a file; with a size and a date it is not tried again as it is."""
        return Failure(path, self.reason, size, mtime_ns, self.code, self.retryable)


def fault(error: Exception) -> MediaFault:
    """Return the fault of a file whose reading raised ``error``.

    Raises:
        SensoriumError: ``error`` itself, when it is no fault of the file.
    """
    if isinstance(error, SensoriumError) and not isinstance(error, MediaError):
        raise error
    return media_fault(error)


def media_fault(error: Exception, part: str = "") -> MediaFault:
    """Return the reason and the code of an error, of a named part of a file.

    Memory that ran out is no fault of the file: it is tried again.
    """
    if is_out_of_memory(error) or may_lack_memory(error):
        return MediaFault(f"{part}there was not enough memory for it", OutOfMemory.code)
    return MediaFault(f"{part}{explain(error)}", error_code(error))


def explain(error: Exception) -> str:
    """Word an error on one line: our own by their message, others by their type as well."""
    if isinstance(error, MediaError):
        text = str(error)
    elif isinstance(error, FileNotFoundError):
        text = "vanished before it was read"
    elif isinstance(error, OSError) and error.strerror:
        text = f"cannot be read: {error.strerror[:1].lower()}{error.strerror[1:]}"
    else:
        text = f"{type(error).__name__}: {error}".removesuffix(": ")
    line = printable(" ".join(text.split()))
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"


def printable(text: str) -> str:
    """Escape the bytes that are no UTF-8; neither SQLite nor JSON take them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
