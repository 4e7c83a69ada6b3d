"""Every error that Sensorium raises on purpose.

    SensoriumError
    ├── UsageError               the request cannot be met as it was put; exit code 2
    │   ├── LibraryNotFound      there is no library at that path
    │   ├── NotALibrary          the folder exists and is something else
    │   ├── PathNotFound         a file or folder to read does not exist
    │   ├── FilesVanished        most files of a folder are not there: is its disk mounted?
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
    ├── EmbeddingFailed          an embedding server did not answer, or not as it was asked
    ├── ChatFailed               a language model did not answer, or not as it was asked
    ├── OutOfMemory              the machine, or a limit, has no memory for it
    ├── Cancelled                the caller cancelled it; exit code 130
    ├── ExportFailed             a folder of an export, or of an import, cannot be written
    └── StoreError               the library's own files; exit code 1
        ├── LibraryBusy          another writer holds the lock
        ├── CatalogUnreachable   the server that has the catalog does not let us in
        ├── LibraryCorrupt       truth is damaged; the line says what and how to mend it
        ├── LibraryUnavailable   a file cannot be read now, or is not there; nothing changed
        ├── LibraryReadOnly      the folder, or its disk, does not take writes
        ├── SegmentGone          a compaction has merged it since it was listed
        └── SpaceMismatch        vectors of another encoder, revision or dim

Messages are one line, name the thing, and say the way out. Exceptions of the
libraries underneath are translated where they are called and chained with
``from``, so that callers need to know this tree only.

Programs read ``code``, a string for each class that stays the same between versions, and
``retryable``, which tells whether the same call may well succeed later.
"""

from __future__ import annotations

from typing import ClassVar

UNEXPECTED = "unexpected_error"
"""The code of an exception that is none of this tree."""
SKIPPED = "skipped_format"
"""The code of a file that was skipped, of a type that is known and not read: no error."""


class SensoriumError(Exception):
    """Base of every error that Sensorium raises on purpose.

    Args:
        arguments: names of arguments that the message has as ``name=``; the command line puts
            its options in their place.
    """

    exit_code: ClassVar[int] = 1
    """The status that the command line exits with."""
    code: ClassVar[str] = "sensorium_error"
    """A stable name for programs."""
    retryable: ClassVar[bool] = False
    """True where the same call may well succeed later, with nothing changed by the caller."""

    def __init__(self, *args: object, arguments: tuple[str, ...] = ()) -> None:
        super().__init__(*args)
        self.arguments = arguments


class UsageError(SensoriumError):
    """The request cannot be met as it was put."""

    exit_code = 2
    code = "usage_error"


class LibraryNotFound(UsageError):
    """There is no library at that path."""

    code = "library_not_found"


class NotALibrary(UsageError):
    """The folder exists and is something else."""

    code = "not_a_library"


class PathNotFound(UsageError):
    """A file or folder to read does not exist."""

    code = "path_not_found"


class FilesVanished(UsageError):
    """Most files that the library knows below a folder are not there: is its disk mounted?

    Args:
        root: the folder.
        gone: files that are not there.
        known: files that the library knows there.
    """

    code = "files_vanished"

    def __init__(self, root: str, gone: int, known: int) -> None:
        super().__init__(
            f"{gone} of the {known} files below {root} are not there (is its disk mounted?);"
            " nothing was changed. vanished='keep' goes on and keeps them, hidden, until they"
            " are back; vanished='forget' forgets them",
            arguments=("vanished",),
        )
        self.root, self.gone, self.known = root, gone, known

    def __reduce__(self) -> tuple[type[FilesVanished], tuple[str, int, int]]:
        return type(self), (self.root, self.gone, self.known)


class EncoderUnavailable(UsageError):
    """An encoder or a language model, or weights that it needs, cannot be had."""

    code = "encoder_unavailable"


class ExtraMissing(UsageError):
    """An optional package is not installed.

    Args:
        what: the thing that needs it, as the subject of a sentence.
        extra: the name of the extra of this distribution that brings it.
    """

    code = "extra_missing"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package: pip install 'sensorium[{extra}]'")
        self.what = what
        self.extra = extra

    def __reduce__(self) -> tuple[type[ExtraMissing], tuple[str, str]]:
        return type(self), (self.what, self.extra)


class FetchRefused(UsageError):
    """A URL names something that cannot be fetched, or must not be."""

    code = "fetch_refused"


class BadImport(UsageError):
    """The data to import is not what its format says; nothing of it was taken."""

    code = "bad_import"


