"""Tags and taught names of a library, read in some milliseconds, for completion in a shell.

Opening a library imports 0.4 s of packages, and a shell asks at each press of a key. So this
reads two things that ``engine.store`` and ``engine.query.concepts`` own, read-only, with the
standard library alone, and passes over whatever it cannot read: the catalog in SQLite, and the
headers of concepts. A test compares it with what they say.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

_SECONDS = 0.04
"""Processor time that reading tags may take; 100,000 moments would take 0.3 s."""
_STEPS = 1000
"""Instructions of SQLite between two looks at the clock."""
_HEADER = 2**20
"""Bytes that the header of a concept may have; of 30 examples it has some 5,000."""
_TAGS = (
    "SELECT word FROM asset_tags WHERE folded LIKE ? ESCAPE '!'",
    "SELECT json_extract(tag.value, '$[0]') AS word FROM moments, json_each(moments.tags) AS tag"
    " WHERE word LIKE ? ESCAPE '!'",
)


def read_tags(library: Path, start: str, most: int = 50) -> list[str]:
    """Return tags that begin with some letters, sorted; those that were read in time."""
    pattern = "".join(f"!{c}" if c in "%_!" else c for c in start.lower()) + "%"
    file = library / "catalog.sqlite"
    # Reading beside a writer needs the files that it has made; without one, none are made.
    how = "mode=ro" if Path(f"{file}-wal").exists() else "mode=ro&immutable=1"
    address = f"file:{quote(os.fsencode(file))}?{how}"
    found: set[str] = set()
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=0)) as connection:
            until = time.thread_time() + _SECONDS
            connection.set_progress_handler(lambda: time.thread_time() > until, _STEPS)
            for statement in _TAGS:
                for (word,) in connection.execute(statement, (pattern,)):
                    found.add(str(word))
                    if len(found) >= most:
                        return sorted(found)
    except sqlite3.Error:
        pass  # there is no catalog here, it is of another version, or time is up
    return sorted(found)


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
