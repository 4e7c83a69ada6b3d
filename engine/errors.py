"""Every error that Sensorium raises on purpose.

    SensoriumError
    ├── UsageError               the request cannot be met as it was put; exit code 2
    │   ├── LibraryNotFound      there is no library at that path
    │   ├── NotALibrary          the folder exists and is something else
    │   ├── PathNotFound         a file or folder to read does not exist
    │   ├── EncoderUnavailable   an encoder or a language model, or its weights, cannot be had
    │   ├── ExtraMissing         an optional package is not installed
    │   ├── FetchRefused         what a URL names cannot, or must not, be fetched
    │   ├── BadImport            what is to be imported is not what its format says
    │   └── InvalidQuery         the query says nothing, or contradicts itself
    │       └── QuerySyntax      a character of the query stands where it means nothing
    ├── MediaError               one file; costs one line and a row of `failures`
    │   ├── EmptyMedia           no bytes, no frames, no samples
    │   ├── UnsupportedMedia     a format that Sensorium does not read
    │   ├── CorruptMedia         the decoder gave up
    │   ├── MediaTooLarge        past a limit; the line names limit and setting
    │   └── UnreadableMedia      permission denied, vanished, I/O error
    ├── ChatFailed               a language model did not answer, or not as it was asked
    ├── Cancelled                the caller cancelled it; exit code 130
    ├── ExportFailed             a folder of an export, or of an import, cannot be written
    └── StoreError               the library's own files; exit code 1
        ├── LibraryBusy          another writer holds the lock
        ├── CatalogUnreachable   the server that has the catalog does not let us in
        ├── LibraryCorrupt       truth is damaged; the line says what and how to mend it
        ├── LibraryReadOnly      the folder, or its disk, does not take writes
        ├── SegmentGone          a compaction has merged it since it was listed
        └── SpaceMismatch        vectors of another encoder, revision or dim

Messages are one line, name the thing, and say the way out. Exceptions of the
libraries underneath are translated where they are called and chained with
``from``, so that callers need to know this tree only.
"""

from __future__ import annotations


class SensoriumError(Exception):
    """Base of everything below; ``exit_code`` is what the command line returns."""

    exit_code = 1


class UsageError(SensoriumError):
    """The request cannot be met as it was put."""

    exit_code = 2


class LibraryNotFound(UsageError):
    """There is no library at that path."""


class NotALibrary(UsageError):
    """The folder exists and is something else."""


class PathNotFound(UsageError):
    """A file or folder to read does not exist."""


class EncoderUnavailable(UsageError):
    """An encoder or a language model, or weights that it needs, cannot be had."""


class ExtraMissing(UsageError):
    """An optional package is not installed.

    Args:
        what: the thing that needs it, as the subject of a sentence.
        extra: the name of the extra of this distribution that brings it.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package: pip install 'sensorium[{extra}]'")
        self.extra = extra


class FetchRefused(UsageError):
    """What a URL names cannot be fetched, or must not be."""


class BadImport(UsageError):
    """What is to be imported is not what its format says; nothing of it was taken."""


class InvalidQuery(UsageError):
    """The query says nothing, or contradicts itself."""


class QuerySyntax(InvalidQuery):
    """A query, or the expression of a filter, cannot be read.

    Args:
        text: all that was typed.
        position: index of the character of ``text`` where it goes wrong; its length where
            something is missing at the end.
        wrong: what is wrong there, in one line.
        advice: the way out, in one line.
    """

    def __init__(self, text: str, position: int, wrong: str, advice: str) -> None:
        super().__init__(f"at character {position + 1}: {wrong}; {advice}")
        self.text = text
        self.position = position


class MediaError(SensoriumError):
    """One media file cannot be used; the others are unaffected."""


class EmptyMedia(MediaError):
    """No bytes, no frames, or no samples."""


class UnsupportedMedia(MediaError):
    """A format that Sensorium does not read."""


class CorruptMedia(MediaError):
    """The decoder gave up."""


class MediaTooLarge(MediaError):
    """Past a limit; the message names the limit and the setting that lifts it."""


class UnreadableMedia(MediaError):
    """Permission denied, vanished between scan and decode, or an I/O error."""


class ChatFailed(SensoriumError):
    """A language model did not answer, not in time, or not as it was asked."""


class Cancelled(SensoriumError):
    """The caller cancelled a long call; what was committed by then is kept."""

    exit_code = 130


class ExportFailed(SensoriumError):
    """A folder of an export, or of an import, cannot be written; nothing of it is left."""


class StoreError(SensoriumError):
    """The library's own files cannot be read or written."""


class LibraryBusy(StoreError):
    """Another writer holds the lock."""


class CatalogUnreachable(StoreError):
    """The server that has the catalog does not answer, or does not let us in."""


class LibraryCorrupt(StoreError):
    """What is true is damaged; the message says what, and how to mend it."""


class LibraryReadOnly(StoreError):
    """The folder, or its disk, does not take writes."""


class SegmentGone(StoreError):
    """A compaction has merged a segment since it was listed; list the segments again."""


class SpaceMismatch(StoreError):
    """Vectors of another encoder, revision or dimension."""