class InvalidQuery(UsageError):
    """The query says nothing, or contradicts itself."""

    code = "invalid_query"


class QuerySyntax(InvalidQuery):
    """A query, or the expression of a filter, cannot be read.

    Args:
        text: all that was typed.
        position: index of the character of ``text`` where it goes wrong; its length where
            something is missing at the end.
        wrong: what is wrong there, in one line.
        advice: the way out, in one line.
    """

    code = "query_syntax"

    def __init__(self, text: str, position: int, wrong: str, advice: str) -> None:
        super().__init__(f"at character {position + 1}: {wrong}; {advice}")
        self.text = text
        self.position = position
        self.wrong, self.advice = wrong, advice

    def __reduce__(self) -> tuple[type[QuerySyntax], tuple[str, int, str, str]]:
        return type(self), (self.text, self.position, self.wrong, self.advice)


class MediaError(SensoriumError):
    """One media file cannot be used; the others are unaffected."""

    code = "media_error"


class EmptyMedia(MediaError):
    """No bytes, no frames, or no samples."""

    code = "empty_media"


class UnsupportedMedia(MediaError):
    """A format that Sensorium does not read."""

    code = "unsupported_media"


class CorruptMedia(MediaError):
    """The decoder gave up."""

    code = "corrupt_media"


class MediaTooLarge(MediaError):
    """Past a limit; the message names the limit and the setting that lifts it."""

    code = "media_too_large"


class UnreadableMedia(MediaError):
    """Permission denied, vanished between scan and decode, or an I/O error."""

    code = "unreadable_media"
    retryable = True


class EmbeddingFailed(SensoriumError):
    """An embedding server did not answer, not in time, or not as it was asked."""

    code = "embedding_failed"
    retryable = True


class ChatFailed(SensoriumError):
    """A language model did not answer, not in time, or not as it was asked."""

    code = "chat_failed"
    retryable = True


class OutOfMemory(SensoriumError):
    """There is not enough memory, by the machine or by a limit that was set.

    Args:
        what: the thing that cannot be done for it, as a sentence without its end.
    """

    code = "out_of_memory"
    retryable = True

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: there is not enough memory; end other programs, raise the limit"
            " (ulimit -v), or let fewer threads work: SENSORIUM_THREADS=1"
        )
        self.what = what

    def __reduce__(self) -> tuple[type[OutOfMemory], tuple[str]]:
        return type(self), (self.what,)


class Cancelled(SensoriumError):
    """The caller cancelled a long call; what was committed by then is kept."""

    exit_code = 130
    code = "cancelled"
    retryable = True


class ExportFailed(SensoriumError):
    """A folder of an export, or of an import, cannot be written; nothing of it is left."""

    code = "export_failed"


class StoreError(SensoriumError):
    """The library's own files cannot be read or written."""

    code = "store_error"


class LibraryBusy(StoreError):
    """Another writer holds the lock."""

    code = "library_busy"
    retryable = True


class CatalogUnreachable(StoreError):
    """The server that has the catalog does not answer, or does not let us in."""

    code = "catalog_unreachable"
    retryable = True


class LibraryCorrupt(StoreError):
    """The catalog or a segment is damaged; the message says which, and how to mend it."""

    code = "library_corrupt"


class LibraryUnavailable(StoreError):
    """A file of the library cannot be read now, or is not there; nothing was changed."""

    code = "library_unavailable"
    retryable = True


class LibraryReadOnly(StoreError):
    """The folder, or its disk, does not take writes."""

    code = "library_read_only"


class SegmentGone(StoreError):
    """A compaction has merged a segment since it was listed; list the segments again."""

    code = "segment_gone"
    retryable = True


class SpaceMismatch(StoreError):
    """Vectors of another encoder, revision or dimension."""

    code = "space_mismatch"


def error_code(error: BaseException) -> str:
    """Return the code of an error, which may be one of the system or of another library."""
    if isinstance(error, SensoriumError):
        return error.code
    return UnreadableMedia.code if isinstance(error, OSError) else UNEXPECTED


def is_retryable(error: BaseException) -> bool:
    """Return whether the same call may well succeed later.

    Permissions and failing disks leave size and date of a file as they are.
    """
    if isinstance(error, SensoriumError):
        return error.retryable
    return isinstance(error, OSError)


def is_retryable_code(code: str | None) -> bool:
    """Return whether errors of a code are retryable; False for a code that is not known."""
    pending: list[type[SensoriumError]] = [SensoriumError]
    while pending:
        kind = pending.pop()
        if kind.code == code:
            return kind.retryable
        pending += kind.__subclasses__()
    return False
