"""Split a query's text into signs, weights, words, phrases, examples and filters.

What something is can be told from where it stands and from its own characters, but for
two things that ``parse`` decides: a weight counts at the start of a part alone, and
``then`` beside a phrase alone. Reading is linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import unquote

from engine.errors import QuerySyntax
from engine.query.language.filter_fields import FIELD_NAMES
from engine.query.language.filter_values import closest
from engine.query.language.token import Token, read_quotation

_QUOTES = ('"', "“")
_NONSPACE = re.compile(r"\S")
_WORD = re.compile(r"\S+")
_WEIGHT = re.compile(r"((?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++):)(?!\d)")
_SIGN = re.compile(rf"[+-](?:(?=\s|\Z|[^\s\d+-])(?!\.\d)|(?={_WEIGHT.pattern}))")
_FILTER = re.compile(r"([+-]?)([^\W\d_]++)(?::|==?|(?=[<>]))(?=\S)")
_ORDER = re.compile("[<>]=?")
_FILE = re.compile(r"file:(?=\S)", re.IGNORECASE)
_BYTES = "surrogateescape"
"""The error handler by which Python shows bytes of a file's name that are no text."""
_AS_TEXT = "to search for it as text, put it in double quotes"


class LexemeRole(Enum):
    SIGN = auto()
    WEIGHT = auto()
    WORD = auto()
    PHRASE = auto()
    EXAMPLE = auto()
    """A path that is said to be one by ``file:``."""
    FILTER = auto()


@dataclass(frozen=True, slots=True)
class Lexeme:
    """One piece of a query. ``token`` is a filter's name, and ``value`` what it says."""

    role: LexemeRole
    token: Token
    glued: bool
    """Nothing stands between it and the piece before it."""
    value: Token | None = None
    negated: bool = False


def split_lexemes(source: str, begin: int, end: int) -> list[Lexeme]:
    """Split ``source[begin:end]`` into pieces, in their order.

    Raises:
        QuerySyntax: a quote is not closed, or a filter has no such name.
    """
    reader = _Reader(source, begin, end)
    while found := _NONSPACE.search(source, reader.at, end):
        reader.step(found.start())
    return reader.found


def placed_lexemes(source: str) -> tuple[list[tuple[Lexeme, int, int]], list[QuerySyntax]]:
    """Split a whole text into pieces with the places [begin, end) of each, and its mistakes.

    What cannot be read is passed over: a word, or all that follows a quote that is not closed.
    """
    reader = _Reader(source, 0, len(source))
    placed, errors = [], []
    while found := _NONSPACE.search(source, reader.at):
        begin = found.start()
        try:
            reader.step(begin)
        except QuerySyntax as error:
            errors.append(error)
            word = _WORD.match(source, begin)
            opened = source[error.position : error.position + 1] in _QUOTES
            reader.at = len(source) if opened or word is None else word.end()
        else:
            placed.append((reader.found[-1], begin, reader.at))
    return placed, errors


class _Reader:
    def __init__(self, source: str, begin: int, end: int) -> None:
        self.source = source
        self.at = begin
        self.end = end
        self.found: list[Lexeme] = []

    def step(self, at: int) -> None:
        """Read the piece that begins at ``at``."""
        glued = at == self.at and bool(self.found)
        self.at = at
        self.found.append(self._quoted(glued) or self._special(glued) or self._word(glued))

    def _quoted(self, glued: bool) -> Lexeme | None:
        if self.source[self.at] not in _QUOTES:
            return None
        token, self.at = read_quotation(self.source, self.at, self.end)
        return Lexeme(LexemeRole.PHRASE, token, glued)

    def _special(self, glued: bool) -> Lexeme | None:
        """Read what only begins a piece that stands free, or right after its sign or weight."""
        before = self.found[-1].role if glued else None
        if before in (None, LexemeRole.SIGN, LexemeRole.WEIGHT) and (
            example := self._example(glued)
        ):
            return example
        if before in (None, LexemeRole.SIGN) and (weight := _WEIGHT.match(*self._rest)):
            return Lexeme(LexemeRole.WEIGHT, self._take(weight.end(1)), glued)
        return self._filter() or self._sign() if before is None else None

    def _example(self, glued: bool) -> Lexeme | None:
        named = _FILE.match(*self._rest)
        if named is None:
            return None
        position, self.at = self.at, named.end()
        value = self._value()
        path = value.text
        if path.startswith("///") and not value.quoted:
            path = unquote(path[2:], errors=_BYTES)
        return Lexeme(LexemeRole.EXAMPLE, Token(self.source, position, path, value.quoted), glued)

    def _filter(self) -> Lexeme | None:
        """Read ``kind:video``; and as ``where`` has it, ``kind=video`` and ``size>1MB``."""
        match = _FILTER.match(*self._rest)
        if match is None or _FILE.match(self.source, match.start(2), self.end):
            return None
        name = Token(self.source, match.start(2), match[2])
        if name.text.lower() not in FIELD_NAMES:
            colon = self.source[match.end() - 1] == ":"
            if not colon or self.source.startswith("//", match.end(), self.end):
                return None
            raise _unknown(name)
        self.at = match.end()
        return Lexeme(LexemeRole.FILTER, name, False, self._value(), match[1] == "-")

    def _value(self) -> Token:
        """Read a quotation, after ``<`` and the like where they precede one, or a word."""
        order = _ORDER.match(*self._rest)
        start = order.end() if order else self.at
        if start >= self.end or self.source[start] not in _QUOTES:
            return self._word(glued=True).token
        ordered = self.source[self.at : start]
        value, self.at = read_quotation(self.source, start, self.end)
        if _WORD.match(*self._rest):
            raise value.refused("something follows this value", "put a space after the quote")
        return Token(self.source, start, ordered + value.text, quoted=True)

    def _sign(self) -> Lexeme | None:
        sign = _SIGN.match(*self._rest)
        return Lexeme(LexemeRole.SIGN, self._take(sign.end()), False) if sign else None

    def _word(self, glued: bool) -> Lexeme:
        word = _WORD.match(*self._rest)
        return Lexeme(LexemeRole.WORD, self._take(word.end() if word else self.at), glued)

    def _take(self, end: int) -> Token:
        token = Token(self.source, self.at, self.source[self.at : end])
        self.at = end
        return token

    @property
    def _rest(self) -> tuple[str, int, int]:
        return self.source, self.at, self.end


_SAME = {
    **dict.fromkeys(("type", "is", "media"), "kind"),
    **dict.fromkeys(("ext", "extension", "suffix"), "path:*.jpg"),
    **dict.fromkeys(("name", "file", "filename", "folder", "dir", "in", "album"), "path"),
    **dict.fromkeys(("since", "newer", "from"), "after"),
    **dict.fromkeys(("until", "older", "to"), "before"),
    **dict.fromkeys(("year", "month", "when", "taken"), "date"),
    **dict.fromkeys(("length", "seconds"), "duration"),
    **dict.fromkeys(("location", "city"), "place"),
    **dict.fromkeys(("label", "keyword", "keywords"), "tags"),
}  # fmt: skip
"""Filters by the names that other programs have for them."""


def _unknown(name: Token) -> QuerySyntax:
    near = _SAME.get(name.text.lower()) or closest(name.text, FIELD_NAMES)
    if near:
        return name.refused(
            f"unknown filter {name.shown}", f"did you mean {near!r}? T{_AS_TEXT[1:]}"
        )
    known = ", ".join(FIELD_NAMES)
    return name.refused(f"unknown filter {name.shown}", f"filters are {known}; {_AS_TEXT}")
