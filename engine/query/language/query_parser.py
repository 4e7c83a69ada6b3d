"""Parse the query language into parts and a filter. docs/language.md has the grammar.

Pure: no file is looked at. An example is what is written like a path or a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from engine.errors import QuerySyntax
from engine.query.language.filter_fields import (
    MAX_COMPARISONS,
    all_of,
    count_comparisons,
    named_filter,
    too_many_comparisons,
)
from engine.query.language.lexer import Lexeme, LexemeRole, split_lexemes
from engine.query.language.token import Token
from engine.types import Filter, Not, PartKind, QueryPart

_THEN = "then"
_MOST_WEIGHT = 100.0
_EXAMPLE = re.compile(r"\.\.?/|/|~[^/]*/|https?://", re.IGNORECASE)
_RELATIVE = ("./", "../", "~/")
_AS_TEXT = "put it in double quotes to search for it as text"


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A query: what to find, and which assets may have it."""

    stages: tuple[tuple[QueryPart, ...], ...]
    """Parts to find one after another in one asset; each stage wants something. None where the
    query is empty, or filters are all that is in it."""
    filter: Filter | None
    """The filter of the whole query, whatever stage it stands in."""


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of the source that is read on its own."""

    begin: int
    end: int
    opened: int
    """The place to point at when nothing is in it: the ``then`` before it, or its begin."""


@dataclass(frozen=True, slots=True)
class _Stage:
    pieces: Sequence[Lexeme]
    opened: int


def parse_query(text: str, today: date | None = None) -> ParsedQuery:
    """Parse the text of a query.

    Args:
        text: any text at all.
        today: the day that ``after:7d`` is counted from; None is this one.

    Raises:
        QuerySyntax: the text is no query.
    """
    return _parsed(text, [_Window(0, len(text), 0)], today)


def parse_query_words(words: Sequence[str], today: date | None = None) -> ParsedQuery:
    """Parse the words of a command line as a query.

    Among several, each ``then`` that is a word by itself parts two stages, because a shell
    takes off the quotes beside which it would do so in a text. Positions of errors count in
    the words joined by single spaces.

    Raises:
        QuerySyntax: the words are no query.
    """
    source = " ".join(words)
    begin = at = opened = 0
    windows = []
    for word in words if len(words) > 1 else ():
        if word.lower() == _THEN:
            windows.append(_Window(begin, max(begin, at - 1), opened))
            opened, begin = at, at + len(word)
        at += len(word) + 1
    return _parsed(source, [*windows, _Window(begin, len(source), opened)], today)


def is_example(word: str) -> bool:
    """Tell whether a word that stands alone is the path or the URL of an example."""
    return _EXAMPLE.match(word) is not None


def quoted(text: str) -> str:
    """Quote a text, so that it stands for itself in a query. It must not be blank."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _parsed(source: str, windows: Sequence[_Window], today: date | None) -> ParsedQuery:
    today = today or date.today()
    stages = [stage for window in windows for stage in _stages(source, window)]
    filters = list(_filters(stages, today))
    parts = [tuple(_parts(stage.pieces)) for stage in stages]
    if len(stages) == 1 and not parts[0]:
        parts = []
    for stage, made in zip(stages, parts, strict=False):
        _check_wanted(source, stage, made)
    return ParsedQuery(tuple(parts), all_of(filters) if filters else None)


def _check_wanted(source: str, stage: _Stage, parts: Sequence[QueryPart]) -> None:
    if any(part.weight > 0 for part in parts):
        return
    if parts:
        wrong = "nothing is asked for, only excluded"
        position = next(p.token.position for p in stage.pieces if p.role is not LexemeRole.FILTER)
    else:
        wrong, position = "nothing to find stands on one side of this 'then'", stage.opened
    raise QuerySyntax(source, position, wrong, f"add what to look for, or {_AS_TEXT}")


def _stages(source: str, window: _Window) -> Iterator[_Stage]:
    pieces = split_lexemes(source, window.begin, window.end)
    begin, opened = 0, window.opened
    for i in range(len(pieces)):
        if joins_stages(pieces, i):
            yield _Stage(pieces[begin:i], opened)
            begin, opened = i + 1, pieces[i].token.position
    yield _Stage(pieces[begin:], opened)


