"""Assets say where they were taken, and what a person wrote about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.store.database import full_text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Assets that are there have neither until their files change and are read again.
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("assets", sa.Column("latitude", sa.Float(53)))
    op.add_column("assets", sa.Column("longitude", sa.Float(53)))
    op.add_column("assets", sa.Column("caption", text))
    # The full text index has a column more. It is derived: whoever runs the migrations
    # fills it once they are through, from the tables as they are by then.
    full_text(op.get_bind()).create(op.get_bind())
