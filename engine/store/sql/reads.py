"""The reads of a catalog, written once for every database.

Reads run on the driver's own connection, from SQL that is compiled beforehand: that
is several times faster than a statement object, and a cold search need not import
SQLAlchemy at all (0.15 s), because ``sqlite_reads.py`` and ``postgres_reads.py`` keep
the text. After a change here run ``python -m engine.store.sql.reads``; a test compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from engine.errors import SKIPPED
from engine.store.sql.schema import (
    asset_tags,
    assets,
    backgrounds,
    curation_runs,
    failures,
    findings,
    journal,
    library,
    missing_assets,
    missing_moments,
    moments,
    segments,
    spaces,
    tombstones,
)


class _Among(FunctionElement[Any]):
    """``column`` is one of the elements of a JSON array."""

    # Of no type: a Boolean would be compared with 1 on SQLite, past every index.
    name = "among"
    inherit_cache = True


@compiles(_Among)
def _in_json_each(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, listed = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({listed}))"  # noqa: S608


@compiles(_Among, "postgresql")
def _any_of_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, listed = (compiler.process(part, **options) for part in element.clauses)
    kind = "BIGINT" if isinstance(next(iter(element.clauses)).type, Integer) else "TEXT"
    # An array and not a subquery, so that the planner takes the column's index.
    values = f"SELECT value::{kind} FROM json_array_elements_text({listed}::JSON)"  # noqa: S608
    return f"{column} = ANY (ARRAY({values}))"


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Compare ``column`` with a list: one parameter, a JSON array of any length.

    A parameter an element would run into the driver's limit, and give the cache of
    prepared statements one more entry for every length.
    """
    return _Among(column, bindparam(name, type_=Text))


def _known() -> Select[Any]:
    a = assets.c
    return select(
        a.asset_id, a.path, a.size, a.mtime_ns, a.content_hash, a.kind, a.state, a.texts_state
    )


def _records() -> Select[Any]:
    m = moments.c
    return select(
        m.moment_id, m.asset_id, assets.c.path, m.kind, m.modality,
        m.start_s, m.end_s, m.ordinal, m.text, m.tags,
    ).join_from(moments, assets)  # fmt: skip


def _missing() -> Select[Any]:
    c = missing_assets.c
    return select(c.asset_id, c.path, c.size, c.mtime_ns, c.content_hash, c.since)


def _below(found: Select[Any], path: ColumnElement[Any]) -> Select[Any]:
    exact, low, high = (bindparam(name, type_=Text) for name in ("path", "low", "high"))
    # One range from the path to the end of the folder; in between sort only names
    # like "folder-2", which the second condition drops.
    return found.where(path >= exact, path < high, or_(path == exact, path >= low)).order_by(path)


def _content() -> Select[Any]:
    a = assets.c
    return select(
        a.asset_id, a.path, a.content_hash, a.kind, a.format, a.size, a.mtime_ns, a.width, a.height,
        a.duration, a.taken_at, a.latitude, a.longitude, a.caption, a.texts,
        a.texts_state,
    )  # fmt: skip


def segment_infos() -> Select[Any]:
    """Select every segment, in order, as ``row_decoding.segment_info`` takes it."""
    s = segments.c
    return select(s.segment_id, s.space, s.file, s.rows, s.bytes, s.checksum).order_by(s.segment_id)


def space_infos() -> Select[Any]:
    """Select every space as ``row_decoding.space_info`` takes it."""
    c = spaces.c
    default = c.towers == select(library.c.encoder).scalar_subquery()
    return select(
        c.name, c.encoder, c.revision, c.dim, c.dtype, c.state,
        c.towers, c.looks, c.sounds, c.modalities, default,
    ).order_by(c.name)  # fmt: skip


def reads() -> dict[str, Select[Any]]:
    """Return every read by name."""
    return {**_library_and_assets(), **_moments_and_segments(), **_counts(), **_curation()}


