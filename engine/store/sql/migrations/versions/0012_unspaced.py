"""The full text index parts words of scripts that have no spaces."""

from __future__ import annotations

from alembic import op

from engine.store.database import full_text

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty the index, which is derived: whoever runs the migrations fills it afterwards."""
    full_text(op.get_bind()).create(op.get_bind())
