"""Parse the expression of ``--where`` into a filter. docs/language.md has the grammar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from engine.errors import QuerySyntax
from engine.query.language.filter_fields import (
    FIELD_NAMES,
    FIELDS,
    MAX_COMPARISONS,
    SINCE,
    all_of,
    any_of,
    compare,
    too_many_comparisons,
)
from engine.query.language.filter_values import closest
from engine.query.language.token import Token, read_quotation
from engine.types import FILTER_OPERATORS, Filter, Not

_DEEPEST = 64
"""Parentheses in one another."""
_QUOTES = ('"', "“", "'")
_PIECE = re.compile(r"[(),]|[<>=!]+|[^\s(),<>=!]+")
_NONSPACE = re.compile(r"\S")
_PUNCTUATION = re.compile(r"[(),]|[<>=!]+")
_WORDS: Mapping[str, tuple[str, ...]] = {
    "kind": ("is", "in"),
    "path": ("is", "in", "like"),
    "date": ("=", "!=", "is", "in"),
    "place": ("is", "in"),
    "tags": ("is", "in", "has"),
    "speech": ("is",),
    "screen": ("is",),
}
"""Operators of the language besides those of a ``Condition``, which it is read into."""
_IN_ORDER = ("=", "!=", "is", "in", "like", "has", "<", "<=", ">", ">=")
_OPERATORS: Mapping[str, tuple[str, ...]] = {
    field: tuple(op for op in _IN_ORDER if op in known or op in _WORDS.get(field, ()))
    for field, known in FILTER_OPERATORS.items()
}
_EQUAL = ("is", "in", "has", "like")


def parse_where(text: str, today: date | None = None) -> Filter:
    """Parse an expression into a filter.

    Args:
        text: any text at all.
        today: the day that ``after 7d`` is counted from; None is this one.

    Raises:
        QuerySyntax: the text is no expression.
    """
    return _Reader(text, today or date.today()).whole()


def _tokens(source: str) -> list[Token]:
    found, at = [], 0
    while begin := _NONSPACE.search(source, at):
        at = begin.start()
        if source[at] in _QUOTES:
            token, at = read_quotation(source, at, len(source))
        else:
            piece = _PIECE.match(source, at)
            token = Token(source, at, piece[0] if piece else source[at])
            at += len(token.text)
        found.append(token)
    return found


class _Reader:
    """Reads by recursive descent; only parentheses descend, and they are counted."""

    def __init__(self, source: str, today: date) -> None:
        self.end = Token(source, len(source), "")
        self.tokens = _tokens(source)
        self.at = 0
        self.open: list[Token] = []
        self.compared = 0
        self.today = today

    def whole(self) -> Filter:
        made = self.any()
        if self.next is self.end:
            return made
        if self.is_next(")"):
            raise self.next.refused("no parenthesis is open here", "take it out")
        raise self.next.refused(
            f"{self.next.shown} follows a whole comparison",
            "join comparisons with and / or, quote a value with spaces, "
            "and put several values in parentheses",
        )

    def any(self) -> Filter:
        found = [self.all()]
        while self.took("or"):
            found.append(self.all())
        return any_of(found)

    def all(self) -> Filter:
        found = [self.negation()]
        while self.took("and"):
            found.append(self.negation())
        return all_of(found)

    def negation(self) -> Filter:
        if self.took("not"):
            return Not(self.group())
        return self.group()

    def group(self) -> Filter:
        if not self.is_next("("):
            return self.comparison()
        self.open.append(self.take())
        if len(self.open) > _DEEPEST:
            raise self.open[-1].refused(
                f"parentheses are more than {_DEEPEST} deep", "take out some"
            )
        made = self.any()
        opened = self.open.pop()
        if not self.took(")"):
            raise opened.refused("this parenthesis is not closed", "add ) where it ends")
        return made

    def comparison(self) -> Filter:
        name = self.take()
        word = name.text.lower()
        if name.quoted or word not in FIELD_NAMES:
            raise _no_field(name)
        if word in SINCE:
            return self.counted("date", SINCE[word], [self.value()])
        field = FIELDS[word]
        op = self.operator(name, field)
        if self.is_next("("):
            listed = field == "place" or op.text.lower() == "in"
            values = self.several() if listed else [self.value()]
        else:
            value = self.value()
            values = list(value.split(",")) if field == "place" else [value]
        return self.counted(field, _symbol(op), values)

    def counted(self, field: str, op: str, values: list[Token]) -> Filter:
        self.compared += 1 if field == "place" else len(values)
        if self.compared > MAX_COMPARISONS:
            raise too_many_comparisons(values[0])
        return compare(field, op, values, self.today)

    def operator(self, name: Token, field: str) -> Token:
        op = self.take()
        if not op.quoted and op.text.lower() in _OPERATORS[field]:
            return op
        if op.text.lower() == "not":
            raise op.refused("'not' stands before a comparison", f"say: not {name.text} ...")
        wrong = f"{op.shown} is no comparison" if op.text else "a comparison is missing"
        allowed = " ".join(_OPERATORS[field])
        raise op.refused(wrong, f"{name.text.lower()} can be compared by {allowed}")

    def several(self) -> list[Token]:
        opened = self.take()
        values = [self.value()]
        while self.took(","):
            values.append(self.value())
        if not self.took(")"):
            raise opened.refused(
                "this list is not closed", "part its values with commas, and end it with )"
            )
        return values

    def value(self) -> Token:
        value = self.take()
        if value is self.end or (not value.quoted and _PUNCTUATION.fullmatch(value.text)):
            found = value.shown if value.text else "the end"
            raise value.refused(f"a value is missing before {found}", "add it, or quote it")
        return value

    @property
    def next(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else self.end

    def take(self) -> Token:
        token = self.next
        self.at += 1
        return token

    def is_next(self, word: str) -> bool:
        return not self.next.quoted and self.next.text.lower() == word

    def took(self, word: str) -> bool:
        found = self.is_next(word)
        self.at += found
        return found


def _symbol(op: Token) -> str:
    word = op.text.lower()
    return "=" if word in _EQUAL else word


def _no_field(name: Token) -> QuerySyntax:
    known = f"fields are {', '.join(FIELD_NAMES)}"
    if name.quoted or not name.text or _PUNCTUATION.fullmatch(name.text):
        found = name.shown if name.text else "the end"
        return name.refused(f"a field is missing before {found}", f"{known}; try kind = video")
    near = closest(name.text, FIELD_NAMES)
    return name.refused(f"unknown field {name.shown}", f"did you mean {near!r}?" if near else known)
