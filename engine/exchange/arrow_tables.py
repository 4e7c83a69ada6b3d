"""Columns of Arrow for files and moments, and Parquet files that grow by rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from engine.exchange import serialize
from engine.exchange.output_folder import Sink
from engine.exchange.records import Item, Piece

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 4096
"""Rows of a group, which wait in memory."""


def columns() -> list[pa.Field]:
    """Return the columns of a moment with its file; ``serialize`` makes the values."""
    import pyarrow as pa

    text, integer, real = pa.string(), pa.int64(), pa.float64()
    tag = pa.struct([pa.field("word", text), pa.field("weight", real)])
    kinds = {
        "path": text, "kind": text, "format": text, "size": integer, "mtime_ns": integer,
        "content_hash": text, "width": integer, "height": integer, "duration": real,
        "taken_at": text, "latitude": real, "longitude": real, "caption": text,
        "texts": text, "texts_state": text,
        serialize.FILE_TAGS: pa.list_(text),
        "asset_id": integer, "moment_id": integer, "modality": text, "start": real,
        "end": real, "ordinal": integer, "text": text, "tags": pa.list_(tag),
    }  # fmt: skip
    return [pa.field(name, kind) for name, kind in kinds.items()]


def rows(item: Item) -> Iterator[tuple[Piece, dict[str, Any]]]:
    """Yield each moment of a file, with its row."""
    facts = serialize.file(item)
    for piece in item.pieces:
        ids = {"asset_id": item.asset_id, "moment_id": piece.moment_id}
        yield piece, {**facts, **ids, **serialize.moment(piece.moment)}


class Table:
    """A Parquet file that grows by rows."""

    def __init__(self, sink: Sink, schema: pa.Schema) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._schema = schema
        self._rows: list[dict[str, Any]] = []
        self._writer = pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd")

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        self._rows.extend(rows)
        if len(self._rows) >= ROW_GROUP:
            self._write()

    def _write(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()

    def finish(self) -> None:
        if self._rows:
            self._write()
        self._writer.close()
