"""Tombstones say at which generation their moments died."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Those that are there died before every index that will ask.
    column = sa.Column("generation", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("tombstones", column)
    op.create_index("ix_tombstones_generation", "tombstones", ["generation"])
