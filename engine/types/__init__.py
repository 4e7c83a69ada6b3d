"""The nouns of Sensorium, one frozen dataclass each.

Importing them costs no numpy: the command line takes its choices from the enums here.
Arrays, which do, are in ``engine.types.arrays``. Each module loads when a name of it is
used, because making the dataclasses takes longer than printing the help of a command.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.types.datasets import (
        ExportFormat,
        ImportFormat,
    )
    from engine.types.enums import (
        Fusion,
        Group,
        Kind,
        Modality,
        PartKind,
        Placement,
        Sort,
    )
    from engine.types.media import (
        HEAD_MARK,
        VISUAL,
        Asset,
        Embedding,
        Failure,
        FileStat,
        IndexedAsset,
        MediaType,
        Moment,
        MomentRecord,
        Space,
        Tag,
    )
    from engine.types.query import (
        FILTER_OPERATORS,
        QUALITY,
        AllOf,
        AnyOf,
        Branch,
        Condition,
        Filter,
        Not,
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
    "QUALITY",
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
    "Sort",
    "Space",
    "Span",
    "Tag",
    "Why",
]

_NAMES = {
    "datasets": (
        "ExportFormat",
        "ImportFormat",
    ),
    "enums": (
        "Fusion",
        "Group",
        "Kind",
        "Modality",
        "PartKind",
        "Placement",
        "Sort",
    ),
    "media": (
        "Asset",
        "Embedding",
        "Failure",
        "FileStat",
        "HEAD_MARK",
        "IndexedAsset",
        "MediaType",
        "Moment",
        "MomentRecord",
        "Space",
        "Tag",
        "VISUAL",
    ),
    "query": (
        "AllOf",
        "AnyOf",
        "Branch",
        "Condition",
        "FILTER_OPERATORS",
        "Filter",
        "Not",
        "Plan",
        "QUALITY",
        "Query",
        "QueryPart",
    ),
    "results": (
        "BranchOutcome",
        "BranchScores",
        "Hit",
        "IndexReport",
        "SearchResult",
        "Span",
        "Why",
    ),
}
"""Names by the module that has them."""


def __getattr__(name: str) -> object:
    """Load a name when it is used first."""
    for module, names in _NAMES.items():
        if name in names:
            value: object = getattr(import_module(f"engine.types.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'engine.types' has no attribute {name!r}")
