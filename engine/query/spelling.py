"""Mend slips of typing: words that nothing knows, a letter or two away from one that is known.

A word is left alone where the library has it, where the text tower knows it as one word, and
where two words are as near. A shorter one is mended too where all others are, in their places,
those of a title or a line. So a word of another language, or a name, is seldom changed:
``benchmarks.names`` counts how many words of four languages are. What is put in a word's place
is a word of the library, or one of what people look for every day.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import reduce
from itertools import islice
from operator import or_
from pathlib import PurePath

from engine.common.lru import LRUCache
from engine.query.everyday_words import everyday_words
from engine.query.literal import folded
from engine.store import Store, match_any
from engine.types import PartKind, Query, QueryPart

_WORD = re.compile(r"[^\W\d_]+")
_COMPOUND = re.compile(r"\b([^\W\d_]+)-([^\W\d_]+)\b(?!-)")
_FORM = re.compile(r"(\w{3,})(?:ing|ed|s|es|er|ly)")
"""A word with an ending of English, such as mooing."""
_SHORTEST = 5
"""Letters of a word that is mended: shorter ones have too many neighbours."""
_NAME_WORDS = 3
"""Words of a text that may be the name of a file."""
_LONG = 8
"""Letters from which two slips are forgiven."""
_TITLE_WORDS = 6
"""Words of a text that may be a title or a line."""
_OFFERED = 3
"""Words of the library that are offered in the place of one."""
_REMEMBERED = 200
"""Words whose neighbours are kept."""
_STRANGE = 2
"""Words of a title that may have slips in them."""
_SHORTEST_OF_TITLE = 3
"""Letters of a word that is mended by a title: the others say which it is."""
_LINES = 200
"""Moments whose lines are looked through for a title."""
_TEXTS = 200_000
"""Texts of a library whose words are looked through."""
_TYPED_WORDS = 40
"""Words of the longest text that is mended: a longer one was pasted rather than typed, and each
unknown word of it costs a millisecond."""


class Speller:
    """Mends the words of texts by those of one library, at one generation.

    Args:
        knows: tells whether the text tower knows a word as a whole.
    """

    def __init__(self, store: Store, knows: Callable[[str], bool]) -> None:
        self._store = store
        self._knows = knows
        self._by_begin: dict[str, dict[int, set[str]]] | None = None
        """The known words by their first letter, and then by the set of their letters."""
        self._own: set[str] = set()
        self._nearest_of: LRUCache[str, set[str]] = LRUCache(_REMEMBERED)
        self._names: dict[str, dict[str, str]] | None = None
        """Names of files by their digits, and by their letters and digits in one."""

    def mend(self, text: str) -> tuple[str, list[tuple[str, str]]]:
        """Return a text with its slips mended, and each word that was with the one that is."""

        def meant(match: re.Match[str]) -> str:
            typed = match[0]
            word = self._meant(typed.casefold())
            if word is None:
                return typed
            mended.append((typed, word))
            return word

        plain = unicodedata.normalize("NFC", text)
        if (name := self._name(plain)) is not None:
            return name, [(text, name)]
        plain, mended = self._joined(plain)
        if by_title := self._by_title(plain):
            words = dict(by_title)
            return _WORD.sub(lambda match: words.get(match[0], match[0]), plain), mended + by_title
        return _WORD.sub(meant, plain), mended

    def doubts(self, text: str) -> list[tuple[str, list[str]]]:
        """Return unknown words that two or three of the library are as near to."""
        words = dict.fromkeys(_WORD.findall(unicodedata.normalize("NFC", text)))
        near = {typed: self._nearest(typed.casefold()) & self._own for typed in words}
        return [(typed, sorted(each)) for typed, each in near.items() if 1 < len(each) <= _OFFERED]

    def _joined(self, text: str) -> tuple[str, list[tuple[str, str]]]:
        """Return a text with Synth-Pop as synthpop, where the library writes it so alone."""
        joined: list[tuple[str, str]] = []

        def whole(match: re.Match[str]) -> str:
            word = "".join(match.groups()).casefold()
            if all(map(self._has, match.groups())) or not self._has(word):
                return match[0]
            joined.append((match[0], word))
            return word

        return _COMPOUND.sub(whole, text), joined

    def _has(self, word: str) -> bool:
        """Tell whether the library has a word."""
        return bool(self._store.count_words(match_any(word) or "", 1))

    def _name(self, text: str) -> str | None:
        """Return the one name of a file with the same digits that a text is a slip away from."""
        digits, joined = _digits(text), "".join(map(str.casefold, filter(str.isalnum, text)))
        if not digits or len(joined) < _SHORTEST or len(text.split()) > _NAME_WORDS:
            return None
        if self._names is None:
            self._names = defaultdict(dict)
            for known in islice(self._store.assets(), _TEXTS):
                file = PurePath(known.path)
                for name in (file.stem, file.name):
                    whole = "".join(map(str.casefold, filter(str.isalnum, name)))
                    self._names[_digits(name)].setdefault(whole, name)
        names = self._names.get(digits, {})
        if joined in names:
            return None
        near = [name for known, name in names.items() if _slips(joined, known) == 1]
        return near[0] if len(near) == 1 else None

    def _by_title(self, text: str) -> list[tuple[str, str]]:
        """Return the words of a text with those of the one title that it is a slip or two from."""
        typed = _WORD.findall(text)
        words = [word.casefold() for word in typed]
        if not 2 <= len(words) <= _TITLE_WORDS:
            return []
        strange = [place for place, word in enumerate(words) if self._is_strange(word)]
        rest = [word for place, word in enumerate(words) if place not in strange]
        if not 0 < len(strange) <= _STRANGE or not rest:
            return []
        found = {
            line
            for line in self._lines_with(max(rest, key=len))
            if len(line) == len(words)
            and all(line[i] == words[i] for i in range(len(words)) if i not in strange)
            and all(_slips(words[i], line[i]) <= 1 + (len(text) >= _LONG) for i in strange)
        }
        line = found.pop() if len(found) == 1 else ()
        return [(typed[i], line[i]) for i in strange] if line else []

    def _is_strange(self, word: str) -> bool:
        """Tell whether a word is unknown to the library, to the tower, and to what people seek."""
        if len(word) < _SHORTEST_OF_TITLE or not _is_latin(word) or word in everyday_words():
            return False
        return not (self._has(word) or self._is_known(word))

    def _lines_with(self, word: str) -> Iterator[tuple[str, ...]]:
        """Yield the names, titles and lines of moments that have a word, as folded words."""
        ids = [moment for moment, _ in self._store.words(match_any(word) or "", limit=_LINES)]
        for moment in self._store.words_of(ids) if ids else ():
            yield tuple(folded(PurePath(moment.path).stem))
            for text in filter(None, (moment.text, moment.caption, moment.texts)):
                yield from (tuple(folded(line)) for line in text.splitlines())

    def _meant(self, word: str) -> str | None:
        found = self._nearest(word)
        return found.pop() if len(found) == 1 else None

    def _nearest(self, word: str) -> set[str]:
        """Return the known words that an unknown one is the fewest slips away from."""
        near = self._nearest_of.get(word)
        if near is None:
            near = self._look_for(word)
            self._nearest_of.put(word, near)
        return set(near)

    def _look_for(self, word: str) -> set[str]:
        if len(word) < _SHORTEST or not _is_latin(word) or word in everyday_words():
            return set()
        if self._has(word) or self._is_known(word):
            return set()
        near: dict[int, set[str]] = defaultdict(set)
        for known in self._near(word):
            near[_slips(word, known)].add(known)
        for slips in (1, 2) if len(word) >= _LONG else (1,):
            # A word that the library has is meant rather than one that it has not.
            found = near[slips] & self._own or near[slips]
            if found:
                return found
        return set()

    def _is_known(self, word: str) -> bool:
        """Tell whether the tower knows a word, or the one that it is a form of."""
        if self._knows(word):
            return True
        match = _FORM.fullmatch(word)
        if match is None:
            return False
        stems = {match[1], match[1].removesuffix("i") + "y", match[1] + "e"}
        return any(stem in everyday_words() or self._knows(stem) for stem in stems)

    def _near(self, word: str) -> Iterator[str]:
        """Yield the known words that begin alike and are about as long."""
        if self._by_begin is None:
            self._by_begin = defaultdict(lambda: defaultdict(set))
            self._own = set(_words(self._store.written_texts(_TEXTS)))
            for known in self._own | everyday_words():
                self._by_begin[known[0]][_letters(known)].add(known)
        slack = 2 if len(word) >= _LONG else 1
        letters = _letters(word)
        for begin in dict.fromkeys((word[0], word[1])):
            for others, alike in self._by_begin.get(begin, {}).items():
                # A slip puts one letter in, takes one out, or both: more cannot be in the way.
                if (letters ^ others).bit_count() > 2 * slack:
                    continue
                for known in alike:
                    if abs(len(known) - len(word)) <= slack and (
                        begin == word[0] or known[:2] == word[1] + word[0]
                    ):
                        yield known


def mended_query(query: Query, speller: Speller) -> Query:
    """Mend the texts of a query, and note what was mended in them."""
    notes: list[str] = []

    def mended(part: QueryPart) -> QueryPart:
        if part.asked is not PartKind.TEXT or len(_WORD.findall(part.value)) > _TYPED_WORDS:
            return part
        text, pairs = speller.mend(part.value)
        notes.extend(
            f"{typed!r} is taken as {meant!r}; put it in double quotes to search for it as it is"
            for typed, meant in pairs
        )
        for typed, near in speller.doubts(text):
            offered = " or ".join(map(repr, near))
            notes.append(f"nothing here has {typed!r}; did you mean {offered}?")
        return replace(part, value=text)

    parts = tuple(map(mended, query.parts))
    then = tuple(tuple(map(mended, stage)) for stage in query.then)
    if not notes:
        return query
    return replace(query, parts=parts, then=then, understood=(*query.understood, *notes))


def _words(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for word in _WORD.findall(unicodedata.normalize("NFC", text)):
            if len(word) >= _SHORTEST:
                yield word.casefold()


def _letters(word: str) -> int:
    """Return the set of a word's letters as bits; letters that share one only hide differences."""
    return reduce(or_, (1 << ord(letter) % 64 for letter in word))


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _is_latin(word: str) -> bool:
    return all(letter.isascii() or "LATIN" in unicodedata.name(letter, "") for letter in word)


def _slips(typed: str, meant: str) -> int:
    """Count the letters put in, left out, changed or swapped (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, letter in enumerate(typed, 1):
        following = [i]
        for j, other in enumerate(meant, 1):
            cost = min(row[j] + 1, following[-1] + 1, row[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == meant[j - 2] and typed[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            following.append(cost)
        before, row = row, following
    return row[-1]
