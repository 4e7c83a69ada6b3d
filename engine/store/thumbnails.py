"""Small pictures that have been shown, kept in the library. Derived, and disposable.

thumbnails/
  3f/                                the first byte of the content's hash
    3f9a...-2.500-5.000-0-320.jpg
    3f9a...-strip-20-90.jpg          frames of a video for a seek bar
    3f9a...-whole.peaks              the outline of a sound
    3f9a...-2.500-5.000-0-8b1c.late  the vectors of a picture for late interaction

A name says of what content, of what span or frame of it, and of what size a picture is.
So it never goes stale: other content has another name. One takes some 15 kB, and only
those that were asked for are kept. Reading and writing take no lock: a file appears by
one rename, and whoever finds none, or half of one after a power cut, makes it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Protocol, TypeAlias

from engine.common.file_state import os_reason
from engine.store.error_translation import translated

_log = logging.getLogger(__name__)

FOLDER = "thumbnails"
_LATE = ".late"
_SUFFIXES = (".jpg", ".peaks", _LATE)
Marks: TypeAlias = tuple[bytes, bytes]
"""The first and the last bytes of a whole file."""
_JPEG: Marks = (b"\xff\xd8", b"\xff\xd9")


class CacheKey(Protocol):
    """The content and the form that a kept file is of."""

    @property
    def file(self) -> str:
        """The path below the library's folder."""
        ...

    @property
    def marks(self) -> Marks:
        """The bytes that the file begins and ends with."""
        ...


@dataclass(frozen=True, slots=True)
class StripKey:
    """The content, the frames and the height of a strip."""

    content_hash: str
    frames: int
    height: int

    @property
    def file(self) -> str:
        """The path below the library's folder."""
        name = f"{self.content_hash}-strip-{self.frames}-{self.height}.jpg"
        return f"{FOLDER}/{self.content_hash[:2]}/{name}"

    @property
    def marks(self) -> Marks:
        """The bytes that a JPEG begins and ends with."""
        return _JPEG


@dataclass(frozen=True, slots=True)
class PeaksKey:
    """The content of which an outline of sound is."""

    content_hash: str
    marks: Marks

    @property
    def file(self) -> str:
        """The path below the library's folder."""
        return f"{FOLDER}/{self.content_hash[:2]}/{self.content_hash}-whole.peaks"


@dataclass(frozen=True, slots=True)
class Key:
    """The content, span and size of a picture."""

    content_hash: str
    start: float | None
    """Seconds; None where the media has no time."""
    end: float | None
    ordinal: int
    side: int
    """Pixels of the longest side."""

    @property
    def shown(self) -> str:
        """The path without its ending: of what content, and of what span or frame of it."""
        span = "-".join("" if t is None else f"{t:.3f}" for t in (self.start, self.end))
        return f"{FOLDER}/{self.content_hash[:2]}/{self.content_hash}-{span}-{self.ordinal}"

    @property
    def file(self) -> str:
        """The path below the library's folder."""
        return f"{self.shown}-{self.side}.jpg"

    @property
    def marks(self) -> Marks:
        """The bytes that a JPEG begins and ends with."""
        return _JPEG


@dataclass(frozen=True, slots=True)
class PageKey:
    """The picture of which vectors are, and the model that made them."""

    picture: Key
    revision: str
    marks: Marks

    @property
    def file(self) -> str:
        """The path below the library's folder."""
        return f"{self.picture.shown}-{self.picture.side}-{self.revision}{_LATE}"


def cached(
    library: Path, key: CacheKey, make: Callable[[], bytes], keep: Callable[[], bool] = lambda: True
) -> bytes:
    """Return the file from the library, or from ``make``; it is kept where ``keep`` agrees.

    Where the library cannot be written, or its disk is full, it is made each time.
    Errors are those of ``make``.
    """
    file, (begin, end) = library / key.file, key.marks
    readable = True
    try:
        kept = file.read_bytes()
        if kept.startswith(begin) and kept.endswith(end):
            return kept
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        # It may be read again, and so stays as it is.
        readable = False
        _log.warning("%s cannot be read and is passed over: %s", file, os_reason(error))
    made = make()
    if readable and keep():
        with suppress(OSError):
            _keep(file, made)
    return made


def _keep(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{token_hex(4)}.tmp")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(file)
    except OSError:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def drop(library: Path) -> int:
    """Remove all thumbnails, to be made again when they are asked for; returns how many.

    Vectors of pictures stay where they are whole: a model takes seconds for one.

    Raises:
        LibraryReadOnly, StoreError: some of them cannot be removed.
    """
    return tidy(library, lambda _: (), spare=_LATE)


def tidy(
    library: Path,
    known: Callable[[Collection[str]], Collection[str]],
    spare: str | None = None,
) -> int:
    """Remove the pictures of content that no asset has any more; returns how many.

    What a crash left half written goes too. What others are writing meanwhile may stay,
    or be made again. Memory is that of one of the 256 folders.

    Args:
        known: which of some content hashes an asset has.
        spare: the ending of files that stay.

    Raises:
        LibraryReadOnly, StoreError: some of them cannot be removed.
    """
    removed = 0
    with translated(library):
        for folder in _entries(library / FOLDER):
            files = _entries(folder)
            living = set(known({_hash_of(file) for file in files}))
            for file in files:
                if file.suffix == spare:
                    continue
                if file.suffix not in _SUFFIXES or _hash_of(file) not in living:
                    file.unlink(missing_ok=True)
                    removed += 1
            with suppress(OSError):  # not empty
                folder.rmdir()
    return removed


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _hash_of(file: Path) -> str:
    return file.name.partition("-")[0]
