"""The events that a file is decoded into, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from engine.encoders.towers import PreparedInput
from engine.errors import UNEXPECTED
from engine.types import Moment


class TowerInput(Enum):
    """The tower that a prepared moment waits for."""

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
    """Facts about the file as a whole that decoding learns; see ``Asset``."""

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
    code: str = UNEXPECTED
    """The code of the error (``engine.errors``)."""


DecodeEvent: TypeAlias = Facts | Prepared | Note
