"""Runs of curation with what they found, tags of assets, and a journal of what was done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "curation_runs",
        sa.Column("run_id", number, primary_key=True, autoincrement=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("command", text, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("created_at", text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "findings",
        _of_run(number),
        sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("asset_id", sa.BigInteger, nullable=False),
        sa.Column("moment_id", sa.BigInteger),
        sa.Column("path", text, nullable=False),
        sa.Column("verdict", text, nullable=False),
        sa.Column("group_no", sa.BigInteger),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("why", text, nullable=False),
    )
    assets = sa.ForeignKey("assets.asset_id")
    op.create_table(
        "asset_tags",
        sa.Column("asset_id", number, assets, primary_key=True, autoincrement=False),
        sa.Column("word", text, primary_key=True),
        sa.Column("folded", text, nullable=False),
    )
    op.create_index("ix_asset_tags_folded", "asset_tags", ["folded"])
    op.create_table(
        "journal",
        _of_run(number),
        sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("act", text, nullable=False),
        sa.Column("asset_id", sa.BigInteger),
        sa.Column("source", text, nullable=False),
        sa.Column("target", text, nullable=False),
        sa.Column("state", text, nullable=False),
    )


def _of_run(number: sa.types.TypeEngine[int]) -> sa.Column[int]:
    run = sa.ForeignKey("curation_runs.run_id")
    return sa.Column("run_id", number, run, primary_key=True, autoincrement=False)
