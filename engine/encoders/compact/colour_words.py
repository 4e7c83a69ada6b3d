"""Find the colours that a text names, in the languages of many people.

The eleven basic colour terms (Berlin and Kay 1969) are looked for as words with the endings
that they take, and in scripts without spaces as parts of the text. A word that means another
thing more often than its colour ("rose", "rode", "orang") is left out of the table.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

TERMS = (
    "black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown",
)  # fmt: skip
WORDS = Path(__file__).parent / "heads" / "colour_words.tsv"
"""Lines of a term, ``word`` or ``part``, and a pattern of what says it in some twenty languages."""
_WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f\u064b-\u065f\u0900-\u0dff]+[^\W\d_]*)*")


@cache
def _patterns(sort: str) -> re.Pattern[str]:
    rows = [line.split("\t") for line in WORDS.read_text(encoding="utf-8").splitlines()]
    return re.compile("|".join(f"(?P<{term}>{words})" for term, of, words in rows if of == sort))


def colours_of(text: str) -> frozenset[str]:
    """Return the basic terms of the colours that a text names."""
    plain = text.casefold()
    found = {match.lastgroup for match in _patterns("part").finditer(plain)}
    words = _patterns("word")
    found |= {match.lastgroup for word in _WORD.findall(plain) if (match := words.fullmatch(word))}
    return frozenset(term for term in found if term is not None)
