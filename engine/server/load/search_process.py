"""Search for a server, in a process of its own."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from engine.config import Settings
from engine.errors import SensoriumError
from engine.library.facade import Library
from engine.types import Query, SearchResult


class Asked(NamedTuple):
    """A query of the library of that name."""

    library: str
    query: Query


class SearchReply(NamedTuple):
    """A result, None where there was a fault; and the lookups of the caches, by library."""

    result: SearchResult | None
    lookups: Mapping[str, tuple[int, int]]


def work(pipe: Connection, paths: Mapping[str, Path], settings: Settings) -> None:
    """Answer queries until the server closes its end of the pipe."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # The server says when it is over.
    with ExitStack() as opened, suppress(EOFError, OSError):
        libraries = {
            name: opened.enter_context(Library.open(path, settings=settings))
            for name, path in paths.items()
        }
        while True:
            asked: Asked | None = pipe.recv()
            found = None
            if asked is None:
                _warm(libraries)
            else:
                found = _searched(libraries, asked)
            lookups = {name: library.text_lookups for name, library in libraries.items()}
            pipe.send(SearchReply(found, lookups))


def _warm(libraries: Mapping[str, Library]) -> None:
    """Load models and indexes by a search; what fails here fails, and is told, in the server."""
    for library in libraries.values():
        with suppress(SensoriumError):
            library.search("ready", top=1)


def _searched(libraries: Mapping[str, Library], asked: Asked) -> SearchResult | None:
    try:
        return libraries[asked.library].run(asked.query)
    except Exception:
        return None  # The server asks again by itself, and tells the fault.
