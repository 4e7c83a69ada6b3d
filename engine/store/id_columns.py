"""Ids on their way into statements, and out of rows."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable

import numpy as np

from engine.store.records import Row
from engine.types.arrays import MomentIds


def sorted_ids(found: Iterable[Row]) -> MomentIds:
    """Return the ids in rows of one, ascending."""
    ids = np.fromiter(itertools.chain.from_iterable(found), dtype=np.int64)
    ids.sort()
    return ids


def listed(ids: Iterable[int]) -> str:
    """Return ids as the JSON that statements take a list by."""
    return json.dumps([int(i) for i in ids])
