"""Write arrays to files of ``.npy``, so that a disk that fills up is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Stream(Protocol):
    """Takes bytes."""

    def write(self, content: bytes, /) -> object:
        """Write all of them."""


class _OnlyWrites:
    """A file that numpy does not take for one of the system.

    Into those it writes through a second buffer of its own, and what that has left when it is
    closed, up to 4 KiB, a full disk loses without an error.
    """

    def __init__(self, stream: Stream) -> None:
        self.write = stream.write


def save_array(file: Path | Stream, array: NDArray[Any]) -> None:
    """Write an array as ``numpy.save`` does.

    Raises:
        OSError: the disk does not take all of it; where ``file`` is open, when it is closed.
    """
    if isinstance(file, Path):
        with file.open("wb") as stream:
            save_array(stream, array)
    else:
        np.save(_OnlyWrites(file), array, allow_pickle=False)
