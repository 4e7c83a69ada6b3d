"""Atomic output folders: written beside their place under another name, then renamed.

So it is there as a whole or not at all: after a full disk, an error or an interrupt
nothing of it is left. Files are hashed as they are written.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO

from engine.common.atomic_write import sync_folder
from engine.common.file_state import os_reason
from engine.common.text import printable
from engine.errors import ExportFailed, UsageError
from engine.exchange import checksums

_FULL = {errno.ENOSPC, errno.EDQUOT}
_BLOCK = 1 << 20


class Sink:
    """A new file that is hashed while it is written.

    When it is closed, it is on disk for good, but for a copy: of those there may be a million,
    and ``OutputFolder.finish`` syncs all of them at once.

    The buffer is its own: a file that failed on a full disk must not try again when it
    is closed. Once aborted it takes everything, and keeps nothing.
    """

    def __init__(self, path: Path, lasting: bool = True) -> None:
        self._lasting = lasting
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("xb", buffering=0)
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        self._written = 0
        self.closed = False

    @property
    def sha256(self) -> str:
        """The SHA-256 of what was written so far."""
        return self._digest.hexdigest()

    def write(self, data: bytes | bytearray | memoryview) -> int:
        view = memoryview(data).cast("B")
        if not self.closed:
            self._digest.update(view)
            self._buffer += view
            self._written += len(view)
            if len(self._buffer) >= _BLOCK:
                self._drain()
        return len(view)

    def tell(self) -> int:
        return self._written

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        """Do nothing: all that is kept is written when the file is closed."""

    def close(self) -> None:
        if not self.closed:
            self._drain()
            if self._lasting:
                os.fsync(self._file.fileno())
            self.abort()

    def abort(self) -> None:
        """Close the file, and drop what is still to be written."""
        self.closed = True
        self._file.close()
        self._buffer = bytearray()  # a new one: what failed may still have hold of the old

    def _drain(self) -> None:
        rest = memoryview(self._buffer)
        while rest:
            rest = rest[self._file.write(rest) :]
        rest.release()
        self._buffer = bytearray()


class OutputFolder:
    """A folder that is not finished, and the files in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sums: dict[str, str] = {}
        """The SHA-256 of each file that is done, by name."""
        self._open: list[Sink] = []

    @contextmanager
    def file(self, name: str, lasting: bool = True) -> Iterator[Sink]:
        """Open a new file below the folder; it is done at the end of the ``with``."""
        sink = self.open(name, lasting)
        yield sink
        self.done(name, sink)

    def open(self, name: str, lasting: bool = True) -> Sink:
        """Open a new file that ``done`` ends."""
        sink = Sink(self.folder / name, lasting)
        self._open.append(sink)
        return sink

    def done(self, name: str, sink: Sink) -> None:
        sink.close()
        self._open.remove(sink)
        self.sums[name] = sink.sha256

    def pour(self, source: Sink, into: Sink) -> None:
        """Append an open file to another file, and delete it."""
        source.close()
        self._open.remove(source)
        with source.path.open("rb") as stream:
            shutil.copyfileobj(stream, into, _BLOCK)
        source.path.unlink()

    def json(self, name: str, value: object) -> None:
        """Write a file of one JSON value."""
        with self.file(name) as sink:
            sink.write(f"{json.dumps(value, ensure_ascii=False, indent=1)}\n".encode())

    def text(self, name: str, text: str) -> None:
        with self.file(name) as sink:
            sink.write(text.encode("utf-8", "surrogateescape"))  # names are bytes

    def copy(self, source: IO[bytes], name: str) -> str:
        """Write a file out of a stream; returns its SHA-256."""
        with self.file(name, lasting=False) as sink:
            shutil.copyfileobj(source, sink, _BLOCK)
        return self.sums[name]

    def abort(self) -> None:
        for sink in self._open:
            sink.abort()

    def finish(self) -> None:
        """Write the checksums of all files, and sync everything to disk."""
        self.text(checksums.FILE, checksums.lines(self.sums))
        os.sync()


@contextmanager
def output_folder(out: Path) -> Iterator[OutputFolder]:
    """Yield a folder to write to, which appears at ``out`` at the end of the ``with``.

    Raises:
        UsageError: there is something at ``out`` already.
        ExportFailed: the disk is full, or does not take it; nothing is left then.
    """
    _check_free(out)
    work = out.with_name(f".{out.name}.{token_hex(4)}.partial")
    made = OutputFolder(work)
    new: list[Path] = []
    try:
        new = [folder for folder in out.parents if not folder.exists()]
        work.mkdir(parents=True)
        yield made
        made.finish()
        work.rename(out)
        _sync(out.parent)
    except OSError as error:
        raise failed(out, error) from error
    finally:
        made.abort()
        shutil.rmtree(work, ignore_errors=True)
        for folder in new:  # those that are not empty are needed
            with suppress(OSError):
                folder.rmdir()


def _check_free(out: Path) -> None:
    try:
        taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    except OSError as error:
        raise failed(out, error) from error
    if taken:
        raise UsageError(f"{printable(str(out))} is there already; name a folder that is not")


def failed(out: Path, error: OSError) -> ExportFailed:
    """Return the error for a folder that cannot be written."""
    shown = printable(str(out))
    if error.errno in _FULL:
        return ExportFailed(f"the disk of {shown} is full; nothing of it is left")
    return ExportFailed(f"{shown} cannot be written: {os_reason(error)}; nothing of it is left")


def _sync(folder: Path) -> None:
    """Sync the new name of a folder; where folders cannot be synced, it is there all the same."""
    with suppress(OSError):
        sync_folder(folder)
