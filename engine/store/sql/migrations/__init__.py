"""Alembic's migrations of the catalog, found wherever the package is installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection


def config(db: Connection | None = None) -> Config:
    """Alembic's configuration, without a file; ``db`` is the connection to migrate."""
    from alembic.config import Config

    made = Config()
    # "%" would be read as the start of an interpolation.
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = db
    return made


def run(db: Connection, revision: str = "head") -> None:
    """Bring the catalog behind an open transaction to ``revision``."""
    from alembic import command

    command.upgrade(config(db), revision)
