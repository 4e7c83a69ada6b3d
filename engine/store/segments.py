"""Read and write segments: immutable Parquet files of vectors, the log of record.

Columns ``moment_id`` (int64) and ``vector`` (a fixed-size list of float16 or float32,
as the space has it). The schema's metadata name the space, encoder, revision, dim,
dtype, normalisation and checksum, so that a file explains itself without its catalog.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.common.atomic_write import sync_folder
from engine.common.vectors import chunks
from engine.errors import LibraryCorrupt, LibraryUnavailable, SpaceMismatch
from engine.store import failpoints
from engine.store.failpoints import FailPoint
from engine.store.records import SegmentInfo
from engine.types import Space
from engine.types.arrays import MomentIds, Vectors

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Stored: TypeAlias = NDArray[np.float16] | NDArray[np.float32]
"""Vectors as they are kept, shape (n, dim)."""

FOLDER = "segments"
_GROUP_BYTES = 2**19
"""Bytes of vectors in a row group. Parquet takes nine times that to write it, and keeps it."""
_PREFIX = "sensorium."
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DTYPES = {"int64": np.int64, "halffloat": np.float16, "float": np.float32}
_READ_AT_ONCE = 2**20
"""Bytes that a look at a whole file reads at a time."""
_T = TypeVar("_T")


def file_name(number: int, space: str) -> str:
    """Return the name of a segment's file; only its number has to tell it apart."""
    return f"{number:08d}-{without_specials(space)}.parquet"


def without_specials(name: str) -> str:
    """Return a name that every file system takes."""
    return _UNSAFE.sub("_", name)[:64]


def is_ours(file: str) -> bool:
    """Tell whether a name in the folder is a segment's, written or half written."""
    return file.endswith((".parquet", ".parquet.tmp"))


def is_unfinished(file: str) -> bool:
    """Tell whether the name is that of a file that is, or was, being written."""
    return file.endswith(".tmp")


def temporary(file: str) -> str:
    """Return the name of a file that is still being written."""
    return f"{file}.tmp"


def checksum(ids: MomentIds, stored: Stored) -> str:
    """Hash the ids, then the vectors as stored: BLAKE2b-128, little-endian, hexadecimal.

    The two are hashed apart so that a stream of batches gives the same answer.
    """
    kept = stored.dtype.newbyteorder("<")
    little = ids.astype("<i8", copy=False), stored.astype(kept, copy=False)
    return "".join(
        blake2b(np.ascontiguousarray(column).data, digest_size=16).hexdigest() for column in little
    )


def write(
    folder: Path,
    segment_id: int,
    space: Space,
    ids: MomentIds,
    vectors: Vectors | Stored,
    number: int | None = None,
) -> SegmentInfo:
    """Write one segment under its temporary name and sync it; ``publish`` renames it.

    Args:
        ids: int64, shape (n,).
        vectors: shape (n, space.dim), checked by the caller; rounded to the space's dtype.
        number: of the file's name, where it is not the segment's.

    Raises:
        OSError: the disk does not take it.
    """
    stored = np.ascontiguousarray(vectors, dtype=space.dtype)
    digest = checksum(ids, stored)
    file = file_name(segment_id if number is None else number, space.name)
    size = _write_synced(folder / temporary(file), space, digest, ids, stored)
    release()
    return SegmentInfo(segment_id, space.name, file, len(ids), size, digest)


def _write_synced(file: Path, space: Space, digest: str, ids: MomentIds, stored: Stored) -> int:
    """Write a file and sync it; returns its size in bytes."""
    with file.open("wb") as stream:
        failpoints.hit(FailPoint.SEGMENT_WRITING)
        _write_groups(stream, space, digest, ids, stored)
        size = stream.tell()
        os.fsync(stream.fileno())
    failpoints.hit(FailPoint.SEGMENT_WRITTEN)
    return size


