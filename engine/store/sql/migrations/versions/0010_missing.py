"""Assets whose files vanished in bulk are kept aside until they are seen again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; nothing is missing yet."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "missing_assets",
        sa.Column("asset_id", number, primary_key=True, autoincrement=False),
        sa.Column("path", text, nullable=False),
        sa.Column("content_hash", text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("since", text, nullable=False),
        sa.Column("spaces", text, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )
    for column in ("path", "content_hash"):
        op.create_index(f"ix_missing_assets_{column}", "missing_assets", [column])
    asset = sa.ForeignKey("missing_assets.asset_id")
    op.create_table(
        "missing_moments",
        sa.Column("moment_id", number, primary_key=True, autoincrement=False),
        sa.Column("asset_id", number, asset, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )
    op.create_index("ix_missing_moments_asset_id", "missing_moments", ["asset_id"])
