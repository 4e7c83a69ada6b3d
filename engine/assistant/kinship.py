"""Tell near kin apart: a picture that is recognised as a cheetah shows no giraffe.

Where nothing better is there, a search brings what comes nearest, and that may look likely. Which
name is a kind of which is known from WordNet: a lesser panda is a panda, a frying pan no pizza.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.assistant.evidence import Claim, EvidencePassage, PassageKey
from engine.assistant.frames import frames_of
from engine.encoders.compact.lexicon import Lexicon, folded
from engine.encoders.compact.things import ThingNames, thing_names
from engine.query.plan import SEEN
from engine.store import Store
from engine.store.fulltext.documents import spaced_name
from engine.types import Tag

CLEAR = 0.3
"""The probability from which the names that a picture is recognised as speak against another.

Chosen with ``CLOSE`` and ``TIMES`` on half of 2,045 nouns that were asked of 300 photographs of 300
classes with neutral names, and of 2,401 that were asked of the 172 of photos/dev that people
described. On the other half, 216 of 528 wrong pictures that the search calls likely are left out,
and 2 of 519 right ones; ``benchmarks.kinship`` asks a third of those nouns, and others."""
CLOSE = 7
"""The meanings above the narrowest one that two names are kinds of, from which they exclude each
other whatever they are: two buildings do, a kitchen and a microwave oven do not."""
TIMES = 2.0
"""The number of times that a close other name must be as probable as a kind of what is asked."""
_NAMED = 0.1
"""The probability below which encoders do not keep a name."""
_LONGEST = 3
"""Words of a noun that are looked up together."""
_ARTICLES = frozenset(["a", "an", "the", "my", "our", "your"])
_NO_NOUNS = frozenset(
    ["a", "an", "as", "at", "by", "he", "i", "in", "it", "no", "on", "or", "us", "who", "one",
     "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
)  # fmt: skip
"""Small words that WordNet has as nouns, too."""
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class AskedThing:
    """The thing that a question asks for, by its meanings."""

    noun: str
    meanings: frozenset[str]
    beside: frozenset[str] = field(default=frozenset())
    """Meanings of the other nouns: of the sofa, where a dog on a sofa is asked for."""


def asked_thing(subject: str, names: ThingNames) -> AskedThing | None:
    """Return the thing that the words of a question ask for; None where the table has none."""
    words = _WORD.findall(subject.casefold())
    runs = _noun_runs(words, names)
    if not runs:
        return _translated(subject, names)
    nouns = [noun for run in runs for noun in run]
    head, own = runs[0][-1], names.meanings(runs[0][-1])
    foreign = _translated(subject, names) if frames_of(subject) is not frames_of("") else None
    if foreign is not None:
        own |= foreign.meanings
    beside = frozenset().union(*(names.meanings(noun) for noun in nouns if noun != head))
    return AskedThing(head, own, beside)


def _translated(subject: str, names: ThingNames) -> AskedThing | None:
    """Return the thing of another language's word, where the lexicon has that word as a whole."""
    lexicon = Lexicon()
    plain = folded(subject)
    words = _WORD.findall(plain)
    english = lexicon.name(plain) or ("" if _CJK.search(plain) else lexicon.english(words[-1])[0])
    meanings = names.meanings(english) if english and words else frozenset[str]()
    return AskedThing(english, meanings) if meanings else None


def _noun_runs(words: Sequence[str], names: ThingNames) -> list[list[str]]:
    """Return the nouns of a text, those that follow one another in one list, the longest first."""
    runs: list[list[str]] = []
    at, goes_on = 0, False
    while at < len(words):
        size = next(
            (n for n in range(min(_LONGEST, len(words) - at), 0, -1)
             if _is_noun(words, at, n, names)), 0,
        )  # fmt: skip
        if size:
            noun = " ".join(words[at : at + size])
            runs[-1].append(noun) if goes_on else runs.append([noun])
        at, goes_on = at + max(size, 1), size > 0
    return runs


def _is_noun(words: Sequence[str], at: int, size: int, names: ThingNames) -> bool:
    doing = words[at].endswith("ing") and (
        at + 1 < len(words) if size == 1 else at > 0 and words[at - 1] not in _ARTICLES
    )
    small = size == 1 and words[at] in _NO_NOUNS
    return not doing and not small and bool(names.meanings(" ".join(words[at : at + size])))


def rather_shown(
    subject: str, passages: Sequence[EvidencePassage], store: Store
) -> dict[PassageKey, str]:
    """Return why some passages do not show a subject, by their keys: what they rather show."""
    judged = [p for p in passages if p.claim is Claim.SHOWS and p.modality in SEEN]
    names = thing_names() if judged else None
    thing = None if names is None else asked_thing(subject, names)
    if names is None or thing is None:
        return {}
    records = store.records([passage.moment_id for passage in judged])
    found = {}
    for passage in judged:
        record = records.get(passage.moment_id)
        tags = record.moment.tags if record is not None else ()
        tag = None if _is_called(passage, thing.noun) else nearer_name(thing, tags, names)
        if tag is not None:
            found[passage.key] = f"rather shows \u201c{tag.word}\u201d ({tag.weight:.0%})"
    return found


def _is_called(passage: EvidencePassage, noun: str) -> bool:
    """Tell whether the file has the noun in its name, all words of it."""
    named = spaced_name(passage.path).casefold().split()
    return all(word in named for word in noun.split())


def nearer_name(thing: AskedThing, tags: Iterable[Tag], names: ThingNames) -> Tag | None:
    """Return the name that a picture is recognised as, where that excludes what is asked for."""
    own, rivals = 0.0, []
    for tag in tags:
        meanings = names.class_meanings(tag.word)
        named = f" {thing.noun} " in f" {tag.word.casefold()} "
        if named or names.are_kin(thing.meanings, meanings):
            own = max(own, tag.weight)
        elif not names.are_kin(thing.beside, meanings):
            rivals.append((tag, meanings))
    if not rivals or any(map(names.is_person, thing.meanings)):
        return None
    close = [tag for tag, other in rivals if names.closeness(thing.meanings, other) >= CLOSE]
    if own >= _NAMED:
        best = max(close, key=_weight, default=None)
        return best if best and best.weight >= max(CLEAR, TIMES * own) else None
    if all(map(names.is_thing, thing.meanings)):
        close += [tag for tag, other in rivals if tag not in close and _are_things(other, names)]
    return max(close, key=_weight) if sum(map(_weight, close)) >= CLEAR else None


def _are_things(meanings: Iterable[str], names: ThingNames) -> bool:
    return any(map(names.is_thing, meanings))


def _weight(tag: Tag) -> float:
    return tag.weight
