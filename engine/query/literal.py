"""Tell whether a query is, word for word, a name, a title or a sentence that a moment has.

Who types a file's name, a title or a sentence that was said wants that file, and whatever it
looks or sounds like is no evidence against it. So such a match is worth more than what any
vector says of other moments, and it is marked as literal, so that nothing is subtracted.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from pathlib import PurePath

from engine.media import place_names
from engine.store import Store
from engine.store.fulltext import documents
from engine.store.records import WordsOfMoment

MOST_CHECKED = 200
"""Moments with all words of a query that are compared with it word for word."""
_WORD = re.compile(r"[^\W_]+")
_END = "\0"
_NO_LETTER = re.compile(rf"[^\w{_END}]+|_+")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019\u02bc](?=\w)")


class Match(IntEnum):
    """The part of a moment's words that a query is."""

    NONE = 0
    WORD = 1
    """One word of what a person wrote about a file: its name, a caption, a title, a keyword."""
    FOLDER = 2
    """The name of a folder that its file is in, which is one word, or of the town or the country
    that it was made in."""
    PHRASE = 3
    """Two words or more that follow each other in one of its lines."""
    WHOLE = 4
    """A whole name, title, sentence or line."""


_NATS = {Match.FOLDER: 10.0, Match.PHRASE: 10.0, Match.WHOLE: 25.0}
"""Evidence for a folder, for a phrase of a field and for all of it, beyond what chance explains."""
_WORD_NATS = 5.0
"""Evidence for a word that is all of a query, beside its rarity. Half of that of a phrase: "Rome"
in a caption comes before what only resembles the word, and after what surely shows it."""


def evidence(match: Match, moments: int, in_folder: int = 1) -> float:
    """Return the log odds of a literal match among so many moments, in nats.

    Args:
        in_folder: how many are in folders of the name; any of them may be meant.
    """
    if match is Match.NONE:
        return 0.0
    if match is Match.WORD:
        return _WORD_NATS
    meant = in_folder if match is Match.FOLDER else 1
    return math.log(max(moments, 1) / max(meant, 1)) + _NATS[match]


def match_all(store: Store, text: str, moment_ids: Sequence[int]) -> dict[int, Match]:
    """Compare a query with the words of moments; those that it is no part of are left out."""
    asked = folded(text)
    if not asked or not moment_ids:
        return {}
    moments = store.words_of(list(moment_ids)[:MOST_CHECKED])
    tags = store.tags({moment.asset_id for moment in moments})
    found: dict[int, Match] = {}
    for moment in _holding("".join(asked), moments, tags):
        written = (documents.written(moment.caption, moment.texts) or "").splitlines()
        lines = [*_own(moment.text), *tags.get(moment.asset_id, ()), *written]
        best = max((_match(asked, line) for line in lines), default=Match.NONE)
        named = (*written, PurePath(moment.path).stem, documents.spaced_name(moment.path))
        if len(asked) == 1 and any(asked[0] in folded(line) for line in named):
            best = max(best, Match.WORD)
        best = max(best, _match_name(asked, moment.path))
        if any(asked == folded(part) for line in written for part in place_names.parts_of(line)):
            best = max(best, Match.FOLDER)
        if best is not Match.NONE:
            found[moment.moment_id] = best
    return found


def _holding(
    asked: str, moments: Sequence[WordsOfMoment], tags: Mapping[int, Sequence[str]]
) -> Iterator[WordsOfMoment]:
    """Yield the moments that have these letters in a row, whatever parts them.

    No other can match. One pass over all of them costs a tenth of a look at each line of each.
    """
    written = (
        "\n".join(filter(None, (*moment[2:], *tags.get(moment.asset_id, ())))).replace(_END, " ")
        for moment in moments
    )
    plain = unicodedata.normalize("NFKC", _END.join(written))
    letters = _NO_LETTER.sub("", plain).casefold()
    for moment, held in zip(moments, letters.split(_END), strict=True):
        if asked in held:
            yield moment


def folded(text: str) -> list[str]:
    """Return the words of a text in their order, without case, accents that are composed."""
    plain = _APOSTROPHE.sub("", unicodedata.normalize("NFKC", text))
    return [word.casefold() for word in _WORD.findall(plain)]


def _own(text: str | None) -> Iterator[str]:
    """Yield what is said or read at a moment, as a whole and by its lines."""
    if text:
        yield text
        yield from text.splitlines() if "\n" in text else ()


def _match(asked: Sequence[str], line: str) -> Match:
    words = folded(line)
    if "".join(words) == "".join(asked):
        return Match.WHOLE
    return Match.PHRASE if _follows(asked, words) else Match.NONE


def _match_name(asked: Sequence[str], path: str) -> Match:
    """Compare with a file's name, with and without its suffix, and with its path."""
    file = PurePath(path)
    joined = "".join(asked)
    if any(joined == "".join(folded(name)) for name in (file.name, file.stem)):
        return Match.WHOLE
    folders = file.parent.parts[-documents.FOLDERS :]
    if _follows(asked, folded(" ".join((*folders, file.name)))):
        return Match.PHRASE
    return Match.FOLDER if list(asked) in map(folded, folders) else Match.NONE


def _follows(asked: Sequence[str], words: Sequence[str]) -> bool:
    """Tell whether two words or more follow each other among others, in the same order."""
    count = len(asked)
    if count < 2 or count > len(words):
        return False
    first, wanted = asked[0], list(asked)
    return any(
        words[at] == first and list(words[at : at + count]) == wanted
        for at in range(len(words) - count + 1)
    )
