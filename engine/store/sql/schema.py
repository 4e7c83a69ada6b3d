"""The tables of the catalog. Migrations lead from nothing to these; a test compares.

Every id is given by the writer from the counters in ``library`` and never used
again, because segments and index snapshots hold moment ids for as long as they live.
Columns of text compare by code point, which the ranges over paths rely on.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects import registry
from sqlalchemy.schema import CreateIndex, CreateTable

metadata = MetaData()

# SQLite makes only "INTEGER PRIMARY KEY" the row's own key; elsewhere ids need 64 bits.
_Id = BigInteger().with_variant(Integer(), "sqlite")
# PostgreSQL else compares as the database's locale has it.
_Text = Text().with_variant(Text(collation="C"), "postgresql")

library = Table(
    "library",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("encoder", _Text, nullable=False),
    Column("created_at", _Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("next_asset", BigInteger, nullable=False),
    Column("next_moment", BigInteger, nullable=False),
    Column("next_segment", BigInteger, nullable=False),
    # The generation that the backgrounds belong to; an older one means estimate again.
    Column("calibrated", BigInteger, nullable=False, server_default="0"),
    # The generation of the last compaction: an index that is older starts afresh.
    Column("compacted", BigInteger, nullable=False, server_default="0"),
)

spaces = Table(
    "spaces",
    metadata,
    Column("name", _Text, primary_key=True),
    Column("encoder", _Text, nullable=False),
    Column("revision", _Text, nullable=False),
    Column("dim", Integer, nullable=False),
    Column("dtype", _Text, nullable=False, server_default="float32"),
    # All that follows is of a space that texts query, and NULL or idle for one of likeness:
    # whether it is filled, what its encoder is called, and its spaces of likeness.
    Column("state", _Text, nullable=False, server_default="ready"),
    Column("towers", _Text),
    Column("looks", _Text),
    Column("sounds", _Text),
    # Those that the encoder embeds, joined by commas; NULL means every one.
    Column("modalities", _Text),
)

segments = Table(
    "segments",
    metadata,
    Column("segment_id", _Id, primary_key=True, autoincrement=False),
    Column("space", _Text, ForeignKey("spaces.name"), nullable=False),
    Column("file", _Text, nullable=False, unique=True),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("checksum", _Text, nullable=False),
    # The range of moment ids inside says which assets a lost file takes with it.
    Column("first_moment", BigInteger, nullable=False),
    Column("last_moment", BigInteger, nullable=False),
)

assets = Table(
    "assets",
    metadata,
    Column("asset_id", _Id, primary_key=True, autoincrement=False),
    Column("path", _Text, nullable=False, unique=True),
    Column("content_hash", _Text, nullable=False, index=True),
    Column("kind", _Text, nullable=False),
    Column("format", _Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("duration", Float(53)),
    Column("taken_at", _Text),
    Column("state", _Text, nullable=False),
    # Degrees; both are NULL where nothing says where it was taken.
    Column("latitude", Float(53)),
    Column("longitude", Float(53)),
    Column("caption", _Text),
    # What else is written about it, in the file and beside it, a line each.
    Column("texts", _Text),
    # The readers of texts, and the sidecars, that ``texts`` was made with; NULL for none yet.
    Column("texts_state", _Text),
    # ``read`` once the text to be read in it was looked for; NULL means that it waits.
    Column("screen_state", _Text),
)

moments = Table(
    "moments",
    metadata,
    Column("moment_id", _Id, primary_key=True, autoincrement=False),
    Column("asset_id", _Id, ForeignKey("assets.asset_id"), nullable=False, index=True),
    # A copy of the asset's, which never changes while the moment lives: a filter by
    # kind then reads one narrow index and no asset.
    Column("kind", _Text, nullable=False),
    Column("modality", _Text, nullable=False),
    Column("start_s", Float(53)),
    Column("end_s", Float(53)),
    Column("ordinal", Integer, nullable=False),
    Column("text", _Text),
    Column("tags", JSON(none_as_null=True)),
    Column("vectors", Integer, nullable=False),
    Index("ix_moments_kind_modality", "kind", "modality"),
)

# Assets whose files vanished in bulk, such as with a disk that is not mounted, and their
# moments: as they were, in a document each, so that no read has to leave them out. The
# moments are tombstones too; a compaction keeps their vectors.
missing_assets = Table(
    "missing_assets",
    metadata,
    Column("asset_id", _Id, primary_key=True, autoincrement=False),
    Column("path", _Text, nullable=False, index=True),
    Column("content_hash", _Text, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    # When it was seen to be missing, ISO 8601, UTC.
    Column("since", _Text, nullable=False),
    # The spaces that were searched then, with their revisions.
    Column("spaces", _Text, nullable=False),
    Column("document", JSON, nullable=False),
)

missing_moments = Table(
    "missing_moments",
    metadata,
    Column("moment_id", _Id, primary_key=True, autoincrement=False),
    Column("asset_id", _Id, ForeignKey("missing_assets.asset_id"), nullable=False, index=True),
    Column("document", JSON, nullable=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("moment_id", _Id, primary_key=True, autoincrement=False),
    # When it died, so that an index that follows need not read them all.
    Column("generation", BigInteger, nullable=False, server_default="0", index=True),
)

failures = Table(
    "failures",
    metadata,
    Column("path", _Text, primary_key=True),
    Column("reason", _Text, nullable=False),
    Column("size", BigInteger),
    Column("mtime_ns", BigInteger),
    # Of the error; NULL where it was recorded without one.
    Column("code", _Text),
)

backgrounds = Table(
    "backgrounds",
    metadata,
    Column("space", _Text, ForeignKey("spaces.name"), primary_key=True),
    Column("query", _Text, primary_key=True),
    Column("modality", _Text, primary_key=True),
    Column("mean", Float(53), nullable=False),
    Column("std", Float(53), nullable=False),
    Column("n", Integer, nullable=False),
    # float32, the mean of the queries; what a moment is near to on average.
    Column("centre", LargeBinary),
    # float32, (2, knots): deviations, and the log odds that a pair does not reach them.
    Column("tail", LargeBinary),
)

# --- curation -------------------------------------------------------------------

curation_runs = Table(
    "curation_runs",
    metadata,
    Column("run_id", _Id, primary_key=True, autoincrement=False),
    Column("kind", _Text, nullable=False),
    Column("command", _Text, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_at", _Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
)

# Findings outlive the assets that they are about, and so refer to none.
findings = Table(
    "findings",
    metadata,
    Column(
        "run_id", _Id, ForeignKey("curation_runs.run_id"), primary_key=True, autoincrement=False
    ),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("asset_id", BigInteger, nullable=False),
    Column("moment_id", BigInteger),
    Column("path", _Text, nullable=False),
    Column("verdict", _Text, nullable=False),
    Column("group_no", BigInteger),
    Column("score", Float(53), nullable=False),
    Column("why", _Text, nullable=False),
)

# What people, and runs on their behalf, say of an asset; tags of bridges are the moments'.
asset_tags = Table(
    "asset_tags",
    metadata,
    Column("asset_id", _Id, ForeignKey("assets.asset_id"), primary_key=True, autoincrement=False),
    Column("word", _Text, primary_key=True),
    # The word with its ASCII letters small, by which filters compare.
    Column("folded", _Text, nullable=False, index=True),
)

# What a run was to do, written before it did it.
journal = Table(
    "journal",
    metadata,
    Column(
        "run_id", _Id, ForeignKey("curation_runs.run_id"), primary_key=True, autoincrement=False
    ),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("act", _Text, nullable=False),
    Column("asset_id", BigInteger),
    Column("source", _Text, nullable=False),
    Column("target", _Text, nullable=False),
    Column("state", _Text, nullable=False),
)


@cache
def definitions(dialect: str) -> tuple[str, ...]:
    """Return the statements that make all tables and their indexes in an empty catalog.

    ``MetaData.create_all`` compiles them each time, and asks for every table whether it is there.

    Args:
        dialect: name of the database, as SQLAlchemy has it.
    """
    compiler = registry.load(dialect)()
    made: list[CreateTable | CreateIndex] = []
    for table in metadata.sorted_tables:
        made.append(CreateTable(table))
        made += map(CreateIndex, sorted(table.indexes, key=lambda index: str(index.name)))
    return tuple(str(element.compile(dialect=compiler)) for element in made)
