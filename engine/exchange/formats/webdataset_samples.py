"""Source of files with their vectors that were unpacked from tars."""

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
from engine.exchange.source import DatasetVectors, ImportedSample, dataset_vectors

_BATCH = 256
"""Rows of the table that are read at a time."""


class UnpackedTars:
    """Reads a folder that ``webdataset_reader.unpack`` has written.

    Args:
        sidecar: the content of the sidecar beside the tars, empty where there was none.
    """

    def __init__(self, folder: Path, sidecar: Mapping[str, Any]) -> None:
        self._folder = folder.resolve()
        self.vectors = dataset_vectors(sidecar) if sidecar else DatasetVectors()
        self._extensions: Mapping[str, str] = sidecar.get("extensions") or {}

    def samples(self) -> Iterator[ImportedSample]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(self._folder / TABLE) as table:
            for batch in table.iter_batches(_BATCH):
                for row in batch.to_pylist():
                    yield self._sample(row)

    def _sample(self, row: Mapping[str, Any]) -> ImportedSample:
        where = f"{row['tar']}: {row['key']}"
        metadata = json.loads(row["json"]) if row["json"] else {}
        ours = bool(self.vectors.spaces) and "content_hash" in metadata
        path = str(self._folder / row["file"])
        if not ours:
            return ImportedSample(path, where, row["caption"])
        pieces = self._pieces(row, metadata, where)
        asset, tags = serialize.asset_of(metadata), serialize.tags_of(metadata)
        return ImportedSample(path, where, row["caption"], asset, pieces, tags)

    def _pieces(
        self, row: Mapping[str, Any], metadata: Mapping[str, Any], where: str
    ) -> tuple[Piece, ...]:
        contents = {entry["name"]: entry["npy"] for entry in row["vectors"]}
        arrays = {
            space: _matrix(contents[ending], where)
            for space, ending in self._extensions.items()
            if ending in contents
        }
        try:
            return tuple(
                Piece(0, serialize.moment_of(m), _rows(arrays, m.get("rows") or {}))
                for m in (metadata.get("moments") or ()) if arrays
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
