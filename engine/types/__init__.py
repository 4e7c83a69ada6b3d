"""The nouns of Sensorium, one frozen dataclass each.

Importing them costs no numpy: the command line takes its choices from the enums here.
Arrays, which do, are in ``engine.types.arrays``.
"""

from __future__ import annotations

from engine.types.media import (
    HEAD,
    Asset,
    Embedding,
    Failure,
    FileStat,
    IndexedAsset,
    Kind,
    MediaType,
    Modality,
    Moment,
    MomentRecord,
    Space,
    Tag,
)
from engine.types.query import (
    Asked,
    Both,
    Branch,
    Condition,
    Either,
    Filter,
    Fusion,
    Group,
    Not,
    Part,
    Placement,
    Plan,
    Query,
)
from engine.types.results import (
    Hit,
    IndexReport,
    Outcome,
    Scored,
    SearchResult,
    Span,
    Why,
)

__all__ = [
    "Asked",
    "Asset",
    "Both",
    "Branch",
    "Condition",
    "Either",
    "Embedding",
    "Failure",
    "FileStat",
    "Filter",
    "Fusion",
    "Group",
    "HEAD",
    "Hit",
    "IndexReport",
    "IndexedAsset",
    "Kind",
    "MediaType",
    "Modality",
    "Moment",
    "MomentRecord",
    "Not",
    "Outcome",
    "Part",
    "Placement",
    "Plan",
    "Query",
    "Scored",
    "SearchResult",
    "Space",
    "Span",
    "Tag",
    "Why",
]
