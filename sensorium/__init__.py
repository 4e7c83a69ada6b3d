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
    from engine.align.service import AlignReport, AlignStatus
    from engine.assistant.answer import CitedAnswer, StreamedSentence
    from engine.assistant.conversation import Conversation
    from engine.classify.classification import Classification
    from engine.classify.evaluate import Evaluation
    from engine.classify.labels import Label
    from engine.common.progress import CancelToken, Progress
    from engine.compose.lesson import TopicLesson
    from engine.compose.story import Story
    from engine.compose.watch_report import WatchReport
    from engine.config import Settings
    from engine.curate.captioning import CaptionRun
    from engine.curate.run import CurationRun
    from engine.errors import (
        BadImport,
        Cancelled,
        CatalogUnreachable,
        ChatFailed,
        CorruptMedia,
        EmbeddingFailed,
        EmptyMedia,
        EncoderUnavailable,
        ExportFailed,
        ExtraMissing,
        FetchRefused,
        FilesVanished,
        InvalidQuery,
        LibraryBusy,
        LibraryCorrupt,
        LibraryNotFound,
        LibraryReadOnly,
        LibraryUnavailable,
        MediaError,
        MediaTooLarge,
        NotALibrary,
        OutOfMemory,
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
    from engine.exchange.export import ExportReport
    from engine.exchange.import_dataset import ImportReport
    from engine.generate.speaker import Speech
    from engine.library.facade import Library
    from engine.library.views import LibraryDescription
    from engine.query.describing import Description
    from engine.query.hit_details import HitDetails, Passage
    from engine.query.language import quoted
    from engine.query.space_stats import SpaceStats
    from engine.speaking import speak
    from engine.store import LibraryStats
    from engine.store.compaction import Compaction
    from engine.store.curation_records import Finding
    from engine.store.verify import VerifyReport
    from engine.types import (
        ExportFormat,
        Failure,
        Fusion,
        Group,
        Hit,
        ImportFormat,
        IndexReport,
        Kind,
        Modality,
        PartKind,
        Plan,
        Query,
        QueryPart,
        SearchResult,
        Span,
        Why,
    )
    from indexers.backfill import BackfillReport

    __version__: str

__all__ = [
    "AlignReport",
    "AlignStatus",
    "BackfillReport",
    "BadImport",
    "CancelToken",
    "Cancelled",
    "CaptionRun",
    "CatalogUnreachable",
    "ChatFailed",
    "CitedAnswer",
    "Classification",
    "Compaction",
    "Conversation",
    "CorruptMedia",
    "CurationRun",
    "Description",
    "EmbeddingFailed",
    "EmptyMedia",
    "EncoderUnavailable",
    "Evaluation",
    "ExportFailed",
    "ExportFormat",
    "ExportReport",
    "ExtraMissing",
    "Failure",
    "FetchRefused",
    "FilesVanished",
    "Finding",
    "Fusion",
    "Group",
    "Hit",
    "HitDetails",
    "ImportFormat",
    "ImportReport",
    "IndexReport",
    "InvalidQuery",
    "Kind",
    "Label",
    "Library",
    "LibraryBusy",
    "LibraryCorrupt",
    "LibraryDescription",
    "LibraryNotFound",
    "LibraryReadOnly",
    "LibraryStats",
    "LibraryUnavailable",
    "MediaError",
    "MediaTooLarge",
    "Modality",
    "NotALibrary",
    "OutOfMemory",
    "PartKind",
    "Passage",
    "PathNotFound",
    "Plan",
    "Progress",
    "Query",
    "QueryPart",
    "QuerySyntax",
    "SearchResult",
    "SegmentGone",
    "SensoriumError",
    "Settings",
    "SpaceMismatch",
    "SpaceStats",
    "Span",
    "Speech",
    "StoreError",
    "Story",
    "StreamedSentence",
    "TopicLesson",
    "UnreadableMedia",
    "UnsupportedMedia",
    "UsageError",
    "VerifyReport",
    "WatchReport",
    "Why",
    "__version__",
    "quoted",
    "speak",
]

_ELSEWHERE = {
    "AlignReport": "engine.align.service",
    "AlignStatus": "engine.align.service",
    "BackfillReport": "indexers.backfill",
    "CancelToken": "engine.common.progress",
    "CaptionRun": "engine.curate.captioning",
    "CitedAnswer": "engine.assistant.answer",
    "Conversation": "engine.assistant.conversation",
    "Classification": "engine.classify.classification",
    "Compaction": "engine.store.compaction",
    "CurationRun": "engine.curate.run",
    "Description": "engine.query.describing",
    "Evaluation": "engine.classify.evaluate",
    "ExportReport": "engine.exchange.export",
    "Finding": "engine.store.curation_records",
    "HitDetails": "engine.query.hit_details",
    "ImportReport": "engine.exchange.import_dataset",
    "Label": "engine.classify.labels",
    "Library": "engine.library.facade",
    "LibraryDescription": "engine.library.views",
    "LibraryStats": "engine.store",
    "Passage": "engine.query.hit_details",
    "Progress": "engine.common.progress",
    "Settings": "engine.config",
    "SpaceStats": "engine.query.space_stats",
    "Speech": "engine.generate.speaker",
    "Story": "engine.compose.story",
    "StreamedSentence": "engine.assistant.answer",
    "TopicLesson": "engine.compose.lesson",
    "VerifyReport": "engine.store.verify",
    "WatchReport": "engine.compose.watch_report",
    "quoted": "engine.query.language.query_parser",
    "speak": "engine.speaking",
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
