"""Take the vectors of moments of the library as examples of a concept."""

from __future__ import annotations

from collections.abc import Sequence

from engine.encoders.towers import Towers
from engine.errors import UsageError
from engine.query.media_fragments import Fragment
from engine.query.moment_vectors import moment_vectors
from engine.query.plan import HEARD, SEEN
from engine.query.search import Searcher
from engine.store import Store
from engine.types import Kind, MomentRecord, PartKind
from engine.types.arrays import Vectors

ExampleVectors = dict[PartKind, dict[str, Vectors]]
"""Unit vectors (dim,) by what an example is and its path, ``clip.mp4#t=12``."""


def example_vectors(
    store: Store, searcher: Searcher, moments: Sequence[int], towers: Towers
) -> ExampleVectors:
    """Return the vectors of moments, in the spaces where such things are alike.

    A sentence, or a line on screen, stands for what is seen meanwhile.

    Raises:
        KeyError: the library has no such moment.
        UsageError: nothing is seen or heard at one.
    """
    rows: ExampleVectors = {PartKind.IMAGE: {}, PartKind.AUDIO: {}}
    if not moments:
        return rows
    records = store.records(moments)
    perceived = {number: _perceived(store, records[number]) for number in moments}
    spaces = (towers.looks, towers.sounds)
    vectors = moment_vectors(searcher, [*perceived.values()], spaces)
    for record in perceived.values():
        found = vectors.get(record.moment_id, {})
        for kind, space in ((PartKind.IMAGE, towers.looks), (PartKind.AUDIO, towers.sounds)):
            if space.name in found:
                rows[kind][_source(record)] = found[space.name]
                break
        else:
            raise _nothing(record)
    return rows


def _perceived(store: Store, record: MomentRecord) -> MomentRecord:
    """Return the moment of a file by which a moment is seen or heard."""
    if record.moment.modality in (*SEEN, *HEARD):
        return record
    others = [each for each in store.moments_of(record.asset_id) if _is_perceived(each)]
    if not others:
        raise _nothing(record)
    at = record.moment.start or 0.0
    return min(others, key=lambda each: (_order(each), abs((each.moment.start or 0.0) - at)))


def _is_perceived(record: MomentRecord) -> bool:
    return record.moment.modality in (*SEEN, *HEARD)


def _order(record: MomentRecord) -> bool:
    return record.moment.modality not in SEEN


def _source(record: MomentRecord) -> str:
    moment = record.moment
    if record.kind is Kind.IMAGE or moment.start is None:
        return record.path
    return f"{record.path}{Fragment(moment.start, moment.end)}"


def _nothing(record: MomentRecord) -> UsageError:
    return UsageError(f"nothing is seen or heard at moment {record.moment_id}; choose another")
