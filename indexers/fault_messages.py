"""The line that a file's failure is reported with."""

from __future__ import annotations

from engine.errors import MediaError, SensoriumError, UnreadableMedia

_LONGEST_REASON = 200
"""Characters of a reason that are kept."""


def fault(error: Exception) -> str:
    """The line for a file whose reading raised ``error``.

    Raises:
        SensoriumError: ``error`` itself, when it is no fault of the file.
    """
    if isinstance(error, SensoriumError) and not isinstance(error, MediaError):
        raise error
    return explain(error)


def explain(error: Exception) -> str:
    """One line: the message of our own errors, the type as well of anyone else's."""
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


def transient(error: Exception) -> bool:
    """Whether the file may well be readable next time without having changed.

    Permissions and failing disks leave size and date of a file as they are.
    """
    return isinstance(error, UnreadableMedia | OSError)


def printable(text: str) -> str:
    """``text`` with the bytes escaped that are no UTF-8; neither SQLite nor JSON take them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
