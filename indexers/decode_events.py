"""What a file decodes into, piece by piece, and how its faults are worded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from engine.encoders.towers import PreparedInput
from engine.errors import MediaError, SensoriumError, UnreadableMedia
from engine.types import Moment

_LONGEST_REASON = 200


class TowerInput(Enum):
    """Which tower a prepared moment waits for."""

    PICTURE = auto()
    SOUND = auto()
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A moment as its tower takes it."""

    moment: Moment
    tower: TowerInput
    data: PreparedInput | str

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it holds, as good as."""
        return len(self.data) * 4 if isinstance(self.data, str) else self.data.nbytes


@dataclass(frozen=True, slots=True)
class Facts:
    """What decoding learns about the file as a whole; see ``Asset``."""

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    taken_at: str | None = None
    place: tuple[float, float] | None = None
    caption: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Part of the file could not be read, and the rest could."""

    reason: str


DecodeEvent: TypeAlias = Facts | Prepared | Note


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
