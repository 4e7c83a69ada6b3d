"""Sensorium: find moments in pictures, videos and sounds by words, offline.

    from sensorium import Library

    library = Library.open("photos.library", create=True)
    library.index(["~/Pictures"], progress=True)
    for hit in library.search("a dog on a beach"):
        print(hit.score, hit.path, hit.start)

The names in ``__all__`` here and in ``sensorium.encoders`` are the public interface, and
stay as they are between minor versions. ``engine`` and ``indexers`` may change at any time.
Importing this package loads neither numpy nor a model: each name loads when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.common.progress import CancelToken, Progress
    from engine.config import Settings
    from engine.errors import (
        BadImport,
        Cancelled,
        CatalogUnreachable,
        ChatFailed,
        CorruptMedia,
        EmptyMedia,
        EncoderUnavailable,
        ExportFailed,
        ExtraMissing,
        FetchRefused,
        InvalidQuery,
        LibraryBusy,
        LibraryCorrupt,
        LibraryNotFound,
        LibraryReadOnly,
        MediaError,
        MediaTooLarge,
        NotALibrary,
        PathNotFound,
        QuerySyntax,
        SegmentGone,
        SensoriumError,
        SpaceMismatch,
        StoreError,
        UnreadableMedia,
        UnsupportedMedia,
        UsageError,
    )
    from engine.library import Library
    from engine.query.language.query_parser import quoted
    from engine.types import (
        Failure,
        Fusion,
        Group,
        Hit,
        IndexReport,
        Kind,
        Modality,
        PartKind,
        Query,
        QueryPart,
        SearchResult,
        Span,
        Why,
    )

    __version__: str

__all__ = [
    "BadImport",
    "CancelToken",
    "Cancelled",
    "CatalogUnreachable",
    "ChatFailed",
    "CorruptMedia",
    "EmptyMedia",
    "EncoderUnavailable",
    "ExportFailed",
    "ExtraMissing",
    "Failure",
    "FetchRefused",
    "Fusion",
    "Group",
    "Hit",
    "IndexReport",
    "InvalidQuery",
    "Kind",
    "Library",
    "LibraryBusy",
    "LibraryCorrupt",
    "LibraryNotFound",
    "LibraryReadOnly",
    "MediaError",
    "MediaTooLarge",
    "Modality",
    "NotALibrary",
    "PartKind",
    "PathNotFound",
    "Progress",
    "Query",
    "QueryPart",
    "QuerySyntax",
    "SearchResult",
    "SegmentGone",
    "SensoriumError",
    "Settings",
    "SpaceMismatch",
    "Span",
    "StoreError",
    "UnreadableMedia",
    "UnsupportedMedia",
    "UsageError",
    "Why",
    "__version__",
    "quoted",
]

_ELSEWHERE = {
    "CancelToken": "engine.common.progress",
    "Library": "engine.library",
    "Progress": "engine.common.progress",
    "Settings": "engine.config",
    "quoted": "engine.query.language.query_parser",
}
"""Modules of names that are neither values nor errors."""


def __getattr__(name: str) -> object:
    """Load a public name when it is used first."""
    if name not in __all__:
        raise AttributeError(f"module 'sensorium' has no attribute {name!r}")
    value: object
    if name == "__version__":
        from importlib.metadata import version

        value = version("sensorium")
    elif name in _ELSEWHERE:
        value = getattr(import_module(_ELSEWHERE[name]), name)
    else:
        types, errors = import_module("engine.types"), import_module("engine.errors")
        value = getattr(types if hasattr(types, name) else errors, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return __all__
