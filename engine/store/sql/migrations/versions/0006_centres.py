"""Backgrounds keep the centre of their queries, so that each moment has a background."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("backgrounds", sa.Column("centre", sa.LargeBinary))
    # What was estimated without centres does not compare; the next run makes it anew.
    op.execute("DELETE FROM backgrounds")
    op.execute("UPDATE library SET calibrated = 0")
