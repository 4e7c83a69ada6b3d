"""Pieces of what a user typed, which know where they stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import QuerySyntax

_SHOWN = 40
"""Characters of a piece that a message repeats."""
_CLOSING = {'"': '"', "“": "”", "'": "'"}
_INSIDE = {close: re.compile(rf"(?:[^{close}\\]|\\.)*+", re.DOTALL) for close in _CLOSING.values()}
_ESCAPED = {close: re.compile(rf"\\([{close}\\])") for close in _CLOSING.values()}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of ``source``: what it says once quotes and escapes are taken off."""

    source: str
    position: int
    """Index in ``source``; of the opening quote where it is quoted."""
    text: str
    quoted: bool = False

    @property
    def shown(self) -> str:
        """The text for a message: on one line, printable, and no longer than that allows."""
        return repr(self.text if len(self.text) <= _SHOWN else self.text[: _SHOWN - 1] + "…")

    def refused(self, wrong: str, advice: str) -> QuerySyntax:
        """Return the error that says what is wrong with this piece."""
        return QuerySyntax(self.source, self.position, wrong, advice)

    def cut(self, start: int, end: int | None = None) -> Token:
        """Return the part of it that ``text[start:end]`` is."""
        at = self.position if self.quoted else self.position + start
        return Token(self.source, at, self.text[start:end], self.quoted)

    def split(self, separator: str) -> Iterator[Token]:
        """Yield what stands between the separators; itself where there is none."""
        start = 0
        for piece in self.text.split(separator):
            yield self.cut(start, start + len(piece))
            start += len(piece) + len(separator)


def read_quotation(source: str, start: int, end: int) -> tuple[Token, int]:
    """Read the quotation that begins at ``start``, and return where to read on after it.

    A backslash makes the closing quote, or a backslash, an ordinary character.

    Raises:
        QuerySyntax: nothing closes it before ``end``, or it encloses nothing.
    """
    close = _CLOSING[source[start]]
    inside = _INSIDE[close].match(source, start + 1, end)
    stop = inside.end() if inside else end
    if stop >= end or source[stop] != close:
        raise QuerySyntax(
            source,
            start,
            "this quote is not closed",
            f"add {close} where it ends, or take it out",
        )
    text = _ESCAPED[close].sub(r"\1", source[start + 1 : stop])
    if not text.strip():
        raise QuerySyntax(
            source, start, "nothing is between these quotes", "fill them, or take them out"
        )
    return Token(source, start, text, quoted=True), stop + 1
