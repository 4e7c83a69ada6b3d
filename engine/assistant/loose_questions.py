"""Read a question about what is seen or heard by the words in it, where no rule knows its form.

People ask in more ways than rules foresee: "where can I see a turtle", "any clips with a train?".
What is left of such a question, without the words for files, for asking and for perceiving, is
what is looked for. Questions about words ("who says", "what is written") are not read like this.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.assistant.question_words import CHINESE, ENGLISH, GERMAN, QuestionWords
from engine.types import Kind


class LooseReading(NamedTuple):
    """The part of a question that is looked for in pictures and sounds."""

    subject: str
    kinds: tuple[Kind, ...]
    sure: bool
    """False where words may answer as well, so that they are looked for first."""
    wanted: str
    """The kind of answer, as ``Wanted`` has it: files, their number, their date or their place."""


_HAN = re.compile("[\u4e00-\u9fff]")
_BEARER = re.compile(
    r"\b(?:written|printed|painted|spelled)\s+(?:out\s+)?(?:on|in|across|over)\s+(?P<x>[^?]+)$"
    r"|\bsteht\s+(?:\w+\s+)?(?:auf|an|in)\s+(?:dem|der|den|einem|einer)?\s*(?P<de>[^?]+?)(?:\s+geschrieben)?$",
    re.IGNORECASE,
)
"""A thing that bears words: where no words on it are known, it can be shown."""
_PART = re.compile("[,;\uff0c\u3001]\\s*|(?<=[.?!])\\s+")
_ASIDE = re.compile(
    r"^(?:(?:sag|hör)\s+mal|say)\b[\s,]*"
    r"|\b(?:(?:can|could|would|will)\s+you\s+)?(?:please\s+)?tell\s+me\b",
    re.IGNORECASE,
)
"""Words that speak to whoever answers, and are none for what is said."""
_LEAST = 2
"""Characters of a subject."""
LONGEST_CLAUSE = 500
"""Characters of the longest question whose form is looked at: rules for it try every place of a
text with every other, and a text that is longer is a story rather than a question of one form."""


def read_loosely(clause: str, *, german: bool = False) -> LooseReading | None:
    """Return what a question looks for in pictures and sounds; None where words answer it.

    Args:
        clause: the question without its end.
        german: how it is read where it is not Chinese.
    """
    if len(clause) > LONGEST_CLAUSE:
        return None
    clause = _ASIDE.sub("", clause).strip(" ,")
    words = CHINESE if _HAN.search(clause) else GERMAN if german else ENGLISH
    bearer = _BEARER.search(clause)
    if bearer is not None:
        return LooseReading(bearer["x"] or bearer["de"], (Kind.IMAGE, Kind.VIDEO), False, "files")
    if words.worded.search(clause):
        return None
    named = [*words.files.finditer(clause)]
    perceived = bool(words.perceived.search(clause))
    kinds = tuple(kind for kind in Kind if any(match.groupdict().get(kind) for match in named))
    if not kinds and words.heard.search(clause):
        kinds = (Kind.VIDEO, Kind.AUDIO)
    rest, made = words.made.subn(" ", clause)
    subject = _parts(words.inner.sub("", words.files.sub(" ", rest)), words)
    if len(subject) < (1 if _HAN.search(subject) else _LEAST):
        return None
    asks_fact = bool(words.fact.search(words.files.sub("", clause).strip()))
    existing = bool(words.existing.search(clause))
    if asks_fact and not named and not perceived and not existing:
        return None
    wanted = _wanted(clause, words, bool(made), named)
    sure = perceived or (bool(named) and (wanted != "files" or not asks_fact))
    return LooseReading(subject, kinds, sure, wanted)


def speaks_of_words(text: str) -> bool:
    """Tell whether a question is about what is said or written, in any language."""
    asked = _ASIDE.sub("", text)
    return any(words.worded.search(asked) for words in (ENGLISH, GERMAN, CHINESE))


def _wanted(clause: str, words: QuestionWords, made: bool, named: list[re.Match[str]]) -> str:
    if made and words.when.search(clause):
        return "date"
    if made and words.where.search(clause):
        return "place"
    # "How many dog pictures" counts files, and "how many dogs are in the picture" does not.
    of_files = named and not words.within.match(named[0][0])
    return "count" if words.many.search(clause) and of_files else "files"


def _parts(text: str, words: QuestionWords) -> str:
    """Return what is looked for, without the parts that do nothing but ask: ", which one"."""
    found: list[str] = []
    for part in filter(None, _PART.split(text)):
        bare = _bare(part, words)
        if found and (not bare or words.fact.match(part)):
            continue  # It asks for something about what was named before.
        found.append(words.ending.sub("", part) if found else bare)
    return ", ".join(filter(None, found))


def _bare(text: str, words: QuestionWords) -> str:
    """Take off the words around what is looked for, which may leave nothing."""
    text, rest = "", " ".join(text.split())
    while rest != text:
        text, rest = rest, words.ending.sub("", words.opening.sub("", rest)).strip()
    return rest.strip(" ,\uff0c")