def _library_and_assets() -> dict[str, Select[Any]]:
    a = assets.c
    return {
        "revision": select(column("version_num")).select_from(table("alembic_version")),
        "library": select(library.c.encoder),
        "generation": select(library.c.generation),
        "next_moment": select(library.c.next_moment),
        "next_segment": select(library.c.next_segment),
        "compacted": select(library.c.compacted),
        "calibrated": select(library.c.calibrated == library.c.generation),
        "spaces": space_infos(),
        "assets": _known().order_by(a.path),
        "assets_under": _below(_known(), a.path),
        "unread": _known().where(_UNREAD).order_by(a.path),
        "unread_under": _below(_known().where(_UNREAD), a.path),
        "count_unread": select(func.count()).select_from(assets).where(_UNREAD),
        "missing": _missing().order_by(missing_assets.c.path),
        "missing_under": _below(_missing(), missing_assets.c.path),
        "missing_hash": _missing().where(missing_assets.c.content_hash == bindparam("hash")),
        "count_missing": select(func.count()).select_from(missing_assets),
        "asset_at": _known().where(a.path == bindparam("path")),
        "assets_hash": _known().where(a.content_hash == bindparam("hash")).order_by(a.path),
        "assets_numbered": _known().where(among(a.asset_id, "ids")),
        "assets_whole": _content().where(among(a.asset_id, "ids")),
    }


def _moments_and_segments() -> dict[str, Select[Any]]:
    a, m, s, t = assets.c, moments.c, segments.c, tombstones.c
    return {
        "kinds_of": select(m.moment_id, m.kind, m.modality).where(among(m.moment_id, "ids")),
        "owners": select(m.asset_id).distinct().where(among(m.moment_id, "ids")),
        "records": _records().where(among(m.moment_id, "ids")),
        "words_of": select(m.moment_id, m.asset_id, a.path, m.text, a.caption, a.texts)
        .join_from(moments, assets)
        .where(among(m.moment_id, "ids")),
        "moments_of": _records().where(m.asset_id == bindparam("id")).order_by(m.moment_id),
        "moment_ids": select(m.moment_id),
        "moments_between": select(m.moment_id, m.modality)
        .where(m.moment_id.between(bindparam("first"), bindparam("last")))
        .order_by(m.moment_id),
        "segment_named": select(s.segment_id).where(s.file == bindparam("file")),
        "moment_vectors": select(m.moment_id, m.vectors).order_by(m.moment_id),
        "moment_ids_kind": select(m.moment_id).where(among(m.kind, "kinds")),
        "moment_ids_modality": select(m.moment_id).where(among(m.modality, "modalities")),
        "moment_ids_both": select(m.moment_id).where(
            among(m.kind, "kinds"), among(m.modality, "modalities")
        ),
        "tombstones": select(t.moment_id).order_by(t.moment_id),
        "tombstones_since": select(t.moment_id).where(t.generation > bindparam("generation")),
        "segments": segment_infos(),
        "segments_after": segment_infos().where(
            s.space == bindparam("space"), s.segment_id > bindparam("after")
        ),
        "spoken_texts": select(m.text).where(m.text.is_not(None)),
        "moment_tags": select(m.tags).where(m.tags.is_not(None)),
        "asset_texts": select(a.path, a.caption, a.texts),
    }


def _counts() -> dict[str, Select[Any]]:
    a, m, s = assets.c, moments.c, segments.c
    b, f, t = backgrounds.c, failures.c, tombstones.c
    return {
        "failures": select(f.path, f.reason, f.size, f.mtime_ns, f.code)
        .where(_failed(f.code))
        .order_by(f.path),
        "skipped": select(f.path, f.reason, f.size, f.mtime_ns, f.code)
        .where(f.code == _SKIPPED)
        .order_by(f.path),
        "backgrounds": select(b.space, b.query, b.modality, b.mean, b.std, b.n, b.centre, b.tail),
        "count_assets": select(a.kind, func.count()).group_by(a.kind),
        "count_pending": select(func.count()).where(a.state == bindparam("state")),
        "count_moments": select(m.modality, func.count()).group_by(m.modality),
        "count_vectors": select(s.space, cast(func.sum(s.rows), BigInteger)).group_by(s.space),
        "count_segments": select(func.count()).select_from(segments),
        "count_tombstones": select(func.count()).where(
            t.moment_id.not_in(select(missing_moments.c.moment_id))
        ),
        "count_failures": select(func.count()).select_from(failures).where(_failed(f.code)),
    }


