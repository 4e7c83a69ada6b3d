"""A query and what the library holds, into a plan. Pure: nothing is read or run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from engine.errors import InvalidQuery
from engine.types import Branch, Kind, Modality, Plan, Query

_CROSS_MODAL = 0.5
"""Weight of what words would say of an example, beside its likeness itself."""
_MIN_FETCH = 100
_MOST = 1_000_000
"""Hits that one query may ask for."""
_FETCH_PER_HIT = 5

_MODALITIES = {
    Kind.IMAGE: (Modality.IMAGE,),
    Kind.VIDEO: (Modality.KEYFRAME, Modality.SOUND, Modality.SPEECH),
    Kind.AUDIO: (Modality.SOUND, Modality.SPEECH),
}
SEEN = (Modality.IMAGE, Modality.KEYFRAME)
HEARD = (Modality.SOUND,)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What there is to search: the three spaces, and the modalities in each."""

    shared: str
    looks: str
    sounds: str
    modalities: Mapping[str, frozenset[Modality]]


def validated(query: Query) -> Query:
    """The query as it will be run: texts trimmed, and each said once.

    Raises:
        InvalidQuery: nothing is asked for, one text is both asked for and excluded, or
            ``top`` is not positive.
    """
    text = (query.text or "").strip() or None
    exclude = tuple(dict.fromkeys(filter(None, map(str.strip, query.exclude))))
    if not (query.image or query.audio or text):
        raise InvalidQuery("nothing to search for: give a text, --image or --audio")
    if text in exclude:
        raise InvalidQuery(f"{text!r} is both searched for and excluded by --not")
    if query.top < 1:
        raise InvalidQuery(f"--top must be at least 1, not {query.top}")
    if query.top > _MOST:
        raise InvalidQuery(f"--top must be at most {_MOST}, not {query.top}")
    return replace(query, text=text, exclude=exclude)


def plan(query: Query, inventory: Inventory) -> Plan:
    """How to run a ``validated`` query on a library that holds ``inventory``."""
    branches = (*_wanted(query, inventory), *_unwanted(query, inventory))
    return Plan(query, branches, max(_MIN_FETCH, _FETCH_PER_HIT * query.top))


def _wanted(query: Query, inventory: Inventory) -> Iterator[Branch]:
    shared = inventory.shared
    if query.text:
        for modality in _present(query, inventory, shared):
            yield Branch("text", shared, modality, query.text)
        yield Branch("words", term=query.text)
    examples = (
        ("image", query.image, inventory.looks, SEEN),
        ("audio", query.audio, inventory.sounds, HEARD),
    )
    for name, example, likeness, alike in examples:
        if example is None:
            continue
        for modality in _present(query, inventory, likeness):
            if modality in alike:
                yield Branch(name, likeness, modality)
        for modality in _present(query, inventory, shared):
            if modality not in alike and not query.likeness:
                yield Branch(name, shared, modality, weight=_CROSS_MODAL)


def _unwanted(query: Query, inventory: Inventory) -> Iterator[Branch]:
    for text in query.exclude:
        for modality in _present(query, inventory, inventory.shared):
            yield Branch("not", inventory.shared, modality, text, weight=-1.0)
        yield Branch("not", term=text, weight=-1.0)


def _present(query: Query, inventory: Inventory, space: str) -> Iterator[Modality]:
    """The modalities of a space that the query's kinds admit."""
    wanted = {m for kind in query.kinds or Kind for m in _MODALITIES[kind]}
    held = inventory.modalities.get(space, frozenset())
    return (m for m in Modality if m in wanted and m in held)
