"""Compile a filter to SQL by hand: a cold search must not import SQLAlchemy.

Every condition is TRUE or FALSE of an asset and never NULL, so that NOT is a real
complement. What comes from outside is a bound parameter, always.

A tag's word equals another one without regard to the case of ASCII letters; other
letters as they were typed, all small, all capital, or capital in front. A byte of a
path that is not UTF-8 counts as three characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TypeAlias

from engine.common import local_time
from engine.errors import InvalidQuery
from engine.store.paths import storable, to_text
from engine.store.sql import globs
from engine.types import FILTER_OPERATORS, AllOf, AnyOf, Condition, Filter, Kind, Modality, Not

_MOST_PARTS = 250
"""Conditions of one filter, and what joins them; SQLite takes some 480."""
_DEEPEST = 20
"""Levels of filters in one another; SQLite's parser takes about twice as many."""
_LONGEST = 4_096
"""Characters of a text that is compared: no path is longer."""


Bind: TypeAlias = Callable[[object], str]
"""Takes a value, and returns the parameter that stands for it."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The parts of a filter that the two databases write differently."""

    parameter: str
    """A bound value by its name."""
    holds: str
    """Condition that the tags of a moment ``t``, as text, match a pattern of LIKE."""
    tags: str
    """The tags of ``t`` as rows ``w``."""
    word: str
    """The word of ``w``, its ASCII letters small."""
    any_moment: str
    """Condition that the asset has a moment in a source ``t`` for which a condition is true."""
    path: Callable[[str, Bind], str]
    """The comparison of a path with a glob."""


def select(
    where: Filter, kinds: Sequence[str], modalities: Sequence[str], dialect: Dialect
) -> tuple[str, dict[str, object]]:
    """Write the query for moments of these kinds and modalities whose assets pass a filter.

    Returns:
        Its text and its values.

    Raises:
        InvalidQuery: a field, operator or value that there is not.
    """
    compiler = _Compiler(dialect)
    passed = compiler.filter(where, 0)
    if kinds:
        passed = f"{passed} AND {compiler.among('a.kind', kinds)}"
    assets = f"SELECT a.asset_id FROM assets a WHERE {passed}"  # noqa: S608
    text = f"SELECT moment_id FROM moments WHERE asset_id IN ({assets})"  # noqa: S608
    if modalities:
        text = f"{text} AND {compiler.among('modality', modalities)}"
    return text, compiler.values


def select_files(
    where: Filter, kinds: Sequence[str], dialect: Dialect
) -> tuple[str, dict[str, object]]:
    """Write the query for what assets that pass a filter are listed by.

    Raises:
        InvalidQuery: as ``select``.
    """
    compiler = _Compiler(dialect)
    passed = compiler.filter(where, 0)
    if kinds:
        passed = f"{passed} AND {compiler.among('a.kind', kinds)}"
    listed = "a.asset_id, a.path, a.kind, a.size, a.mtime_ns, a.taken_at"
    return f"SELECT {listed} FROM assets a WHERE {passed}", compiler.values  # noqa: S608


class _Compiler:
    """Writes conditions of an asset ``a``, and collects their values."""

    def __init__(self, dialect: Dialect) -> None:
        self.values: dict[str, object] = {}
        self._dialect = dialect
        self._parts = 0

    def bind(self, value: object) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return self._dialect.parameter.format(name)

    def among(self, column: str, values: Iterable[object]) -> str:
        return f"{column} IN ({', '.join(map(self.bind, values))})"

    def filter(self, where: Filter, depth: int) -> str:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise InvalidQuery(
                f"a filter of more than {_MOST_PARTS} conditions; ask in several parts"
            )
        if depth > _DEEPEST:
            raise InvalidQuery(f"a filter of more than {_DEEPEST} levels; write it flatter")
        match where:
            case Condition():
                return self._condition(where)
            case Not(inner):
                return f"(NOT {self.filter(inner, depth + 1)})"
            case AllOf(parts):
                return self._joined(" AND ", parts, depth) or "TRUE"
            case AnyOf(parts):
                return self._joined(" OR ", parts, depth) or "FALSE"

    def _joined(self, operator: str, parts: tuple[Filter, ...], depth: int) -> str:
        joined = operator.join(self.filter(part, depth + 1) for part in parts)
        return joined and f"({joined})"

    def _condition(self, condition: Condition) -> str:
        if condition.field not in FILTER_OPERATORS:
            raise InvalidQuery(
                f"nothing is filtered by {condition.field!r}, but by {_or(FILTER_OPERATORS)}"
            )
        if condition.op not in FILTER_OPERATORS[condition.field]:
            known = _or(FILTER_OPERATORS[condition.field])
            raise InvalidQuery(
                f"{condition.field} is compared by {known}, and not by {condition.op!r}"
            )
        holds = getattr(self, f"_{condition.field}")(condition)
        return f"(NOT {holds})" if condition.op == "!=" else str(holds)

    def _kind(self, condition: Condition) -> str:
        return f"(a.kind = {self.bind(_one_of(condition, list(Kind)))})"

    def _path(self, condition: Condition) -> str:
        return self._dialect.path(storable(to_text(_text(condition))), self.bind)

    def _date(self, condition: Condition) -> str:
        # A time on disk is compared as an instant, by the zone of the user's own clock: the
        # zone of a server is another one, and the databases know no other alike.
        given = storable(_text(condition))
        op, instant = local_time.bound(condition.op, given)
        compared = f"a.taken_at {condition.op} {self.bind(given)}"
        changed = f"a.mtime_ns {op} {self.bind(instant)}"
        return f"(CASE WHEN a.taken_at IS NULL THEN {changed} ELSE {compared} END)"

    def _duration(self, condition: Condition) -> str:
        compared = f"a.duration {condition.op} {self.bind(_number(condition))}"
        return f"(a.duration IS NOT NULL AND {compared})"

    def _size(self, condition: Condition) -> str:
        return f"(a.size {condition.op} {self.bind(_number(condition))})"

    def _place(self, condition: Condition) -> str:
        south, west, north, east = _box(condition)
        crosses = "OR" if west > east else "AND"
        return (
            "(a.latitude IS NOT NULL AND a.longitude IS NOT NULL"
            f" AND a.latitude >= {self.bind(south)} AND a.latitude <= {self.bind(north)}"
            f" AND (a.longitude >= {self.bind(west)}"
            f" {crosses} a.longitude <= {self.bind(east)}))"
        )

    def _tags(self, condition: Condition) -> str:
        typed = storable(_text(condition))
        spellings = {typed, typed.lower(), typed.upper(), typed.capitalize(), typed.title()}
        words = sorted({ascii_lower(word) for word in spellings})
        # To parse JSON takes ten times as long as to see that a word is not in it. The
        # words are in there as json.dumps writes them.
        seen = (self._dialect.holds.format(self.bind(_like(json.dumps(word)))) for word in words)
        same = f"({' OR '.join(seen)}) AND {self.among(self._dialect.word, words)}"
        heard = self._any_moment(f"moments t, {self._dialect.tags}", same)
        given = self._any_moment("asset_tags t", self.among("t.folded", words))
        return f"({heard} OR {given})"

    def _speech(self, condition: Condition) -> str:
        return self._has_moment(condition, Modality.SPEECH)

    def _screen(self, condition: Condition) -> str:
        return self._has_moment(condition, Modality.SCREEN)

    def _has_moment(self, condition: Condition, modality: Modality) -> str:
        # The kinds are there for the index, which begins with them.
        of_it = f"{self.among('t.kind', list(Kind))} AND t.modality = '{modality}'"
        there = self._any_moment("moments t", of_it)
        return there if _one_of(condition, ["yes", "no"]) == "yes" else f"(NOT {there})"

    def _any_moment(self, source: str, condition: str) -> str:
        return self._dialect.any_moment.format(source=source, condition=condition)


