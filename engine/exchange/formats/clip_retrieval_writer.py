"""Export as a folder of clip-retrieval: vectors of pictures, and their tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.common.npy import save_array
from engine.errors import UsageError
from engine.exchange import arrow_tables
from engine.exchange.arrow_tables import Table
from engine.exchange.formats.writer import Format
from engine.exchange.output_folder import OutputFolder
from engine.exchange.records import Item, Piece
from engine.index.vector_stream import StoredRow
from engine.store import SpaceInfo
from engine.store.segments import without_specials
from engine.types import Kind, Modality

IMAGES = "img_emb"
METADATA = "metadata"
_ROWS = 50_000
"""Rows of one part, which wait in memory: 50 MB a space at 512 dimensions in float16."""


class ClipRetrieval(Format):
    """Writes ``img_emb/img_emb_0.npy`` and so on, in the dtype that is stored.

    For each part there is ``metadata/metadata_0.parquet``: ``image_path``, ``caption``, and all
    else that is known of the moment. A row is a picture or a keyframe. Its vectors in other
    spaces are beside them in folders of their own, row by row, all zero where it has none.
    """

    name = "clip-retrieval"
    reads = (
        "`clip-retrieval index --embeddings_folder .`, `embedding_reader` (file format"
        " `numpy_parquet`), or `numpy.load('img_emb/img_emb_0.npy')`."
    )
    kinds = (Kind.IMAGE, Kind.VIDEO)
    modalities = (Modality.IMAGE, Modality.KEYFRAME)

    def __init__(self, draft: OutputFolder, spaces: Sequence[SpaceInfo]) -> None:
        super().__init__(draft, spaces)
        if not spaces:
            raise UsageError(
                "clip-retrieval is for vectors of pictures; there are none, or leave out"
                " vectors=False",
                arguments=("vectors",),
            )
        names = [info.space.name for info in spaces]
        self._folders = {name: IMAGES if name == self.main else _folder(name) for name in names}
        self._pieces: list[Piece] = []
        self._parts = self._total = 0
        self._begin()

    def _begin(self) -> None:
        """Open the table of the next part; its vectors wait in memory."""
        self._name = f"{METADATA}/{METADATA}_{self._parts}.parquet"
        self._sink = self.draft.open(self._name)
        self._table = Table(self._sink, _schema())

    def add(self, item: Item, key: str) -> None:  # noqa: ARG002
        if len(self._pieces) >= _ROWS:
            self._end()
            self._begin()
        for piece, row in arrow_tables.rows(item):
            if self.main in piece.vectors:
                self._pieces.append(piece)
                self._table.add([{"image_path": row["path"], **row}])

    def _end(self) -> None:
        self._table.finish()
        self.draft.done(self._name, self._sink)
        for info in self.spaces:
            name = self._folders[info.space.name]
            with self.draft.file(f"{name}/{name}_{self._parts}.npy") as sink:
                zero = np.zeros(info.space.dim, info.space.dtype)
                rows = [piece.vectors.get(info.space.name, zero) for piece in self._pieces]
                save_array(sink, _matrix(rows, info))
        self._total += len(self._pieces)
        self._parts += 1
        self._pieces = []

    def finish(self) -> None:
        self._end()
        self.sidecar(folders=self._folders, parts=self._parts, rows=self._total)


def _matrix(rows: Sequence[StoredRow], info: SpaceInfo) -> np.ndarray[Any, Any]:
    if not rows:
        return np.zeros((0, info.space.dim), info.space.dtype)
    return np.stack(rows)


def _folder(space: str) -> str:
    return f"{without_specials(space)}_emb"


def _schema() -> Any:
    import pyarrow as pa

    own = [field for field in arrow_tables.columns() if field.name != "caption"]
    text = pa.string()
    return pa.schema([pa.field("image_path", text), pa.field("caption", text), *own])
