"""Paths as they are shown: relative to where one stands, whole, and safe for a terminal."""

from __future__ import annotations

import os
import re
from pathlib import PurePath

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that end a line, drive a terminal, turn letters around, or are no characters."""


def current_folder() -> str | None:
    """Return the folder that one stands in; None where it was removed meanwhile."""
    try:
        return os.getcwd()  # noqa: PTH109 `Path.cwd` raises the same, and imports more
    except OSError:
        return None


def relative(path: str, folder: str | None) -> str:
    """Return an absolute path as it is called from a folder that it lies below.

    A path elsewhere stays whole, since `../../..` says less. One that begins with a dash or a
    double quote gets `./` before it, so that it is taken neither for an option nor for JSON.
    """
    if folder is None or not path.startswith(_ended(folder)):
        return path
    below = path[len(_ended(folder)) :]
    return f"./{below}" if below.startswith(("-", '"')) else below


def _ended(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep


def on_terminal(path: str) -> str:
    """Return a path for a terminal; one that would drive it is quoted as shells read it.

    Such a path stands in ``$'...'``, with its bytes as escapes, and can be pasted into bash,
    zsh or ksh. Every other one is shown as it is.
    """
    if not _UNSAFE.search(path):
        return path
    return f"$'{''.join(map(_escaped, path))}'"


def _escaped(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    if character in _SHORT:
        return _SHORT[character]
    if not _UNSAFE.match(character):
        return character
    return "".join(f"\\{byte:03o}" for byte in as_bytes(character))


_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def as_bytes(path: str) -> bytes:
    """Return a path as the file system has it."""
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:  # a surrogate that stands for no byte, or a narrow locale
        return path.encode("utf-8", "surrogatepass")


def as_uri(path: str) -> str:
    """Return the URI of an absolute path on this machine, as terminals follow it."""
    from urllib.parse import quote

    return f"file://{os.uname().nodename}{quote(as_bytes(PurePath(path).as_posix()))}"
