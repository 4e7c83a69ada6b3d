"""What came out of tars, as a source of files with their vectors."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import BadImport
from engine.exchange import serialize
from engine.exchange.formats.webdataset_reader import TABLE
from engine.exchange.records import Piece
from engine.exchange.source import ImportedSample, Vectors, vectors_of

_AT_ONCE = 256


class UnpackedTars:
    """A folder that ``tars.unpack`` has written.

    Args:
        said: the sidecar that lay beside the tars, empty where there was none.
    """

    def __init__(self, folder: Path, said: Mapping[str, Any]) -> None:
        self._folder = folder.resolve()
        self.vectors = vectors_of(said) if said else Vectors()
        self._extensions: Mapping[str, str] = said.get("extensions") or {}

    def samples(self) -> Iterator[ImportedSample]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(self._folder / TABLE) as table:
            for batch in table.iter_batches(_AT_ONCE):
                for row in batch.to_pylist():
                    yield self._sample(row)

    def _sample(self, row: Mapping[str, Any]) -> ImportedSample:
        where = f"{row['tar']}: {row['key']}"
        said = json.loads(row["json"]) if row["json"] else {}
        ours = bool(self.vectors.spaces) and "content_hash" in said
        path = str(self._folder / row["file"])
        if not ours:
            return ImportedSample(path, where, row["caption"])
        pieces = self._pieces(row, said, where)
        asset, tags = serialize.asset_of(said), serialize.tags_of(said)
        return ImportedSample(path, where, row["caption"], asset, pieces, tags)

    def _pieces(
        self, row: Mapping[str, Any], said: Mapping[str, Any], where: str
    ) -> tuple[Piece, ...]:
        contents = {one["name"]: one["npy"] for one in row["vectors"]}
        arrays = {
            space: _matrix(contents[ending], where)
            for space, ending in self._extensions.items()
            if ending in contents
        }
        try:
            return tuple(
                Piece(0, serialize.moment_of(m), _rows(arrays, m.get("rows") or {}))
                for m in (said.get("moments") or ()) if arrays
            )  # fmt: skip
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            raise BadImport(f"{where}: its moments and vectors are not of each other") from error


def _rows(arrays: Mapping[str, NDArray[Any]], rows: Mapping[str, int]) -> dict[str, NDArray[Any]]:
    return {space: arrays[space][int(row)] for space, row in rows.items()}


def _matrix(content: bytes, where: str) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BadImport(f"{where}: its vectors cannot be read: {error}") from error
    if array.ndim != 2 or array.dtype not in (np.float16, np.float32):
        raise BadImport(f"{where}: {array.dtype} of shape {array.shape} are no vectors")
    return array
