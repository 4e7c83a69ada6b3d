"""The route by which several files are downloaded at once, as they are."""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import StreamingResponse

from engine.server.access.media_access import asset_of, open_checked
from engine.server.problems import Problem
from engine.server.routes.context import Name, admission_of, shelf_of
from engine.server.routes.documented import fault
from engine.server.routes.routers import ReadRouter
from engine.types import Asset

router = ReadRouter("media", "/api")
_CHUNK = 1 << 18
"""Bytes that are read, and sent, at a time."""
_LEFT_OUT = "left out.txt"
_Assets = Annotated[
    str,
    Query(
        pattern=r"^\d{1,15}(,\d{1,15})*$", max_length=6000, examples=["7,9"],
        description="The numbers of files, with commas.",
    ),
]  # fmt: skip


@router.get(
    "/archive", response_class=StreamingResponse,
    responses={
        200: {"content": {"application/zip": {}}},
        404: fault("There is no file of a number, or no library of that name."),
    },
)  # fmt: skip
async def archive(request: Request, assets: _Assets, library: Name = None) -> StreamingResponse:
    """Return files as they are, in one ZIP archive that is made while it is sent.

    Files that are gone or have changed are left out, and named in the archive.
    """
    name, chosen = shelf_of(request).entry(library)
    numbers = dict.fromkeys(map(int, assets.split(",")))
    found = await admission_of(request).run(lambda: [asset_of(chosen, each) for each in numbers])
    headers = {"Content-Disposition": f'attachment; filename="{_plain(name)}.zip"'}
    return StreamingResponse(_archived(found), media_type="application/zip", headers=headers)


def _plain(name: str) -> str:
    """Return a name with nothing in it that a header could be ended by."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " .-_") else "_" for c in name)


def _archived(assets: Iterable[Asset]) -> Iterator[bytes]:
    """Yield a ZIP archive of files, uncompressed: pictures and videos do not get smaller."""
    sink, names, left_out = _Sink(), _Names(), []
    with zipfile.ZipFile(sink, "w") as made:
        for asset in assets:
            try:
                descriptor, found = open_checked(asset)
            except Problem as problem:
                left_out.append(f"{asset.path}: {problem.message}")
                continue
            with os.fdopen(descriptor, "rb") as file:
                info = zipfile.ZipInfo(names.free(asset.path), _date(found.st_mtime))
                with made.open(info, "w", force_zip64=found.st_size >= 2**31) as entry:
                    while chunk := file.read(_CHUNK):
                        entry.write(chunk)
                        yield sink.taken()
        if left_out:
            lines = "\n".join(left_out) + "\n"
            made.writestr(names.free(_LEFT_OUT), lines.encode(errors="replace"))
    yield sink.taken()


def _date(mtime: float) -> tuple[int, int, int, int, int, int]:
    """Return a time as an archive has it, which knows the years from 1980 to 2107."""
    year, *rest = time.localtime(mtime)[:6]
    month, day, hour, minute, second = rest
    if year < 1980:
        return 1980, 1, 1, 0, 0, 0
    return min(year, 2107), month, day, hour, minute, second


class _Names:
    """The names of files in an archive, each once whatever their case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, path: str) -> str:
        file = Path(path.encode(errors="replace").decode())
        name, number = file.name, 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{file.stem} ({number}){file.suffix}"
        self._taken.add(name.casefold())
        return name


class _Sink:
    """A stream that keeps what is written until it is taken, and cannot seek.

    ``zipfile`` sees that, and writes sizes behind the files.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Do nothing: what was written is there at once."""

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def taken(self) -> bytes:
        found = b"".join(self._parts)
        self._parts.clear()
        return found
