"""Failures keep the code of their error, for programs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; failures that are there have no code until they are tried again."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("failures", sa.Column("code", text))