def _curation() -> dict[str, Select[Any]]:
    a, m, r, f, g, j = (
        table.c for table in (assets, moments, curation_runs, findings, asset_tags, journal)
    )
    of_run = bindparam("run", type_=BigInteger)
    run = select(r.run_id, r.kind, r.command, r.settings, r.created_at, r.generation)
    return {
        "runs": run.order_by(r.run_id),
        "run": run.where(r.run_id == of_run),
        "findings": select(
            f.asset_id, f.moment_id, f.path, f.verdict, f.group_no, f.score, f.why
        )
        .where(f.run_id == of_run)
        .order_by(f.ordinal),
        "acts": select(j.ordinal, j.act, j.asset_id, j.source, j.target, j.state)
        .where(j.run_id == of_run)
        .order_by(j.ordinal),
        "count_findings": select(f.run_id, func.count()).group_by(f.run_id),
        "count_acts": select(j.run_id, j.state, func.count()).group_by(j.run_id, j.state),
        "count_tags": select(g.word, func.count()).group_by(g.word).order_by(g.word),
        "tags": select(g.asset_id, g.word)
        .where(among(g.asset_id, "ids"))
        .order_by(g.asset_id, g.word),
        "facts": select(
            a.asset_id, a.path, a.content_hash, a.kind, a.size, a.mtime_ns,
            a.width, a.height, a.duration, a.taken_at,
        ).where(among(a.asset_id, "ids")),
        "first_moments": select(m.asset_id, func.min(m.moment_id))
        .where(among(m.asset_id, "ids"))
        .group_by(m.asset_id),
        "places": select(a.asset_id, a.latitude, a.longitude)
        .where(a.latitude.is_not(None), a.longitude.is_not(None))
        .order_by(a.asset_id),
        "captions": select(a.asset_id, a.path, a.caption)
        .where(a.kind == bindparam("kind"), a.caption.is_not(None))
        .order_by(a.asset_id),
        "alike_hashes": select(a.content_hash, a.asset_id)
        .where(
            a.content_hash.in_(
                select(a.content_hash)
                .group_by(a.content_hash)
                .having(func.count() > literal_column("1"))
            )
        )
        .order_by(a.content_hash, a.asset_id),
        "moments_of_assets": select(m.moment_id, m.asset_id)
        .where(m.moment_id.between(bindparam("first"), bindparam("last")))
        .order_by(m.moment_id),
        "stray_tags": select(func.count())
        .select_from(asset_tags)
        .where(g.asset_id.not_in(select(a.asset_id))),
    }  # fmt: skip


_UNREAD = and_(
    assets.c.screen_state.is_(None),
    assets.c.kind != literal_column("'audio'"),
    assets.c.state == literal_column("'indexed'"),
)
"""Pictures and videos whose text was not looked for."""
_SKIPPED: ColumnElement[str] = literal_column(f"'{SKIPPED}'")


def _failed(code: ColumnElement[str]) -> ColumnElement[bool]:
    """Pass over the files that were only skipped, which share the table of failures."""
    return or_(code.is_(None), code != _SKIPPED)


def compiled(dialect: Dialect) -> dict[str, str]:
    """Compile every read for one database, with named parameters."""
    return {
        name: " ".join(str(read.compile(dialect=dialect)).split()) for name, read in reads().items()
    }


def texts() -> dict[str, str]:
    """Return the text of the generated modules, by the names of their files."""
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

    postgres = PGDialect_psycopg()  # type: ignore[no-untyped-call]
    return {
        "sqlite_reads.py": _module("SQLite", sqlite.dialect(paramstyle="named")),
        "postgres_reads.py": _module("PostgreSQL", postgres),
    }


def _module(database: str, dialect: Dialect) -> str:
    lines = [
        f'"""Reads as {database} takes them, generated by `python -m engine.store.sql.reads`."""',
        "",
        "from __future__ import annotations",
        "",
        "# ruff: noqa: E501",
        "READS = {",
    ]
    for name, text in compiled(dialect).items():
        lines.append(f'    "{name}": {_quoted(text)},')
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'


if __name__ == "__main__":
    for name, text in texts().items():
        Path(__file__).with_name(name).write_text(text)
