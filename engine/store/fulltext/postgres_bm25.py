"""Full text search by PostgreSQL: tsvector, a GIN index, and the scores of FTS5.

The words are parted and folded here and only stemmed by the server, because its own
parser depends on the locale of the database and breaks "1e5x" in two. The stemmer is
Porter's, FTS5's own, without stop words.

The server's ranks (``ts_rank``, ``ts_rank_cd``) know nothing of how rare a word is,
and are no log odds that could be added to those of vectors. So BM25 is computed, by
the formula of FTS5 with its constants and the same weights. How many rows have a word
comes from the GIN index; the number of all rows and words from a table of one row that
the writer keeps; how often a row has a word from the positions in its tsvector. To
count those takes long, so the label of a word says the two counts that almost all have:
A for once in what is said, the tags and the caption, B for once in the name.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, LiteralString

from engine.errors import InvalidQuery
from engine.store.fulltext.documents import WEIGHTS, WORD

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Connection

_CHARACTERS_INDEXED = 200_000
"""Characters of one moment that are indexed.

A tsvector holds a megabyte, of which a character takes up to four bytes, positions included.
"""
_WORD_CHARACTERS = 500
"""Characters of a word that are indexed: the server takes 2,046 bytes."""
_EXPRESSION = re.compile(r'"[^"]*"( OR "[^"]*")*')
_QUOTED = re.compile(r'"([^"]*)"')
_MARK = re.compile("[\u0300-\u036f]+")
"""The diacritics that FTS5 takes off."""

_CREATE = (
    "DROP TABLE IF EXISTS moments_fts, moments_fts_totals",
    "DROP TEXT SEARCH DICTIONARY IF EXISTS moments_fts_stems",
    "CREATE TEXT SEARCH DICTIONARY moments_fts_stems (TEMPLATE = snowball, LANGUAGE = porter)",
    # length is in words, of which the first ``body`` are not of the name.
    "CREATE TABLE moments_fts (rowid BIGINT PRIMARY KEY, words TSVECTOR NOT NULL,"
    " length INTEGER NOT NULL, body INTEGER NOT NULL)",
    # Without the list of what is to be indexed later, which every search would read through.
    "CREATE INDEX moments_fts_words ON moments_fts USING gin (words) WITH (fastupdate = off)",
    "CREATE TABLE moments_fts_totals (rows BIGINT NOT NULL, words BIGINT NOT NULL)",
    "INSERT INTO moments_fts_totals VALUES (0, 0)",
)
# As in FTS5, words of one or two bytes stay as they are.
_STEM = (
    "CASE WHEN octet_length(word) < 3 THEN word ELSE (ts_lexize('moments_fts_stems', word))[1] END"
)
# One statement for all rows, so that the one row of totals changes once. A tsvector
# has 16,383 positions, and what comes later shares the last.
_INSERT = f"""
WITH given AS (
    SELECT * FROM json_to_recordset(%(rows)s::json) AS r (rowid BIGINT, body INTEGER, words JSON)
), held AS (
    SELECT rowid, {_STEM} AS lexeme, array_agg(least(place, 16383)) AS places,
        CASE WHEN count(*) > 1 THEN 'D' WHEN min(place) > min(body) THEN 'B' ELSE 'A' END AS label
    FROM given, json_array_elements_text(given.words) WITH ORDINALITY AS w (word, place)
    GROUP BY rowid, lexeme
), vectors AS (
    SELECT rowid, string_agg(
        lexeme || ':' || array_to_string(places, label || ',') || label, ' '
    )::tsvector AS words
    FROM held GROUP BY rowid
), added AS (
    INSERT INTO moments_fts (rowid, words, length, body)
    SELECT rowid, coalesce(vectors.words, ''), json_array_length(given.words), body
    FROM given LEFT JOIN vectors USING (rowid)
    RETURNING length
)
UPDATE moments_fts_totals SET
    rows = rows + (SELECT count(*) FROM added),
    words = words + (SELECT coalesce(sum(length), 0) FROM added)
"""  # noqa: S608
_DELETE = """
WITH gone AS (
    DELETE FROM moments_fts
    WHERE rowid = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(%(ids)s::json)))
    RETURNING length
)
UPDATE moments_fts_totals SET
    rows = rows - (SELECT count(*) FROM gone),
    words = words - (SELECT coalesce(sum(length), 0) FROM gone)
