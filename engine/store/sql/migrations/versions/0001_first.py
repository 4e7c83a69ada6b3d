"""The first catalog: assets, moments, segments, failures and backgrounds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.store.database import full_text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out rather than taken from the schema: what 0001 made never changes again.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _key() -> sa.Column[int]:
    return sa.Column("moment_id", _ID, primary_key=True, autoincrement=False)


def upgrade() -> None:
    _library()
    _vectors()
    _assets()
    _moments()
    _rest()
    full_text(op.get_bind()).create(op.get_bind())


def _library() -> None:
    op.create_table(
        "library",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="one_row"), primary_key=True),
        sa.Column("encoder", _TEXT, nullable=False),
        sa.Column("created_at", _TEXT, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("next_asset", sa.BigInteger, nullable=False),
        sa.Column("next_moment", sa.BigInteger, nullable=False),
        sa.Column("next_segment", sa.BigInteger, nullable=False),
    )


def _vectors() -> None:
    op.create_table(
        "spaces",
        sa.Column("name", _TEXT, primary_key=True),
        sa.Column("encoder", _TEXT, nullable=False),
        sa.Column("revision", _TEXT, nullable=False),
        sa.Column("dim", sa.Integer, nullable=False),
    )
    op.create_table(
        "segments",
        sa.Column("segment_id", _ID, primary_key=True, autoincrement=False),
        sa.Column("space", _TEXT, sa.ForeignKey("spaces.name"), nullable=False),
        sa.Column("file", _TEXT, nullable=False, unique=True),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("checksum", _TEXT, nullable=False),
        sa.Column("first_moment", sa.BigInteger, nullable=False),
        sa.Column("last_moment", sa.BigInteger, nullable=False),
    )


def _assets() -> None:
    op.create_table(
        "assets",
        sa.Column("asset_id", _ID, primary_key=True, autoincrement=False),
        sa.Column("path", _TEXT, nullable=False, unique=True),
        sa.Column("content_hash", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("format", _TEXT, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("duration", sa.Float(53)),
        sa.Column("taken_at", _TEXT),
        sa.Column("state", _TEXT, nullable=False),
    )
    op.create_index("ix_assets_content_hash", "assets", ["content_hash"])


def _moments() -> None:
    asset = sa.ForeignKey("assets.asset_id")
    op.create_table(
        "moments",
        _key(),
        sa.Column("asset_id", _ID, asset, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("modality", _TEXT, nullable=False),
        sa.Column("start_s", sa.Float(53)),
        sa.Column("end_s", sa.Float(53)),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("text", _TEXT),
        sa.Column("tags", sa.JSON),
        sa.Column("vectors", sa.Integer, nullable=False),
    )
    op.create_index("ix_moments_asset_id", "moments", ["asset_id"])
    op.create_index("ix_moments_kind_modality", "moments", ["kind", "modality"])
    op.create_table("tombstones", _key())


def _rest() -> None:
    op.create_table(
        "failures",
        sa.Column("path", _TEXT, primary_key=True),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("mtime_ns", sa.BigInteger),
    )
    op.create_table(
        "backgrounds",
        sa.Column("space", _TEXT, sa.ForeignKey("spaces.name"), primary_key=True),
        sa.Column("query", _TEXT, primary_key=True),
        sa.Column("modality", _TEXT, primary_key=True),
        sa.Column("mean", sa.Float(53), nullable=False),
        sa.Column("std", sa.Float(53), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("there is no catalog before the first")
