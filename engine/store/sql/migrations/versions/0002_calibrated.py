"""Remember the generation that the backgrounds were estimated at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # 0 is before every generation: what was estimated so far is estimated again.
    column = sa.Column("calibrated", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("library", column)
