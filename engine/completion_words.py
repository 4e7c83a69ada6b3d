"""Tags, folders and taught names of a library, read in some milliseconds, for completion.

Opening a library imports 0.4 s of packages, and a shell asks at each press of a key. So this
reads two things that ``engine.store`` and ``engine.query.concepts`` own, read-only, with the
standard library alone, and passes over whatever it cannot read: the catalog in SQLite, the
folders that were indexed, and the headers of concepts. A test compares it with what they say.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

_SECONDS = 0.04
"""Processor time that reading may take; of tags 100,000 moments would take 0.3 s."""
_STEPS = 1000
"""Instructions of SQLite between two looks at the clock."""
_HEADER = 2**20
"""Bytes that the header of a concept may have; of 30 examples it has some 5,000."""
_TAGS = (
    "SELECT word FROM asset_tags WHERE folded LIKE ? ESCAPE '!'",
    "SELECT json_extract(tag.value, '$[0]') AS word FROM moments, json_each(moments.tags) AS tag"
    " WHERE word LIKE ? ESCAPE '!'",
)


_PATHS = "SELECT path FROM assets WHERE path LIKE ? ESCAPE '!'"
_UNTYPED = "\x1a"
"""The sign that a catalog has in the place of a byte that is no text, which nobody can type."""


def read_tags(library: Path, start: str, most: int = 50) -> list[str]:
    """Return tags that begin with some letters, sorted; those that were read in time."""
    found: set[str] = set()
    for word in _rows(library, _TAGS, _escaped(start.lower()) + "%"):
        found.add(word)
        if len(found) >= most:
            break
    return sorted(found)


def read_places(library: Path, start: str, most: int = 50) -> list[str]:
    """Return folders and files that `path:` finds and that begin so, by the parts that it names.

    Folders come first, and files only where something was typed: of "Camera/20" they are
    "Camera/2024" and "Camera/2023", wherever Camera lies below what was indexed.
    """
    asked = start.split("/")
    roots = _roots(library)
    folders: set[str] = set()
    files: set[str] = set()
    for path in _rows(library, (_PATHS,), f"%/{_escaped(start)}%"):
        if _UNTYPED in path:
            continue
        parts = _below(path, roots)
        for at in range(len(parts) - len(asked) + 1):
            named = "/".join(parts[at : at + len(asked)])
            if named.lower().startswith(start.lower()):
                last = at + len(asked) == len(parts)
                (files if last else folders).add(named)
        if len(folders) + len(files) >= most:
            break
    return [*sorted(folders), *(sorted(files) if start else ())]


def _escaped(text: str) -> str:
    return "".join(f"!{c}" if c in "%_!" else c for c in text)


def _below(path: str, roots: list[str]) -> list[str]:
    """Return the parts of a path from the folder on that was indexed."""
    above = next(
        (root.rstrip("/") for root in roots if path.startswith(root.rstrip("/") + "/")), ""
    )
    return path[above.rfind("/") + 1 :].split("/")


def _roots(library: Path) -> list[str]:
    try:
        return [str(each) for each in json.loads((library / "indexed.json").read_text())["folders"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _rows(library: Path, statements: Iterable[str], pattern: str) -> Iterator[str]:
    """Yield the first column of what a catalog has; what was read in time."""
    file = library / "catalog.sqlite"
    # Reading beside a writer needs the files that it has made; without one, none are made.
    how = "mode=ro" if Path(f"{file}-wal").exists() else "mode=ro&immutable=1"
    address = f"file:{quote(os.fsencode(file))}?{how}"
    # No catalog is here, it is of another version, or time is up.
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(address, uri=True, timeout=0)) as connection,
    ):
        until = time.thread_time() + _SECONDS
        connection.set_progress_handler(lambda: time.thread_time() > until, _STEPS)
        for statement in statements:
            for (word,) in connection.execute(statement, (pattern,)):
                yield str(word)


def read_names(library: Path) -> list[str]:
    """Return the names that a library was taught, sorted."""
    return sorted(_names(library / "concepts"))


def _names(folder: Path) -> Iterator[str]:
    for file in folder.glob("*.safetensors"):
        try:
            with file.open("rb") as stream:
                size = int.from_bytes(stream.read(8), "little")
                header = json.loads(stream.read(min(size, _HEADER)))
            yield str(json.loads(header["__metadata__"]["concept"])["name"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
