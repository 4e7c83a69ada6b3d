"""Spaces say how their vectors are kept; the library, when it was last compacted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was written so far is float32, and stays so.
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    dtype = sa.Column("dtype", text, nullable=False, server_default="float32")
    op.add_column("spaces", dtype)
    compacted = sa.Column("compacted", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("library", compacted)