def _write_groups(
    stream: BinaryIO, space: Space, digest: str, ids: MomentIds, stored: Stored
) -> None:
    import pyarrow.parquet as pq

    schema = _schema(space, digest)
    # Vectors are noise to a dictionary, to statistics and to a general compressor; ids
    # are a run of numbers, which zstd all but removes.
    with pq.ParquetWriter(
        stream,
        schema,
        compression={"moment_id": "zstd", "vector.list.element": "none"},
        use_dictionary=False,
        write_statistics=False,
    ) as writer:
        rows = max(1, _GROUP_BYTES // (space.dim * stored.itemsize))
        for part, vectors in zip(chunks(ids, rows), chunks(stored, rows), strict=True):
            writer.write_table(_table(schema, part, vectors))
    stream.flush()


def _schema(space: Space, digest: str) -> pa.Schema:
    import pyarrow as pa

    # Declared as free of nulls: that spares readers a bitmap a row.
    element = pa.field("element", pa.from_numpy_dtype(np.dtype(space.dtype)), nullable=False)
    return pa.schema(
        [
            pa.field("moment_id", pa.int64(), nullable=False),
            pa.field("vector", pa.list_(element, space.dim), nullable=False),
        ],
        metadata=_metadata(space, digest),
    )


def _table(schema: pa.Schema, ids: MomentIds, stored: Stored) -> pa.Table:
    import pyarrow as pa

    kind = schema.field("vector").type
    lists = pa.FixedSizeListArray.from_arrays(_array(stored.reshape(-1)), type=kind)
    return pa.Table.from_arrays([_array(ids), lists], schema=schema)


def _array(values: MomentIds | Stored) -> pa.Array:
    """Return numbers as an array of Arrow's, uncopied."""
    import pyarrow as pa

    # Not by ``pa.array``, which imports pandas where it is installed: 0.3 s of every `index`.
    dense: NDArray[Any] = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(dense.dtype)
    return pa.Array.from_buffers(kind, len(dense), [None, pa.py_buffer(dense)])


def _metadata(space: Space, digest: str) -> dict[bytes | str, bytes | str]:
    fields = {
        "space": space.name,
        "encoder": space.encoder,
        "revision": space.revision,
        "dim": str(space.dim),
        "dtype": space.dtype,
        "normalised": "l2",
        "checksum": digest,
    }
    return {_PREFIX + key: value for key, value in fields.items()}


def number_of(file: str) -> int:
    """Return the number in the name of a segment's file; 0 for a name of others."""
    number = file.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def publish(folder: Path, infos: list[SegmentInfo]) -> None:
    """Give written segments their names, and make the names last on disk."""
    for info in infos:
        (folder / temporary(info.file)).rename(folder / info.file)
    sync_folder(folder)
    failpoints.hit(FailPoint.SEGMENT_RENAMED)


def read(folder: Path, info: SegmentInfo, space: Space) -> tuple[MomentIds, Vectors]:
    """Read the rows of a segment, in the order in which they were written.

    Returns:
        ids int64 (n,), vectors float32 (n, dim).

    Raises:
        SpaceMismatch: it holds vectors of another encoder, revision or dim.
        LibraryUnavailable: the file cannot be read now, or not all of it is there.
        LibraryCorrupt: its content is wrong, at a second look as well.
    """
    ids, stored = read_stored(folder, info, space)
    return ids, stored.astype(np.float32, copy=False)


def read_stored(folder: Path, info: SegmentInfo, space: Space) -> tuple[MomentIds, Stored]:
    """Read a segment as ``read`` does, with the vectors in the dtype in which they are kept."""
    return _at_second_look(folder, info, lambda: _read_stored(folder, info, space))


def _read_stored(folder: Path, info: SegmentInfo, space: Space) -> tuple[MomentIds, Stored]:
    with _opened(folder, info) as file:
        _check_space(file.schema_arrow.metadata or {}, info, space)
        if file.metadata.num_rows != info.rows:
            raise Unreadable(info, "fails its checksum")
        ids, stored = _arrays(file, space)
    if checksum(ids, stored) != info.checksum:
        raise Unreadable(info, "fails its checksum")
    return ids, stored


def _at_second_look(folder: Path, info: SegmentInfo, read: Callable[[], _T]) -> _T:
    """Read a segment, and read it again before its content counts as damaged.

    What memory, a cable or a network made of it once may be right the second time.
    """
    try:
        return read()
    except Unreadable:
        _read_through(folder, info)
    return read()


def _read_through(folder: Path, info: SegmentInfo) -> None:
    """Read every byte of a segment's file, past what the system has kept of it.

    Raises:
        Unavailable: that fails, or there are not as many as were committed.
    """
    try:
        with (folder / info.file).open("rb", 0) as stream:
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            count = 0
            while part := stream.read(_READ_AT_ONCE):
                count += len(part)
    except (OSError, MemoryError) as error:
        raise _fault(info, error) from error
    if count != info.bytes:
        raise Unavailable(info, f"it has {count} bytes, and {info.bytes} were committed")


@contextmanager
def _opened(folder: Path, info: SegmentInfo) -> Iterator[pq.ParquetFile]:
    """Open a segment by its path, and translate the errors of reading it.

    Arrow gets no stream of Python's: a thread of its own would drop the last of its buffers
    while the interpreter ends, and abort the process. Nor does it start threads.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with (
            pa.OSFile(os.fsencode(folder / info.file)) as source,
            pq.ParquetFile(source, pre_buffer=False) as file,
        ):
            yield file
    except (pa.ArrowException, OSError, MemoryError, KeyError, ValueError) as error:
        raise _fault(info, error) from error


def _fault(info: SegmentInfo, error: BaseException) -> Unavailable | Unreadable:
    """Tell bytes that could not be read from bytes that are wrong."""
    if isinstance(error, MemoryError):
        return Unavailable(info, "there is not enough memory")
    if isinstance(error, OSError) and error.errno:
        return Unavailable(info, os.strerror(error.errno).lower())
    line = " ".join(str(error).split())
    if os.strerror(errno.EAGAIN) in line or os.strerror(errno.ENOMEM) in line:
        return Unavailable(info, line)
    return Unreadable(info, f"cannot be read: {line}")


class Unavailable(LibraryUnavailable):
    """A segment whose bytes cannot be read now. Nothing is wrong with it that is known."""

    def __init__(self, info: SegmentInfo, reason: str) -> None:
        super().__init__(f"segment {info.file} cannot be read: {reason}; nothing was changed")
        self.info = info
        self.reason = reason


class Unreadable(LibraryCorrupt):
    """A segment whose bytes were read, twice, and are wrong."""

    def __init__(self, info: SegmentInfo, reason: str) -> None:
        super().__init__(f"segment {info.file} {reason}")
        self.info = info
        self.reason = reason


def read_ids(folder: Path, info: SegmentInfo) -> MomentIds:
    """Read the moment ids of a segment alone, unchecked: a hundredth of what ``read`` reads.

    Raises:
        LibraryUnavailable, LibraryCorrupt: as ``read``.
    """
    return _at_second_look(folder, info, lambda: _read_ids(folder, info))


def _read_ids(folder: Path, info: SegmentInfo) -> MomentIds:
    with _opened(folder, info) as file:
        table = file.read(columns=["moment_id"], use_threads=False)
        return _numbers(table.column("moment_id").combine_chunks())


def release() -> None:
    """Give back the memory that Parquet has kept for itself: up to 35 MB of a run's."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def empty(space: Space) -> tuple[MomentIds, Vectors]:
    """Return no rows of this space."""
    return np.empty(0, dtype=np.int64), np.empty((0, space.dim), dtype=np.float32)


def _arrays(file: pq.ParquetFile, space: Space) -> tuple[MomentIds, Stored]:
    """Read all rows, a group at a time: what Parquet needs beside them is a group's."""
    count = file.metadata.num_rows
    ids = np.empty(count, np.int64)
    stored: Stored = np.empty((count, space.dim), _dtype(file.schema_arrow))
    first = 0
    for number in range(file.num_row_groups):
        table = file.read_row_group(number, use_threads=False)
        rows = slice(first, first := first + table.num_rows)
        ids[rows] = _numbers(table.column("moment_id").combine_chunks())
        values = _numbers(table.column("vector").combine_chunks().values)
        stored[rows] = values.reshape(-1, space.dim)
    return ids, stored


def _dtype(schema: pa.Schema) -> type[Any]:
    return _DTYPES[str(schema.field("vector").type.value_type)]


def _numbers(array: pa.Array) -> NDArray[Any]:
    """View an array without nulls as it lies in memory.

    ``to_numpy`` does the same, and imports pandas where that is installed, which takes
    longer than a search.
    """
    dtype = _DTYPES[str(array.type)]
    if not len(array):
        return np.empty(0, dtype)
    return np.frombuffer(array.buffers()[1], dtype)[array.offset : array.offset + len(array)]


def _check_space(metadata: dict[bytes, bytes], info: SegmentInfo, space: Space) -> None:
    for key, expected in _metadata(space, info.checksum).items():
        found = metadata.get(str(key).encode(), b"").decode(errors="replace")
        name = str(key).removeprefix(_PREFIX)
        if name == "revision":
            # What an earlier head of sounds placed in this segment is dead by now.
            found, expected = replace(space, revision=found).geometry, space.geometry
        if name in ("encoder", "revision", "dim") and found != expected:
            raise SpaceMismatch(
                f"segment {info.file} holds vectors of {name} {found!r}, "
                f"but the space {space.name!r} has {expected!r}"
            )
