"""The fields that a filter can compare, and what a comparison of one becomes.

Shared by both grammars, so that ``date:2024-06`` and ``date = 2024-06`` cannot come to
mean different things. Dates are compared with starts of periods alone (``>=`` and ``<``):
a coarse date is a prefix, and ``2024-06-30T18:30`` is after the text ``2024-06``
although it is not after June.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from engine.errors import QuerySyntax
from engine.query.language import filter_values
from engine.query.language.token import Token
from engine.types import AllOf, AnyOf, Condition, Filter, Not

FIELDS: Mapping[str, str] = {
    "kind": "kind",
    "path": "path",
    "date": "date",
    "duration": "duration",
    "size": "size",
    "place": "place",
    "near": "place",
    "tags": "tags",
    "tag": "tags",
    "speech": "speech",
    "screen": "screen",
}
"""The field of a condition, by the names that users may call it."""
SINCE: Mapping[str, str] = {"after": ">=", "before": "<"}
"""Comparisons of a date that are called by a name."""
FIELD_NAMES = (*FIELDS, *SINCE)
MAX_COMPARISONS = 256
"""Comparisons in one filter: more than a person types, and fewer than a database refuses."""

_READERS: Mapping[str, Callable[[Token], str | float]] = {
    "kind": filter_values.parse_kind,
    "duration": filter_values.parse_seconds,
    "size": filter_values.parse_byte_count,
    "tags": filter_values.parse_word,
    "speech": filter_values.parse_yes_or_no,
    "screen": filter_values.parse_yes_or_no,
}
_LISTED = ("kind", "tags")
_EXAMPLES = {
    "date": "date:2024-06, date:>=2024 or date:2023..2024",
    "duration": "duration:<60, duration:>=1m30s or duration:90..120",
    "size": "size:>1mb, size:<=500kb or size:1mb..2mb",
}
"""Examples for the fields that have an order."""
_ORDER = re.compile("<=|>=|<|>|")
_RANGE = ".."


def all_of(filters: Iterable[Filter]) -> Filter:
    """Join one filter or more by ``and``."""
    several = tuple(filters)
    return several[0] if len(several) == 1 else AllOf(several)


def any_of(filters: Iterable[Filter]) -> Filter:
    """Join one filter or more by ``or``."""
    several = tuple(filters)
    return several[0] if len(several) == 1 else AnyOf(several)


def count_comparisons(of: Filter) -> int:
    """Count the comparisons that a filter makes."""
    if isinstance(of, Condition):
        return 1
    if isinstance(of, Not):
        return count_comparisons(of.filter)
    return sum(map(count_comparisons, of.filters))


def too_many_comparisons(token: Token) -> QuerySyntax:
    return token.refused(
        f"this is one comparison more than {MAX_COMPARISONS}", "ask for less at once"
    )


def named_filter(name: Token, value: Token, today: date) -> Filter:
    """Return the filter of ``name:value`` in a query.

    Args:
        name: one of ``FIELD_NAMES``, in any case.
        today: the day that ``7d`` is counted from.

    Raises:
        QuerySyntax: the value is none of the field's.
    """
    called = name.text.lower()
    if called in SINCE:
        return compare("date", SINCE[called], [value], today)
    field = FIELDS[called]
    if field in _EXAMPLES:
        return _ordered(field, value, today)
    listed = field == "place" or (field in _LISTED and not value.quoted)
    return compare(field, "=", list(value.split(",")) if listed else [value], today)


def compare(field: str, op: str, values: Sequence[Token], today: date) -> Filter:
    """Compare a field with a value, or with any of several.

    Args:
        field: a value of ``FIELDS``.
        op: ``= != < <= > >=``, one that the field has.
        values: the values; of a place, the four borders of the one box.
        today: the day that ``7d`` is counted from.

    Raises:
        QuerySyntax: a value is none of the field's.
    """
    if len(values) > MAX_COMPARISONS:
        raise too_many_comparisons(values[MAX_COMPARISONS])
    if field == "place":
        return Condition(field, op, filter_values.parse_box(values))
    if field == "path":
        globs = [glob for token in values for glob in filter_values.parse_patterns(token)]
        join = all_of if op == "!=" else any_of
        return join(Condition(field, op, glob) for glob in globs)
    if field == "date":
        return any_of(_dated(op, *filter_values.parse_period(token, today)) for token in values)
    return any_of(Condition(field, op, _READERS[field](token)) for token in values)


def _dated(op: str, start: str, end: str) -> Filter:
    since, until = Condition("date", ">=", start), Condition("date", "<", end)
    if op == "=":
        return AllOf((since, until))
    if op == "!=":
        return Not(AllOf((since, until)))
    if op in ("<=", "<"):
        return until if op == "<=" else Condition("date", "<", start)
    return since if op == ">=" else Condition("date", ">=", end)


def _ordered(field: str, value: Token, today: date) -> Filter:
    between = value.text.find(_RANGE)
    if between >= 0:
        ends = value.cut(0, between), value.cut(between + len(_RANGE))
        return _range(field, value, ends, today)
    op = _leading_order(value)
    if not op and field != "date":
        raise value.refused(f"{value.shown} is no range of {field}", f"say {_EXAMPLES[field]}")
    operand = value.cut(len(op))
    if not operand.text.strip():
        raise operand.refused("a value is missing", f"say {_EXAMPLES[field]}, without spaces")
    return compare(field, op or "=", [operand], today)


def _leading_order(value: Token) -> str:
    match = _ORDER.match(value.text)
    return match[0] if match else ""


def _range(field: str, value: Token, ends: Sequence[Token], today: date) -> Filter:
    if field == "date":
        (start, _), (last, end) = (filter_values.parse_period(token, today) for token in ends)
        made = AllOf((Condition(field, ">=", start), Condition(field, "<", end)))
        backwards = last < start
    else:
        least, most = (_READERS[field](token) for token in ends)
        made = AllOf((Condition(field, ">=", least), Condition(field, "<=", most)))
        backwards = float(most) < float(least)
    if backwards:
        raise value.refused(f"the range {value.shown} ends before it begins", "turn it round")
    return made
