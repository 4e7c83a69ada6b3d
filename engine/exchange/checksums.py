"""Write SHA256SUMS, and check what it names, as ``sha256sum`` does."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from engine.common.file_state import os_reason
from engine.common.text import printable
from engine.errors import BadImport

FILE = "SHA256SUMS"
_LINE = re.compile(r"(\\?)([0-9a-f]{64}) [ *](.+)")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_ESCAPED = re.compile(r"\\([\\nr])")
"""The places of backslashes and ends of lines in a name; a backslash before the digest says so."""
_NOWHERE = PurePosixPath("/")
_BLOCK = 1 << 20


def lines(sums: Mapping[str, str]) -> str:
    """Return the text of the file."""
    return "".join(f"{_line(name, digest)}\n" for name, digest in sorted(sums.items()))


def _line(name: str, digest: str) -> str:
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in name)
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}"


def _named(escaped: str) -> str:
    return _ESCAPED.sub(lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), escaped)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def verify(folder: Path) -> int:
    """Compare every file that the folder's SHA256SUMS names; returns how many there are.

    It is 0 where the folder has no such list.

    Raises:
        BadImport: one is missing or another, or the list cannot be read.
    """
    listed = folder / FILE
    if not listed.is_file():
        return 0
    count = 0
    text = listed.read_bytes().decode("utf-8", "surrogateescape")
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        found = _LINE.fullmatch(line.removesuffix("\r"))
        name = PurePosixPath(_named(found[3]) if found[1] else found[3]) if found else _NOWHERE
        if found is None or name.is_absolute() or ".." in name.parts:
            raise BadImport(f"{listed}: line {number} is no checksum of a file in the folder")
        _compare(folder / name, found[2])
        count += 1
    return count


def _compare(file: Path, expected: str) -> None:
    try:
        found = sha256(file)
    except OSError as error:
        raise BadImport(f"{printable(str(file))} cannot be read: {os_reason(error)}") from error
    if found != expected:
        raise BadImport(f"{printable(str(file))} is not what {FILE} says; copy it again")
