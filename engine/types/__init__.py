"""The nouns of Sensorium, one frozen dataclass each.

Importing them costs no numpy: the command line takes its choices from the enums here.
Arrays, which do, are in ``engine.types.arrays``.
"""

from __future__ import annotations

from engine.types.datasets import ExportFormat, ImportFormat
from engine.types.media import (
    HEAD_MARK,
    VISUAL,
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
    FILTER_OPERATORS,
    AllOf,
    AnyOf,
    Branch,
    Condition,
    Filter,
    Fusion,
    Group,
    Not,
    PartKind,
    Placement,
    Plan,
    Query,
    QueryPart,
)
from engine.types.results import (
    BranchOutcome,
    BranchScores,
    Hit,
    IndexReport,
    SearchResult,
    Span,
    Why,
)

__all__ = [
    "FILTER_OPERATORS",
    "HEAD_MARK",
    "VISUAL",
    "AllOf",
    "AnyOf",
    "Asset",
    "Branch",
    "BranchOutcome",
    "BranchScores",
    "Condition",
    "Embedding",
    "ExportFormat",
    "Failure",
    "FileStat",
    "Filter",
    "Fusion",
    "Group",
    "Hit",
    "ImportFormat",
    "IndexReport",
    "IndexedAsset",
    "Kind",
    "MediaType",
    "Modality",
    "Moment",
    "MomentRecord",
    "Not",
    "PartKind",
    "Placement",
    "Plan",
    "Query",
    "QueryPart",
    "SearchResult",
    "Space",
    "Span",
    "Tag",
    "Why",
]
