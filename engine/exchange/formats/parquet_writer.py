"""Export as Parquet: a row for each moment, a column of vectors for each space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.exchange import arrow_tables
from engine.exchange.formats.writer import Format
from engine.exchange.output_folder import OutputFolder
from engine.exchange.records import Item
from engine.store import SpaceInfo

if TYPE_CHECKING:
    import pyarrow as pa

_FILE = "moments.parquet"


class Parquet(Format):
    """Writes ``moments.parquet``.

    Vectors are fixed-size lists of float, in which those that are stored as float16 are exact;
    a moment that has none in a space has NULL there.
    """

    name = "parquet"
    reads = (
        "`pandas.read_parquet('moments.parquet')`, DuckDB, Polars or Arrow. The column"
        " `vector:SPACE` says in its metadata which encoder made it."
    )

    def __init__(self, draft: OutputFolder, spaces: Sequence[SpaceInfo]) -> None:
        super().__init__(draft, spaces)
        self._sink = draft.open(_FILE)
        self._table = arrow_tables.Table(self._sink, _schema(spaces))

    def add(self, item: Item, key: str) -> None:  # noqa: ARG002
        more = []
        for piece, row in arrow_tables.rows(item):
            for name, vector in piece.vectors.items():
                row[_column(name)] = vector.astype(np.float32)
            more.append(row)
        self._table.add(more)

    def finish(self) -> None:
        self._table.finish()
        self.draft.done(_FILE, self._sink)
        self.sidecar()


def _column(space: str) -> str:
    return f"vector:{space}"


def _schema(spaces: Sequence[SpaceInfo]) -> pa.Schema:
    import pyarrow as pa

    vectors = []
    for info in spaces:
        space = info.space
        metadata = {"encoder": space.encoder, "revision": space.revision, "stored": space.dtype}
        kind = pa.list_(pa.float32(), space.dim)
        vectors.append(pa.field(_column(space.name), kind, metadata=metadata))
    return pa.schema([*arrow_tables.columns(), *vectors])
