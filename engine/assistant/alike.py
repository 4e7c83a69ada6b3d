"""Find what is like a moment that an answer cited: "more like this"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.assistant.evidence import WORDED, Claim, EvidencePassage, passages_of
from engine.assistant.scope import FileScope
from engine.query.examples import similar_query
from engine.query.language import build_query, quoted
from engine.store import Store
from engine.types import Group, Kind, Query, SearchResult

_TOP = 30
_SHOWN = 5
"""Files that are named one by one, the likeliest."""


def alike_passages(
    store: Store,
    run: Callable[[Query], SearchResult],
    moment: EvidencePassage,
    *,
    kinds: Sequence[Kind] = (),
    where: Sequence[str] | str = (),
    scope: FileScope,
) -> list[EvidencePassage]:
    """Return the likeliest moments of other files that look, sound or read like one.

    Words are like words: what is said is compared by what it says, and not by its sound.

    Raises:
        InvalidQuery: the file of the moment is not there to be looked at.
    """
    if moment.claim in WORDED:
        others = replace(scope, but_not=(*scope.but_not, moment.path))
        query = build_query(
            quoted(moment.text), local=False, kinds=kinds, where=where, top=_TOP, group=Group.ASSET
        )
        found = run(others.narrowed(query))
        hits = [hit for hit in found.hits if hit.likely]
        worded = passages_of(store, hits, moment.text)
        return [passage for passage in worded if passage.claim in WORDED][:_SHOWN]
    at = "" if moment.kind is Kind.IMAGE or moment.start is None else f"#t={moment.start:.3f}"
    query = similar_query(
        f"{moment.path}{at}", kinds=kinds, where=where, top=_TOP, group=Group.ASSET
    )
    found = run(scope.narrowed(query))
    hits = [hit for hit in found.hits if hit.likely][:_SHOWN]
    return [replace(p, claim=Claim.ALIKE, text="") for p in passages_of(store, hits, "it")]
