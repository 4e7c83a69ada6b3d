"""The pieces of a query that is being typed, with their places, and every mistake in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from engine.errors import InvalidQuery, QuerySyntax
from engine.query.language.filter_fields import FIELDS, SINCE, named_filter
from engine.query.language.lexer import Lexeme, LexemeRole, placed_lexemes
from engine.query.language.query_builder import build_query
from engine.query.language.query_parser import is_example, joins_stages
from engine.types import Kind, PartKind

_ROLES = {
    LexemeRole.SIGN: "sign",
    LexemeRole.WEIGHT: "weight",
    LexemeRole.WORD: "word",
    LexemeRole.PHRASE: "phrase",
    LexemeRole.EXAMPLE: "example",
    LexemeRole.FILTER: "filter",
}
_WORD = re.compile(r"\S*")
_QUOTES = '"“'


@dataclass(frozen=True, slots=True)
class QueryPiece:
    """A piece of a query, which is ``text[begin:end]`` of what was typed."""

    role: str
    """``word``, ``phrase``, ``sign``, ``weight``, ``example``, ``filter`` or ``then``."""
    begin: int
    end: int
    field: str | None = None
    """The field of a filter, by its own name: ``tags`` for ``tag:beach``."""
    value: str | None = None
    """The value of a filter, or the text of a phrase, without its quotes."""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class QueryMistake:
    """A stretch of a query that cannot be read, and the way out."""

    begin: int
    end: int
    wrong: str
    advice: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A query as it is read. Places count characters (Unicode code points)."""

    text: str
    pieces: tuple[QueryPiece, ...]
    mistakes: tuple[QueryMistake, ...]
    """In the order of their places; without any, the query can be run."""
    asked: tuple[str, ...] = ()
    """The texts that are looked for, as they are understood."""
    excluded: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    """The kinds of files that are looked for; empty means all."""
    notes: tuple[str, ...] = ()
    """Notes about words that were taken for a filter or for courtesy, one line each."""


def outline(text: str) -> Outline:
    """Return the pieces of a query, and its mistakes; a blank one has neither."""
    placed, errors = placed_lexemes(text)
    lexemes = [lexeme for lexeme, _, _ in placed]
    pieces = tuple(
        _piece(lexemes, number, begin, end) for number, (_, begin, end) in enumerate(placed)
    )
    errors += _wrong_filters(lexemes, date.today())
    mistakes = {error.position: _mistake(error, pieces) for error in errors}
    if not text.strip() or mistakes:
        return Outline(text, pieces, _in_order(mistakes.values()))
    try:
        query = build_query(text, local=False)
    except QuerySyntax as error:
        return Outline(text, pieces, (_mistake(error, pieces),))
    except InvalidQuery as error:
        return Outline(text, pieces, (QueryMistake(0, len(text), str(error), ""),))
    parts = [
        part
        for stage in query.stages
        for part in stage
        if part.asked is PartKind.TEXT and part.value
    ]
    return Outline(
        text, pieces, (),
        tuple(part.value for part in parts if part.weight > 0),
        tuple(part.value for part in parts if part.weight < 0),
        query.kinds, query.understood,
    )  # fmt: skip


def _in_order(mistakes: Iterable[QueryMistake]) -> tuple[QueryMistake, ...]:
    return tuple(sorted(mistakes, key=lambda mistake: mistake.begin))


def _piece(lexemes: Sequence[Lexeme], number: int, begin: int, end: int) -> QueryPiece:
    lexeme = lexemes[number]
    if lexeme.role is LexemeRole.FILTER:
        name = lexeme.token.text.lower()
        value = None if lexeme.value is None else lexeme.value.text
        field = "date" if name in SINCE else FIELDS[name]
        return QueryPiece("filter", begin, end, field, value, lexeme.negated)
    if lexeme.role is LexemeRole.WORD:
        if joins_stages(lexemes, number):
            return QueryPiece("then", begin, end)
        if is_example(lexeme.token.text):
            return QueryPiece("example", begin, end)
    value = lexeme.token.text if lexeme.role is LexemeRole.PHRASE else None
    return QueryPiece(_ROLES[lexeme.role], begin, end, value=value)


def _wrong_filters(lexemes: Sequence[Lexeme], today: date) -> list[QuerySyntax]:
    errors = []
    for lexeme in lexemes:
        if lexeme.value is not None:
            try:
                named_filter(lexeme.token, lexeme.value, today)
            except QuerySyntax as error:
                errors.append(error)
    return errors


def _mistake(error: QuerySyntax, pieces: Sequence[QueryPiece]) -> QueryMistake:
    """Return a mistake from its first character to the end of the piece, or the word, it is in."""
    text, begin = error.text, min(error.position, len(error.text))
    inside = next((each.end for each in pieces if each.begin <= begin < each.end), None)
    if inside is None:
        quoted = begin < len(text) and text[begin] in _QUOTES
        word = _WORD.match(text, begin)
        inside = len(text) if quoted or word is None else word.end()
    return QueryMistake(begin, max(inside, begin), error.wrong, error.advice)
