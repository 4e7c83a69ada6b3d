"""The address of a catalog that is not in the library's folder: ``catalog.json``.

The file names a database and, in it, the PostgreSQL schema of this library alone, so
that many libraries share one database. It never holds a password: that comes from
where every client of PostgreSQL takes it, ``PGPASSWORD`` or ``~/.pgpass``.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from engine.errors import LibraryCorrupt, UsageError

FILE = "catalog.json"
UNFINISHED = f"{FILE}.new"
SCHEME = "postgresql+psycopg"
_SCHEMES = (SCHEME, "postgresql", "postgres")
_PREFIX = "sensorium_"
_SCHEMA = re.compile(f"{_PREFIX}[0-9a-f]{{16}}")


@dataclass(frozen=True, slots=True)
class Address:
    """A database, and the schema in it."""

    url: str
    """The URL as SQLAlchemy writes it: ``postgresql+psycopg://user@host/database``."""
    schema: str

    @property
    def conninfo(self) -> str:
        """The URL as libpq reads it."""
        return f"postgresql{self.url.removeprefix(SCHEME)}"

    @property
    def place(self) -> str:
        """Host and database, for a message."""
        parts = urlsplit(self.url)
        return f"{parts.netloc.rpartition('@')[2] or 'localhost'}{parts.path}"

    @property
    def lock(self) -> int:
        """The number that this library's writers lock in the database."""
        return int.from_bytes(bytes.fromhex(self.schema.removeprefix(_PREFIX)), signed=True)


def normalised(url: str) -> str:
    """Return the URL of a database as ``catalog.json`` holds it.

    Raises:
        UsageError: it is none of PostgreSQL, or holds a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise UsageError(
            f"catalog= takes {SCHEME}://USER@HOST/DATABASE, not {parts.scheme or url}:...",
            arguments=("catalog",),
        )
    if parts.password is not None or "password" in parse_qs(parts.query):
        raise UsageError(
            "catalog= must hold no password, because the library's folder keeps the URL:"
            " put it into PGPASSWORD or ~/.pgpass",
            arguments=("catalog",),
        )
    return f"{SCHEME}:{url.partition(':')[2]}"


def new_address(url: str) -> Address:
    """Return an address in this database that no library has."""
    return Address(normalised(url), f"{_PREFIX}{secrets.token_hex(8)}")


def read(file: Path) -> Address:
    """Read a ``catalog.json``.

    Raises:
        LibraryCorrupt: it is not one.
    """
    try:
        document = json.loads(file.read_bytes())
        address = Address(normalised(document["url"]), document["schema"])
        # The schema's name goes into statements: it must be one that was drawn here.
        if not _SCHEMA.fullmatch(address.schema):
            raise ValueError(address.schema)
    except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise LibraryCorrupt(f"{file} does not name a catalog; restore it from a backup") from error
    return address


def write(file: Path, address: Address) -> None:
    """Write a ``catalog.json``, so that it lasts."""
    document = {"url": address.url, "schema": address.schema}
    with file.open("w") as stream:
        json.dump(document, stream, indent=2)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
