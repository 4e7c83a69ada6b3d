"""Backgrounds keep the curve of how far pairs stand out by chance."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what has none is read as logistic until the next run estimates anew."""
    op.add_column("backgrounds", sa.Column("tail", sa.LargeBinary))
    op.execute("UPDATE library SET calibrated = 0")
