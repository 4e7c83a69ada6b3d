"""Spaces that texts query say so: several of them stand side by side."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OF_LIKENESS = {"looks", "sounds", "fake-looks", "fake-sounds"}
"""Names of the spaces of likeness until here; the only other space is the one texts query."""


def upgrade() -> None:
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    state = sa.Column("state", text, nullable=False, server_default="ready")
    op.add_column("spaces", state)
    for name in ("towers", "looks", "sounds", "modalities"):
        op.add_column("spaces", sa.Column(name, text))
    db = op.get_bind()
    names = set(db.scalars(sa.text("SELECT name FROM spaces")))
    for shared in names - _OF_LIKENESS if len(names - _OF_LIKENESS) == 1 else ():
        alike = {
            kind: next((n for n in names if n.removeprefix("fake-") == kind), shared)
            for kind in ("looks", "sounds")
        }
        db.execute(
            sa.text(
                "UPDATE spaces SET towers = (SELECT encoder FROM library),"
                " looks = :looks, sounds = :sounds WHERE name = :name"
            ),
            {"name": shared, **alike},
        )
