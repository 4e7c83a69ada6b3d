"""Run by Alembic: migrate the connection that the caller opened, in its transaction."""

from __future__ import annotations

from alembic import context

from engine.store.fulltext import documents
from engine.store.sql.schema import metadata


def _is_model(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the full text index and its shadow tables out of comparisons."""
    return not (kind == "table" and name is not None and name.startswith(documents.TABLE))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=_is_model,
    # SQLite alters a table by copying it.
    render_as_batch=True,
)
context.run_migrations()