"""
_TOTALS = (
    "SELECT (SELECT (rows, words) FROM moments_fts_totals)"
    " IS NOT DISTINCT FROM (SELECT (count(*), coalesce(sum(length), 0)::bigint) FROM moments_fts)"
)
# A word that is asked twice counts twice, as in FTS5; and one that most rows have
# counts next to nothing, and never against them.
_BM25 = f"""
WITH totals AS MATERIALIZED (
    SELECT rows, words::float8 / greatest(rows, 1) AS average FROM moments_fts_totals LIMIT 1
), asked AS MATERIALIZED (
    SELECT {_STEM} AS lexeme, count(*) AS times
    FROM json_array_elements_text(%(asked)s::json) AS w (word)
    GROUP BY lexeme
), weighed AS MATERIALIZED (
    SELECT lexeme, lexeme::tsquery AS has,
        (lexeme || ':A')::tsquery AS once, (lexeme || ':B')::tsquery AS in_name,
        times * greatest(ln((totals.rows - n + 0.5) / (n + 0.5)), 1e-6) AS weight
    FROM totals, asked, LATERAL (
        SELECT count(*)::float8 AS n FROM moments_fts f WHERE f.words @@ lexeme::tsquery
    ) AS counted
)
SELECT rowid, sum(
    weight * 2.2 / (1 + 1.2 * (0.25 + 0.75 * length / average) / CASE
        WHEN f.words @@ w.once THEN 1::float8
        WHEN f.words @@ w.in_name THEN {WEIGHTS["name"]}
        ELSE (
            SELECT sum(CASE WHEN place > f.body THEN {WEIGHTS["name"]} ELSE 1 END)
            FROM unnest(f.words) AS held, unnest(held.positions) AS place
            WHERE held.lexeme = w.lexeme
        ) END)
) AS score
FROM totals, weighed w JOIN moments_fts f ON f.words @@ w.has
WHERE true {{only}}
GROUP BY rowid
"""  # noqa: S608
_BEST = " ORDER BY score DESC, rowid LIMIT %(limit)s"
# A subquery, because a join would read all moments for the few that are found.
_OF_KINDS = """AND (SELECT kind FROM moments WHERE moment_id = f.rowid)
    = ANY (ARRAY(SELECT json_array_elements_text(%(kinds)s::json)))
"""
_SEARCH = _BM25.format(only="") + _BEST
_SEARCH_KINDS = _BM25.format(only=_OF_KINDS) + _BEST

_HAVING = f"""FROM moments_fts f WHERE EXISTS (
    SELECT FROM json_array_elements_text(%(asked)s::json) AS w (word)
    WHERE f.words @@ ({_STEM})::tsquery
) LIMIT %(most)s"""
_MATCHING = f"SELECT count(*), 0 FROM (SELECT 1 {_HAVING}) AS found"  # noqa: S608
_WRITTEN = f"SELECT rowid, 0 {_HAVING}"


class TextSearch:
    """The index as the writer's transaction sees it."""

    def create(self, db: Connection) -> None:
        for statement in _CREATE:
            db.exec_driver_sql(statement)

    def put(self, db: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            db.exec_driver_sql(_INSERT, {"rows": json.dumps(list(map(_row, rows)))})

    def drop(self, db: Connection, moment_ids: Iterable[int]) -> None:
        db.exec_driver_sql(_DELETE, {"ids": json.dumps(list(moment_ids))})


def _row(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return all words of a moment, and how many of them are not of its name."""
    # The caption first: it is short, and so is never what is cut off.
    body = _all_words(f"{fields['caption']} {fields['text']} {fields['tags']}")
    name = _all_words(fields["name"])
    return {"rowid": fields["moment_id"], "body": len(body), "words": [*body, *name]}


def _all_words(text: str) -> list[str]:
    """Split a text into its words in their order, folded as FTS5 folds them."""
    apart = _MARK.sub("", unicodedata.normalize("NFD", text.casefold()))
    folded = unicodedata.normalize("NFC", apart)[:_CHARACTERS_INDEXED]
    return [word[:_WORD_CHARACTERS] for word in WORD.findall(folded)]


def search(
    connection: psycopg.Connection[Any], match: str, kinds: Sequence[str], limit: int
) -> list[tuple[int, float]]:
    """Return moments whose words match, best first; ``match`` is what ``match_any`` makes."""
    values = {"kinds": json.dumps(list(kinds)), "limit": limit}
    return _ask(connection, _SEARCH_KINDS if kinds else _SEARCH, match, values)


def matching(connection: psycopg.Connection[Any], match: str, most: int) -> int:
    """Count the moments whose words match, up to ``most``."""
    return int(_ask(connection, _MATCHING, match, {"most": most})[0][0])


def written(connection: psycopg.Connection[Any], match: str, most: int) -> list[int]:
    """Return moments whose words match, up to ``most``, in no order: columns are one here."""
    return [int(i) for i, _ in _ask(connection, _WRITTEN, match, {"most": most})]


def count(connection: psycopg.Connection[Any]) -> int:
    """Count the rows of the index; 0 where it is missing."""
    if _value(connection, "SELECT to_regclass('moments_fts')") is None:
        return 0
    return int(_value(connection, "SELECT count(*) FROM moments_fts"))


def wrong_totals(connection: psycopg.Connection[Any]) -> list[str]:
    """List one problem if the totals that scores rest on are not those of the rows."""
    if count(connection) and not _value(connection, _TOTALS):
        return ["the totals of the full text index are wrong; sensorium rebuild"]
    return []


def _value(connection: psycopg.Connection[Any], text: LiteralString) -> Any:
    """Return the first column of the first row."""
    row = connection.execute(text).fetchone()
    return row[0] if row else None


def _ask(
    connection: psycopg.Connection[Any], text: str, match: str, values: Mapping[str, object]
) -> list[tuple[int, float]]:
    if not _EXPRESSION.fullmatch(match):
        raise InvalidQuery(f"{match!r} is no full text expression of quoted words")
    asked = _all_words(" ".join(_QUOTED.findall(match)))
    asked_with = {"asked": json.dumps(asked), **values}
    return connection.execute(text.encode(), asked_with).fetchall()