def joins_stages(pieces: Sequence[Lexeme], i: int) -> bool:
    """Tell whether a piece is a ``then`` that stands free beside a quoted phrase."""
    piece, after = pieces[i], pieces[i + 1 : i + 2]
    if piece.role is not LexemeRole.WORD or piece.token.text.lower() != _THEN:
        return False
    if piece.glued or (after and after[0].glued):
        return False
    left = _neighbour(pieces, range(i - 1, -1, -1), {LexemeRole.FILTER})
    right = _neighbour(pieces, range(i + 1, len(pieces)), {LexemeRole.FILTER, LexemeRole.WEIGHT})
    return any(beside and beside.token.quoted for beside in (left, right))


def _neighbour(pieces: Sequence[Lexeme], at: range, passed: set[LexemeRole]) -> Lexeme | None:
    return next((pieces[i] for i in at if pieces[i].role not in passed), None)


def _filters(stages: Sequence[_Stage], today: date) -> Iterator[Filter]:
    count = 0
    for stage in stages:
        for piece in stage.pieces:
            if piece.value is None:
                continue
            made = named_filter(piece.token, piece.value, today)
            count += count_comparisons(made)
            if count > MAX_COMPARISONS:
                raise too_many_comparisons(piece.token)
            yield Not(made) if piece.negated else made


def _parts(pieces: Sequence[Lexeme]) -> Iterator[QueryPart]:
    """Yield the parts; each runs to the next sign or filter."""
    run: list[Lexeme] = []
    for piece in pieces:
        if piece.role in (LexemeRole.SIGN, LexemeRole.FILTER) and run:
            yield _part(run)
            run = []
        if piece.role is not LexemeRole.FILTER:
            run.append(piece)
    if run:
        yield _part(run)


def _part(run: Sequence[Lexeme]) -> QueryPart:
    sign, weight, begin = 1.0, 1.0, 0
    if run[0].role is LexemeRole.SIGN:
        sign, begin = (-1.0 if run[0].token.text == "-" else 1.0), 1
    if begin < len(run) and run[begin].role is LexemeRole.WEIGHT:
        weight, begin = _weight(run[begin].token), begin + 1
    body = run[begin:]
    if not body:
        raise _nothing_after(run)
    value, asked = _value(body)
    quoted = _quoted_places(body) if asked is PartKind.TEXT else ()
    return QueryPart(value, asked, sign * weight, quoted)


def _nothing_after(run: Sequence[Lexeme]) -> QuerySyntax:
    token = run[0].token
    if run[0].role is LexemeRole.WEIGHT:
        return token.refused(
            f"nothing follows the weight {token.shown}", f"add what it is of, or {_AS_TEXT}"
        )
    return token.refused(
        f"nothing follows the sign {token.shown}",
        f"add what it is of, write a filter's sign without a space (-kind:video), or {_AS_TEXT}",
    )


def _weight(token: Token) -> float:
    weight = float(token.text[:-1])
    if 0 < weight <= _MOST_WEIGHT:
        return weight
    raise token.refused(
        f"{token.shown} is no weight", f"a weight is above 0 and at most 100; else {_AS_TEXT}"
    )


def _value(body: Sequence[Lexeme]) -> tuple[str, PartKind]:
    named = next((piece for piece in body if piece.role is LexemeRole.EXAMPLE), None)
    if named and len(body) > 1:
        raise named.token.refused(
            "an example is a part of its own",
            f"put a + between it and the words beside it, or {_AS_TEXT}",
        )
    if named:
        return _path(named.token), PartKind.FILE
    only = body[0]
    if len(body) == 1 and only.role is LexemeRole.WORD and is_example(only.token.text):
        return _path(only.token), PartKind.FILE
    # One with spaces that is there has been quoted by now.
    if only.role is LexemeRole.WORD and only.token.text.startswith(_RELATIVE):
        raise only.token.refused(
            f"there is no such file: {_joined(body)!r}",
            f"put a + between a path and the words behind it, or {_AS_TEXT}",
        )
    return _joined(body), PartKind.TEXT


def _path(token: Token) -> str:
    if "\0" in token.text:
        raise token.refused("a path has a NUL character in it", f"take it out, or {_AS_TEXT}")
    return token.text


def _joined(body: Sequence[Lexeme]) -> str:
    words = [("" if piece.glued else " ") + piece.token.text for piece in body]
    return "".join(words).strip()


def _quoted_places(body: Sequence[Lexeme]) -> tuple[tuple[int, int], ...]:
    """Return the places of phrases in the text that ``_joined`` makes of pieces."""
    places = []
    for number, piece in enumerate(body):
        if piece.role is LexemeRole.PHRASE:
            before, through = _joined(body[:number]), _joined(body[: number + 1])
            places.append((len(before), len(through)))
    return tuple(places)
