"""The base class of export formats, and the files that go into an export."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO, ClassVar

from engine.common.file_state import os_reason, stored_mtime_ns
from engine.exchange import serialize
from engine.exchange.output_folder import OutputFolder
from engine.exchange.records import Item
from engine.store import SpaceInfo
from engine.types import Asset, Kind, Modality

_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")
_SUFFIXES = {"jpeg": ".jpg", "matroska": ".mkv"}
_PER_FOLDER = 10_000
"""Files of one subfolder."""
_AGAIN = "library.index(PATH) looks at it again"


class LeftOut(Exception):
    """A file cannot go into an export; the text says why, ``way_out`` what to do about it."""

    def __init__(self, reason: str, way_out: str = "see library.stats()") -> None:
        super().__init__(reason)
        self.way_out = way_out


class Format(ABC):
    """Writes files, one after another, as some other tool reads them."""

    name: ClassVar[str]
    reads: ClassVar[str]
    """Instructions for reading it, in Markdown."""
    kinds: ClassVar[tuple[Kind, ...]] = ()
    """Kinds of files that it can hold; empty means all."""
    modalities: ClassVar[tuple[Modality, ...]] = ()
    vectors: ClassVar[bool] = True
    """True where it holds vectors by default."""

    # The first of ``spaces`` is the one that texts query.
    def __init__(self, draft: OutputFolder, spaces: Sequence[SpaceInfo]) -> None:
        self.draft = draft
        self.spaces = spaces
        self.main = spaces[0].space.name if spaces else None
        self.count = 0

    def write(self, item: Item) -> None:
        """Write one file.

        Raises:
            LeftOut: it is not what was indexed any more; nothing of it was written.
        """
        self.add(item, f"{self.count:09d}")
        self.count += 1

    @abstractmethod
    def add(self, item: Item, key: str) -> None:
        """Write one file, which is to be called ``key``."""

    @abstractmethod
    def finish(self) -> None:
        """Write what is to be written when all files are known."""

    def sidecar(self, **more: object) -> None:
        """Write the file that states the spaces of the vectors."""
        self.draft.json(
            serialize.SIDECAR, serialize.sidecar(self.name, self.spaces, main=self.main, **more)
        )

    def place(self, asset: Asset, folder: str, key: str) -> tuple[str, str]:
        """Copy a file into the export; returns its name there, and its SHA-256."""
        name = f"{folder}/{int(key) // _PER_FOLDER:05d}/{key}{suffix(asset)}"
        with opened(asset) as stream:
            return name, self.draft.copy(stream, name)


def suffix(asset: Asset) -> str:
    """Return the ending of a file's name: of a picture by its content, else as it is called."""
    named = PurePath(asset.path).suffix.lower()
    if asset.media.kind is not Kind.IMAGE and _SUFFIX.fullmatch(named):
        return named
    return _SUFFIXES.get(asset.media.format, f".{asset.media.format}")


@contextmanager
def opened(asset: Asset) -> Iterator[BinaryIO]:
    """Open the file of an asset, if it is still the file that was indexed.

    A link that was put in its place, or in that of a folder above it, leads to what was not
    indexed, whose size and date may have been made the same.

    Raises:
        LeftOut: it is gone, cannot be read, or has changed.
    """
    path = Path(asset.path)
    try:
        real, named = os.path.realpath(path, strict=True), path.lstat()
        stream = path.open("rb")
    except OSError as error:
        raise LeftOut(f"cannot be read: {os_reason(error)}", _AGAIN) from error
    with stream:
        info = os.fstat(stream.fileno())
        if real != asset.path or not os.path.samestat(info, named):
            raise LeftOut("has a link in its place since it was indexed", _AGAIN)
        if (info.st_size, stored_mtime_ns(info)) != (asset.size, asset.mtime_ns):
            raise LeftOut("has changed since it was indexed", _AGAIN)
        yield stream
