"""Segments of a transaction: written and named before the rows that register them."""

from __future__ import annotations

from typing import TypeAlias

from engine.store import segments
from engine.store.records import SegmentInfo
from engine.store.segments import Stored
from engine.store.write.commit_batch import Batch
from engine.store.write.transaction import Transaction
from engine.types import Space
from engine.types.arrays import MomentIds, Vectors

NewSegment: TypeAlias = tuple[SegmentInfo, int, int]
"""A segment with its first and its last moment."""


def write_segment(
    transaction: Transaction, space: Space, ids: MomentIds, rows: Vectors | Stored
) -> NewSegment:
    """Write one segment under a new number; ``publish`` names it.

    Args:
        ids: (n,), ascending.
        rows: (n, space.dim).
    """
    segment_id = transaction.take("next_segment")
    info = segments.write(transaction.segments, segment_id, space, ids, rows)
    return info, int(ids[0]), int(ids[-1])


def publish(transaction: Transaction, written: list[NewSegment]) -> None:
    """Give written segments their names."""
    if written:
        segments.publish(transaction.segments, [info for info, _, _ in written])


def write_batch(transaction: Transaction, batch: Batch) -> list[NewSegment]:
    """Check the vectors of a batch, and write and name one segment for each space.

    Raises:
        SpaceMismatch, StoreError: as ``Batch.arrays``.
    """
    arrays = batch.arrays(transaction.spaces)
    written = [write_segment(transaction, space, ids, rows) for space, ids, rows in arrays]
    publish(transaction, written)
    return written
