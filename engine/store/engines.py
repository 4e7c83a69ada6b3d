"""Engines of one connection, which share what SQLAlchemy learns about a database.

A writer has an engine of its own. Alone, each would ask the database for what it can do, and
compile every statement anew: half of what a writer of one small commit takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import URL, Dialect, Engine
    from sqlalchemy.util import LRUCache

_STATEMENTS = 500
"""Compiled statements that are kept, as many as SQLAlchemy keeps for one engine."""
_known: dict[str, tuple[Dialect, URL, LRUCache[Any, Any]]] = {}


def engine_at(place: str, url: str, connect: Callable[[], Any], **options: Any) -> Engine:
    """Return an engine of one connection.

    Args:
        place: what all databases have in common that can do the same.
        url: the kind of the database, as SQLAlchemy has it.
        connect: opens the connection.
        options: further ones of ``create_engine``.
    """
    from sqlalchemy import Engine, StaticPool, create_engine, event
    from sqlalchemy.util import LRUCache

    if known := _known.get(place):
        dialect, parsed, statements = known
        pool = StaticPool(connect, dialect=dialect)
        if on_connect := dialect.on_connect_url(parsed):
            event.listen(pool, "connect", lambda connection, _: on_connect(connection))
        return Engine(pool, dialect, parsed, execution_options={"compiled_cache": statements})

    statements = LRUCache(_STATEMENTS)
    engine = create_engine(
        url, creator=connect, poolclass=StaticPool,
        execution_options={"compiled_cache": statements}, **options,
    )  # fmt: skip
    found = (engine.dialect, engine.url, statements)
    # Listeners run in their order: by then the dialect has asked for what the database can do.
    event.listen(engine.pool, "connect", lambda *_: _known.setdefault(place, found))
    return engine
