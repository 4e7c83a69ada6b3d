"""Translate globs of paths, as ``fnmatch`` reads them, for the databases.

SQLite's GLOB is almost that, but writes ``[^a]`` for ``[!a]`` and knows no class that
is not closed. PostgreSQL has regular expressions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Wild(Enum):
    """A wildcard of a glob."""

    MANY = auto()
    """``*``: any characters, none as well, slashes too."""
    ONE = auto()
    """``?``"""


@dataclass(frozen=True, slots=True)
class Class:
    """``[...]``: one character of the ranges, ends included, or one of no range."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool


Piece = str | Wild | Class


def parse(glob: str) -> list[Piece] | None:
    """Parse a glob as ``fnmatch`` reads it: a bracket that nothing closes is a character.

    One without a slash is of a file's name alone, and nothing but a ``*`` in it is ever
    a slash then.

    Returns:
        None where nothing matches.
    """
    found: list[Piece] = []
    at = 0
    while at < len(glob):
        end = _class_end(glob, at)
        piece = _class(glob[at + 1 : end]) if end else _WILD.get(glob[at], glob[at])
        if piece is not Wild.MANY or found[-1:] != [Wild.MANY]:
            found.append(piece)
        at = max(end, at) + 1
    if is_of_name(glob):
        found = list(map(_without_slash, found))
    return None if any(isinstance(piece, Class) and not piece.ranges for piece in found) else found


def is_of_name(glob: str) -> bool:
    return "/" not in glob


_WILD: dict[str, Wild] = {"*": Wild.MANY, "?": Wild.ONE}


def _class_end(glob: str, at: int) -> int:
    """Find where the class that begins at ``at`` is closed; 0 where none is."""
    if glob[at] != "[":
        return 0
    first = at + 2 if glob[at + 1 : at + 2] == "!" else at + 1
    return max(0, glob.find("]", first + 1))


def _class(body: str) -> Piece:
    negated = body.startswith("!")
    ranges = tuple(_ranges(body[negated:]))
    return Wild.ONE if negated and not ranges else Class(ranges, negated)


def _ranges(body: str) -> Iterator[tuple[str, str]]:
    """Yield the ranges of a class; a range whose ends are the wrong way round is empty."""
    at = 0
    while at < len(body):
        is_range = body[at + 1 : at + 2] == "-" and at + 2 < len(body)
        low, high = body[at], body[at + 2] if is_range else body[at]
        if low <= high:
            yield low, high
        at += 3 if is_range else 1


def _without_slash(piece: Piece) -> Piece:
    if piece is Wild.ONE:
        return Class((("/", "/"),), negated=True)
    if not isinstance(piece, Class):
        return piece
    if piece.negated:
        return Class((*piece.ranges, ("/", "/")), negated=True)
    parts = (part for low, high in piece.ranges for part in _around(low, high, "/"))
    return Class(tuple(part for part in parts if part != ("/", "/")), negated=False)


def _around(low: str, high: str, special: str) -> Iterator[tuple[str, str]]:
    """Split a range so that each of the characters in ``special`` is a part of its own.

    Args:
        special: characters in ascending order.
    """
    for character in special:
        if low <= character <= high:
            if low < character:
                yield low, chr(ord(character) - 1)
            yield character, character
            low = chr(ord(character) + 1)
    if low <= high:
        yield low, high


def to_sqlite(found: list[Piece]) -> str:
    """Write the pattern for GLOB."""
    return "".join(map(_sqlite_piece, found))


def _sqlite_piece(piece: Piece) -> str:
    if isinstance(piece, Class):
        return _sqlite_class(piece)
    if isinstance(piece, Wild):
        return "*" if piece is Wild.MANY else "?"
    return f"[{piece}]" if piece in "*?[" else piece


def _sqlite_class(piece: Class) -> str:
    """GLOB has no escapes, only places at which a character is no operator.

    That is ``]`` in front, ``-`` behind a whole range, and ``^`` anywhere but in front.
    """
    parts = [part for low, high in piece.ranges for part in _around(low, high, "-]^")]
    plain = "".join(f"{low}-{high}" for low, high in parts if low not in "]-^")
    special = {low for low, _ in parts if low in "]-^"}
    body = "".join(("]" * ("]" in special), plain, "-" * ("-" in special), "^" * ("^" in special)))
    if piece.negated:
        return f"[^{body}]"
    return "^" if body == "^" else f"[{body}]"


def to_regex(found: list[Piece], of_name: bool) -> str:
    """Write the advanced regular expression of PostgreSQL for a path.

    Args:
        of_name: what is matched is the file's name, which follows the last slash.
    """
    many = "[^/]*" if of_name else ".*"
    body = "".join(many if piece is Wild.MANY else _regex_piece(piece) for piece in found)
    return f"/{body}$" if of_name else f"^{body}$"


def _regex_piece(piece: Piece) -> str:
    if isinstance(piece, Class):
        body = "".join(f"{_escaped(low)}-{_escaped(high)}" for low, high in piece.ranges)
        return f"[^{body}]" if piece.negated else f"[{body}]"
    return "." if isinstance(piece, Wild) else _escaped(piece)


def _escaped(character: str) -> str:
    # A backslash before a letter or a digit would mean something else.
    plain = character.isalnum() or not character.isascii()
    return character if plain else f"\\{character}"
