"""Pictures and videos remember whether the text to be read in them was looked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what a library has was read if anything in it was, and waits if not."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("assets", sa.Column("screen_state", text))
    op.execute(
        "UPDATE assets SET screen_state = 'read'"
        " WHERE EXISTS (SELECT 1 FROM moments WHERE modality = 'screen')"
    )
