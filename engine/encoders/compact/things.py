"""Nouns for things that are seen, and which of them are kinds of which, after WordNet.

A table of meanings: animals, plants, food and objects that are used, the other nouns that people
use of photographs, and all that is above them. Each line has a meaning's number, ``*`` where it is
a class, its words, and the numbers of those right above it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

THINGS = Path(__file__).parent / "heads" / "things.tsv"
THING_ROOTS = {
    "animal": "00015388", "plant": "00017222", "device, furniture or vehicle": "03575240",
    "covering or clothes": "03122748", "food": "00021265", "solid food": "07555863",
    "fruit": "13134947",
}  # fmt: skip
"""WordNet's meanings whose kinds are things: no room, place, person or event is one."""
PERSON = "00007846"
_PLURALS = (("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"), ("men", "man"))


@dataclass(frozen=True, slots=True)
class Meaning:
    """One meaning of some nouns, and the numbers of the meanings right above it."""

    words: tuple[str, ...]
    above: tuple[str, ...]
    is_class: bool


class ThingNames:
    """A table of meanings."""

    def __init__(self, meanings: Mapping[str, Meaning]) -> None:
        self._meanings = meanings
        self._above: dict[str, frozenset[str]] = {}
        self._by_word: dict[str, set[str]] = defaultdict(set)
        self._classes: dict[str, set[str]] = defaultdict(set)
        for number, meaning in meanings.items():
            for word in meaning.words:
                self._by_word[word.casefold()].add(number)
                if meaning.is_class:
                    self._classes[word.casefold()].add(number)

    def meanings(self, noun: str) -> frozenset[str]:
        """Return the meanings of a noun, singular or plural; none where it is not in the table."""
        return next(
            (frozenset(self._by_word[form]) for form in _forms(noun) if form in self._by_word),
            frozenset(),
        )

    def class_words(self) -> list[str]:
        """Return the words of all classes."""
        return [*self._classes]

    def words(self, number: str) -> tuple[str, ...]:
        """Return the words of a meaning."""
        return self._meanings[number].words

    def class_meanings(self, name: str) -> frozenset[str]:
        """Return the meanings of the name of a class; of another word, all of its meanings."""
        found = self._classes.get(name.casefold())
        return frozenset(found) if found else self.meanings(name)

    def above(self, number: str) -> frozenset[str]:
        """Return a meaning with all that are above it."""
        known = self._above.get(number)
        if known is None:
            own = self._meanings.get(number)
            rows = [] if own is None else [self.above(each) for each in own.above]
            known = self._above[number] = frozenset((number,)).union(*rows)
        return known

    def are_kin(self, some: Iterable[str], others: Iterable[str]) -> bool:
        """Tell whether any of some meanings is a kind of any of others, or the other way round."""
        pairs = product(some, others)
        return any(a in self.above(b) or b in self.above(a) for a, b in pairs)

    def closeness(self, some: Iterable[str], others: Iterable[str]) -> int:
        """Return how narrow a meaning both are kinds of: the number of those above it."""
        common = [self.above(a) & self.above(b) for a, b in product(some, others)]
        return max((len(self.above(each)) - 1 for both in common for each in both), default=0)

    def is_thing(self, number: str) -> bool:
        """Tell whether a meaning is an animal, a plant, food, or an object that is used."""
        return not self.above(number).isdisjoint(THING_ROOTS.values())

    def is_person(self, number: str) -> bool:
        """Tell whether a meaning is a person."""
        return PERSON in self.above(number)


def _forms(noun: str) -> list[str]:
    word = noun.casefold()
    return [word, *(word[: -len(end)] + new for end, new in _PLURALS if word.endswith(end))]


@cache
def thing_names(file: Path = THINGS) -> ThingNames:
    """Read the table."""
    meanings = {}
    for line in file.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            number, mark, words, above = line.split("\t")
            meanings[number] = Meaning(tuple(words.split(";")), tuple(above.split()), mark == "*")
    return ThingNames(meanings)
