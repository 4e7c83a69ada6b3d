"""Read "dogs in Paris" as dogs, and as Paris, where the library has files that were made there.

As one text, the place is a third of its words, and a file that was made there counts for little
beside how others look. As a part of its own it is evidence, and no filter: "a train to Munich"
is also a ticket that says so. Names of places are those that files have as theirs
(``engine.media.place_names``), so that a town without files of it remains a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.media import place_names
from engine.query.full_text import BUDGET, content_words, is_literal
from engine.query.literal import folded
from engine.store import Store, match_any
from engine.types import Fusion, PartKind, Query, QueryPart

_LINK = re.compile(
    r"(?:^|\s)(?:in|at|from|near|around|to|nach|aus|bei|en|à)\s+(?=[^\W\d_])", re.IGNORECASE
)
"""The words before a place, in the languages whose questions are understood."""
_END = " \t.,;!?"
_BESIDE = 0.5
"""The weight of a place beside something else: at full weight, all that was made there would be
called a likely beach, where no beach was."""
_MOST_WORDS = 4
"""Words of the longest name of a place that is looked for."""
_OF_TRAVEL = frozenset(
    {
        *("made", "taken", "took", "shot", "filmed", "recorded", "photographed"),
        *("trip", "trips", "travel", "travels", "journey", "holiday", "holidays", "vacation"),
        *("visit", "weekend", "gemacht", "aufgenommen", "reise", "urlaub"),
    }
)
"""Words before a place that show nothing by themselves: "my trip to Belgium"."""


def placed_query(query: Query, store: Store) -> Query:
    """Return a query whose texts that end with a place of the library are two parts, with notes.

    A query with double quotes is as it stands, and so is a text that is a name or a title.
    """
    if not query.spelling or query.fusion is Fusion.EARLY or query.then:
        return query
    notes: list[str] = []
    parts: list[QueryPart] = []
    for part in query.parts:
        found = _divided(part, store)
        parts += [part] if found is None else found[0]
        if found is not None:
            notes.append(f"{found[1]!r} is taken as where it was made; double quotes undo it")
    if not notes:
        return query
    return replace(query, parts=tuple(parts), understood=(*query.understood, *notes))


def _divided(part: QueryPart, store: Store) -> tuple[Sequence[QueryPart], str] | None:
    """Return the parts that a part is to be, and the words of it that name a place."""
    if part.asked is not PartKind.TEXT or part.weight <= 0:
        return None
    for rest, place in _ends(part.value):
        with store.snapshot():
            if not _is_place(place, store):
                continue
            if is_literal(part.value, store):
                return None
        shown = [word for word in content_words(rest) if word not in _OF_TRAVEL]
        # All of "Paris, France" is a line of a file word for word, which outweighs any look.
        town = place.split(",")[0]
        there = replace(part, value=town, weight=part.weight * (_BESIDE if shown else 1.0))
        before = [replace(part, value=rest)] if shown else []
        return [*before, there], part.value[len(rest) :].strip(_END)
    return None


def _ends(text: str) -> Iterator[tuple[str, str]]:
    """Yield what comes before the words that may name a place, and these; the last ones first."""
    for link in reversed([*_LINK.finditer(text)]):
        place = text[link.end() :].rstrip(_END)
        if len(folded(place)) > _MOST_WORDS:
            return
        yield text[: link.start()].rstrip(), place


def _is_place(name: str, store: Store) -> bool:
    """Tell whether files of the library were made in a town or a country of this name."""
    asked = folded(name)
    rarest = match_any(max(asked, key=len, default="")) or ""
    found = store.words_of(store.written(rarest, BUDGET)) if rarest else []
    lines = {line for moment in found for line in (moment.texts or "").splitlines()}
    names = ((line, *place_names.parts_of(line)) for line in lines if place_names.parts_of(line))
    return any(asked == folded(name) for each in names for name in each)