def _or(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}"


def _text(condition: Condition) -> str:
    if not isinstance(condition.value, str) or len(condition.value) > _LONGEST:
        raise InvalidQuery(
            f"{condition.field} is compared with a text of at most {_LONGEST:,} characters"
        )
    return condition.value


def _one_of(condition: Condition, known: Sequence[str]) -> str:
    if condition.value not in known:
        raise InvalidQuery(f"{condition.field} is {_or(known)}, and never {condition.value!r}")
    return str(condition.value)


def _number(condition: Condition) -> float:
    value = _float(condition.value)
    if value is None:
        raise InvalidQuery(
            f"{condition.field} is compared with a number, and not with {condition.value!r}"
        )
    return value


def _box(condition: Condition) -> tuple[float, ...]:
    given = condition.value if isinstance(condition.value, tuple) else ()
    box = tuple(found for found in map(_float, given) if found is not None)
    if len(given) != 4 or len(box) != 4 or box[0] > box[2]:
        raise InvalidQuery(
            f"place is a box of south, west, north, east, and not {condition.value!r}"
        )
    return box


def _float(value: object) -> float | None:
    """Return a number that compares, and that every database takes; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return None if isnan(number) else number


_LIKE_SPECIAL = re.compile("[!%_]")


def _like(part: str) -> str:
    """Return the pattern, with ``!`` as its escape, for texts that have this part."""
    escaped = _LIKE_SPECIAL.sub(r"!\g<0>", part)
    return f"%{escaped}%"


def ascii_lower(text: str) -> str:
    """Fold ASCII letters alone, as both databases do."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def _sqlite_path(glob: str, bind: Bind) -> str:
    found = globs.parse(glob)
    if found is None:
        return "FALSE"
    pattern = globs.to_sqlite(found)
    if not globs.is_of_name(glob):
        return f"(a.path GLOB {bind(pattern)})"
    ends = f"a.path GLOB {bind(pattern if pattern.startswith('*') else f'*/{pattern}')}"
    if globs.Wild.MANY not in found[1:]:
        return f"({ends})"
    # A star further on may have crossed a slash. To part the name from its folder takes
    # ten times as long as to compare, so few should come this far.
    name = "substr(a.path, length(rtrim(a.path, replace(a.path, '/', ''))) + 1)"
    return f"({ends} AND {name} GLOB {bind(pattern)})"


def _postgres_path(glob: str, bind: Bind) -> str:
    found = globs.parse(glob)
    if found is None:
        return "FALSE"
    return f"(a.path ~ {bind(globs.to_regex(found, globs.is_of_name(glob)))})"


SQLITE = Dialect(
    parameter=":{}",
    holds="t.tags LIKE {} ESCAPE '!'",
    tags="json_each(t.tags) w",
    word="lower(json_extract(w.value, '$[0]'))",
    any_moment="(a.asset_id IN (SELECT t.asset_id FROM {source} WHERE {condition}))",
    path=_sqlite_path,
)
POSTGRES = Dialect(
    parameter="%({})s",
    # By this collation the case of ASCII letters alone is known, as in SQLite.
    holds="""(t.tags::text COLLATE "C") ILIKE {} ESCAPE '!'""",
    tags="json_array_elements(t.tags) w",
    word="""lower((w.value ->> 0) COLLATE "C")""",
    # NOT IN would be asked for every asset anew where the planner expects too many rows.
    any_moment="EXISTS (SELECT FROM {source} WHERE t.asset_id = a.asset_id AND {condition})",
    path=_postgres_path,
)
