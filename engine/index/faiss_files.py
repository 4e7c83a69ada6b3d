"""Read and write the files of FAISS, whose errors do not tell damage from a disk that fails."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_OF_THE_SYSTEM = (
    errno.EIO, errno.ESTALE, errno.EACCES, errno.EPERM, errno.ENOMEM, errno.EMFILE,
    errno.ENFILE, errno.EAGAIN, errno.EINTR, errno.ENODEV,
)  # fmt: skip
"""Reasons for which a file cannot be read now, and that say nothing against what it holds."""
_WRITTEN_AT_ONCE = 2**20
"""Bytes that FAISS hands over at a time."""


def read_index(file: Path, faiss: Any, flags: int = 0) -> Any:
    """Read an index that FAISS wrote.

    Raises:
        OSError: the system does not let it be read now.
        RuntimeError: it is damaged.
    """
    with of_the_system(file):
        return faiss.read_index(str(file), flags)


def write_index(index: Any, file: Path, faiss: Any) -> None:
    """Write an index, through a file of ours.

    FAISS's own file has a buffer, and a disk that is full when it is closed is no error to it.

    Raises:
        OSError: the disk does not take it.
    """
    with file.open("wb", buffering=0) as stream:

        def write(part: bytes) -> None:
            rest = memoryview(part)
            while rest:
                rest = rest[stream.write(rest) :]

        faiss.write_index(index, faiss.PyCallbackIOWriter(write, _WRITTEN_AT_ONCE))


@contextmanager
def of_the_system(file: Path) -> Iterator[None]:
    """Turn errors of FAISS that the system caused into the ``OSError`` that they were.

    FAISS raises one class for what is damaged and for what could not be read, and writes
    the system's reason behind it.
    """
    try:
        yield
    except RuntimeError as error:
        for number in _OF_THE_SYSTEM:
            if os.strerror(number) in str(error):
                raise OSError(number, os.strerror(number), str(file)) from error
        raise
