"""Assets keep what is written about them, in the file and beside it; names have more words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.store.database import full_text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and have the full text made again.

    The state says that nothing was read yet, so that the next run of ``index`` reads what is
    written about each file, and computes no vector for it.
    """
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("assets", sa.Column("texts", text))
    op.add_column("assets", sa.Column("texts_state", text))
    # It is derived: whoever runs the migrations fills it once they are through.
    full_text(op.get_bind()).create(op.get_bind())
