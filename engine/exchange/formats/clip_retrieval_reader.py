"""Import of a folder of clip-retrieval, ours or any other: vectors and their tables."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import BadImport
from engine.exchange import checksums, serialize
from engine.exchange.formats.clip_retrieval_writer import IMAGES, METADATA
from engine.exchange.records import Piece
from engine.exchange.source import (
    UNNAMED,
    DatasetVectors,
    ImportedSample,
    dataset_vectors,
    on_one_line,
    read_sidecar,
)
from engine.store.paths import from_text
from engine.types import Modality, Moment

_NUMBER = re.compile(r"_?(\d+)\.(?:npy|parquet)")
_BATCH = 1024
"""Rows of a table that are read at a time."""


class ClipRetrievalReader:
    """Reads parts of ``img_emb`` and ``metadata`` that belong together, row by row.

    Args:
        root: where relative paths begin; None is the folder itself.
    """

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self._root = root or folder
        sidecar = folder / serialize.SIDECAR
        stated = read_sidecar(sidecar) if sidecar.is_file() else {}
        checksums.verify(folder)
        self._ours = bool(stated)
        self._folders: Mapping[str, str] = stated.get("folders") or {UNNAMED: IMAGES}
        tables = _parts(folder / METADATA, ".parquet")
        arrays = {space: _parts(folder / n, ".npy") for space, n in self._folders.items()}
        self._parts = [
            (tables[number], {space: files.get(number) for space, files in arrays.items()})
            for number in sorted(tables)
        ]
        for space, files in arrays.items():
            if files.keys() != tables.keys():
                odd = sorted(files.keys() ^ tables.keys())[0]
                name = self._folders[space]
                raise BadImport(f"{folder}: part {odd} is in one of {name} and {METADATA} alone")
        self._check()
        self.vectors = dataset_vectors(stated) if stated else DatasetVectors(dim=self._dim)

    def _check(self) -> None:
        """Check that the rows of each part belong together, and all have the same dim."""
        import pyarrow.parquet as pq

        self._dim = None
        for table, files in self._parts:
            rows = reading(table, pq.read_metadata).num_rows
            for file in files.values():
                assert file is not None
                array = _array(file)
                if len(array) != rows:
                    raise BadImport(
                        f"{file} has {len(array):,} rows, and {table.name} {rows:,}: they are not"
                        " of each other"
                    )
                if file.parent.name == IMAGES:
                    if self._dim not in (None, array.shape[1]):
                        raise BadImport(f"{file} has {array.shape[1]} dimensions, not {self._dim}")
                    self._dim = array.shape[1]

    _dim: int | None = None

    def samples(self) -> Iterator[ImportedSample]:
        rows = (row for table, files in self._parts for row in self._rows(table, files))
        # Ours have a row a moment, and the rows of a file follow each other.
        key = (lambda row: row[1]) if self._ours else (lambda row: row[0])
        for _, group in groupby(rows, key=key):
            yield self._sample(list(group))

    def _rows(
        self, table: Path, files: Mapping[str, Path | None]
    ) -> Iterator[tuple[str, object, Mapping[str, Any], dict[str, NDArray[Any]]]]:
        import pyarrow.parquet as pq

        arrays = {space: _array(file) for space, file in files.items() if file is not None}
        at = 0
        with reading(table, pq.ParquetFile) as opened:
            if "image_path" not in opened.schema_arrow.names:
                known = ", ".join(opened.schema_arrow.names)
                raise BadImport(f"{table} has no column image_path, but {known}")
            for batch in opened.iter_batches(_BATCH):
                for row in batch.to_pylist():
                    vectors = {space: array[at] for space, array in arrays.items()}
                    at += 1
                    yield f"{table}: row {at}", row["image_path"], row, vectors

    def _sample(
        self, rows: list[tuple[str, object, Mapping[str, Any], dict[str, NDArray[Any]]]]
    ) -> ImportedSample:
        where, name, facts, _ = rows[0]
        if not isinstance(name, str) or not name or "\0" in name:
            raise BadImport(f"{where} has no image_path")
        path = os.path.realpath(self._root / (from_text(name) if self._ours else name))
        caption = facts["caption"] if isinstance(facts.get("caption"), str) else None
        pieces = tuple(
            Piece(
                0, self._moment(row), {s: v for s, v in vectors.items() if s == UNNAMED or v.any()}
            )
            for _, _, row, vectors in rows
        )
        if not self._ours:
            return ImportedSample(path, where, caption, None, pieces)
        asset, tags = serialize.asset_of(facts), serialize.tags_of(facts)
        return ImportedSample(path, where, caption, asset, pieces, tags)

    def _moment(self, row: Mapping[str, Any]) -> Moment:
        return serialize.moment_of(row) if self._ours else Moment(Modality.IMAGE)


def _parts(folder: Path, ending: str) -> dict[int, Path]:
    """Return the files of a folder by their number."""
    found = {}
    for file in sorted(folder.glob(f"*{ending}")) if folder.is_dir() else ():
        if number := _NUMBER.search(file.name):
            found[int(number[1])] = file
    if not found:
        raise BadImport(f"{folder} has no files {folder.name}_N{ending}; is this clip-retrieval?")
    return found


def _array(file: Path) -> NDArray[Any]:
    """Map a matrix of vectors. Nothing that is pickled is read."""
    array: NDArray[Any] = reading(file, lambda f: np.load(f, mmap_mode="r", allow_pickle=False))
    if array.ndim != 2 or array.dtype not in (np.float16, np.float32):
        raise BadImport(f"{file} holds {array.dtype} of shape {array.shape}, and no vectors")
    return array


def reading(file: Path, read: Any) -> Any:
    """Read a file with ``read``.

    Raises:
        BadImport: it cannot be read.
    """
    import pyarrow as pa

    try:
        return read(file)
    except (OSError, ValueError, EOFError, pa.ArrowException) as error:
        raise BadImport(f"{file} cannot be read: {on_one_line(error)}") from error
