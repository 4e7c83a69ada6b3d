"""English names of words of other languages, which the text tower is unsure of.

A small text tower knows sentences of many languages, and single words of them badly: without the
sentence, "Vogel" lies beside jeeps and "قطة" beside cots, which are spelled alike. So where a
query holds words of the lexicon, their English names are asked with it, by as much as they cover.

It is a table of words in byte order, which is mapped and searched by halving: a query costs
microseconds, and the table no memory.
"""

from __future__ import annotations

import mmap
import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

LEXICON = Path(__file__).parent / "heads" / "lexicon.tsv"
_ENDINGS = ("s", "es", "n", "en", "e", "er")
"""Endings of plurals that are taken off a word which is not there."""
_ARABIC_ARTICLE = "\u0627\u0644"
_SHORTEST_STEM = 4
_SHORTEST_WORD = 3
"""Latin letters below which a word is a function word of some language."""
_PHRASE = 3
"""Words that are looked up together."""
_MOST_CHARACTERS = 8
"""Characters of scripts without spaces that are looked up together."""
_MOST_TEXT = 200
"""Characters of a text that are looked at: a longer one has its context."""
_LEAST_COVERED = 0.3
"""The share of a text that must be translated; below, the words found are rather chance."""
_MOST_ENDINGS = 50
"""Words that begin alike which are looked at for one of another ending."""
_LATIN = re.compile("[a-z]")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+")
_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u064b-\u065f\u0900-\u0dff])+")


class Lexicon:
    """A file of words of many languages with their English names."""

    def __init__(self, file: Path = LEXICON) -> None:
        self._file = file

    @cached_property
    def _table(self) -> mmap.mmap:
        with self._file.open("rb") as stream:
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)

    def name(self, word: str) -> str | None:
        """Return the English name of a folded word; empty for a word that is English."""
        return self._entry(word, "")[0]

    def _entry(self, word: str, between: str) -> tuple[str | None, bool]:
        """Return the name of a word, and whether longer entries go on from it."""
        key = word.encode()
        at = self._place(key + b"\t")
        line, name = self._line(at), None
        if line.startswith(key + b"\t"):
            name = line[len(key) + 1 :].decode()
            line = self._line(at + len(line) + 1)
        return name, line.startswith(key + between.encode())

    def _place(self, key: bytes) -> int:
        """Return where the first line begins that is not before a key."""
        table, low, high = self._table, 0, len(self._table)
        while low < high:
            begin = table.rfind(b"\n", low, (low + high) // 2) + 1 or low
            if self._line(begin) < key:
                low = table.find(b"\n", begin) + 1
            else:
                high = begin
        return low

    def _line(self, begin: int) -> bytes:
        return self._table[begin : self._table.find(b"\n", begin)]

    def _of_other_ending(self, word: str) -> str | None:
        """Return the name of a word that differs in its last letter, as plurals and cases do."""
        stem = word[:-1].encode()
        at = self._place(stem)
        for _ in range(_MOST_ENDINGS):
            line = self._line(at)
            known, _, gloss = line.partition(b"\t")
            if not known.startswith(stem):
                return None
            if len(known.decode()) == len(word):
                return gloss.decode()
            at += len(line) + 1
        return None

    def english(self, text: str) -> tuple[str, float]:
        """Return the English names of the words of a text, and the share of it that they cover.

        Nothing, where they cover too little to be more than chance.
        """
        plain = folded(text[:_MOST_TEXT])
        names, covered, length = [], 0, 0
        for word, gloss in self._matches(plain):
            size = sum(map(str.isalnum, word))
            length += size
            if gloss:
                names.append(gloss)
                covered += size
        share = covered / max(length, 1)
        return (" ".join(names), share) if share >= _LEAST_COVERED else ("", 0.0)

    def _matches(self, plain: str) -> Iterator[tuple[str, str | None]]:
        """Yield the parts of a text in their order, longest first, with their names."""
        for run in re.finditer(f"{_UNSPACED.pattern}|[^{_UNSPACED.pattern[1:-2]}]+", plain):
            text = run[0]
            if _UNSPACED.match(text):
                yield from self._longest(list(text), "", _MOST_CHARACTERS)
            else:
                yield from self._longest(_WORD.findall(text), " ", _PHRASE)

    def _longest(
        self, parts: list[str], between: str, most: int
    ) -> Iterator[tuple[str, str | None]]:
        at = 0
        while at < len(parts):
            size, found = 1, None
            for count in range(1, min(most, len(parts) - at) + 1):
                name, longer = self._entry(between.join(parts[at : at + count]), between)
                if name is not None and (count > 1 or not between or self._may_be_asked(parts[at])):
                    size, found = count, name
                if not longer:
                    break
            if found is None and between:
                found = self._name_of_form(parts[at])
            yield between.join(parts[at : at + size]), found
            at += size

    @staticmethod
    def _may_be_asked(word: str) -> bool:
        return len(word) >= _SHORTEST_WORD or _LATIN.search(word) is None

    def _name_of_form(self, word: str) -> str | None:
        """Return the name of what a word is a form of."""
        if len(word) <= _SHORTEST_STEM and word.isascii():
            return None
        found = next((name for stem in stems(word) if (name := self.name(stem)) is not None), None)
        if found is None and len(word) >= _SHORTEST_STEM and _LATIN.search(word) is None:
            return self._of_other_ending(word)
        return found


def folded(text: str) -> str:
    """Return a text without case, with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def stems(word: str) -> list[str]:
    """Return what a word may be a plural of, or have an article before it."""
    found = [word[: -len(end)] for end in _ENDINGS if word.endswith(end)]
    found = [stem for stem in found if len(stem) >= _SHORTEST_STEM]
    return found + [word[2:]] * word.startswith(_ARABIC_ARTICLE)
