"""Import of a Hugging Face ImageFolder: files, and a metadata.jsonl or metadata.csv."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import BadImport
from engine.exchange import checksums, serialize
from engine.exchange.records import Piece
from engine.exchange.source import (
    DatasetVectors,
    ImportedSample,
    dataset_vectors,
    inside,
    on_one_line,
    read_sidecar,
)

_CAPTIONS = ("text", "caption")
"""Columns that hold a caption, the first that is filled."""
_LINE = 64 << 20
"""Greatest number of bytes of a line that is read."""


class ImageFolderReader:
    """A folder with a line of metadata a file. Files that no line names are left alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        names = ("metadata.jsonl", "metadata.csv")
        self._table = next((p for n in names if (p := folder / n).is_file()), None)
        if self._table is None:
            raise BadImport(
                f"{folder} has neither metadata.jsonl nor metadata.csv; to take in its files"
                " without, sensorium index it"
            )
        checksums.verify(folder)
        sidecar = folder / serialize.SIDECAR
        stated = sidecar.is_file()
        self.vectors = dataset_vectors(read_sidecar(sidecar)) if stated else DatasetVectors()

    def samples(self) -> Iterator[ImportedSample]:
        for number, line in self._lines():
            where = f"{self._table}: line {number}"
            if not isinstance(line, dict):
                raise BadImport(f"{where} is no JSON object")
            path = inside(self._folder, line.get("file_name"), where)
            texts = (line.get(name) for name in _CAPTIONS)
            caption = next((text for text in texts if isinstance(text, str) and text), None)
            if "content_hash" not in line:
                yield ImportedSample(str(path), where, caption)
                continue
            asset, tags = serialize.asset_of(line), serialize.tags_of(line)
            yield ImportedSample(str(path), where, caption, asset, _pieces(line), tags)

    def _lines(self) -> Iterator[tuple[int, Any]]:
        assert self._table is not None
        try:
            if self._table.suffix == ".csv":
                with self._table.open(newline="", encoding="utf-8") as stream:
                    yield from enumerate(csv.DictReader(stream), 2)
                return
            with self._table.open("rb") as stream:
                number = 0
                while raw := stream.readline(_LINE):
                    number += 1
                    if raw.strip():
                        yield number, json.loads(raw)
        except (ValueError, csv.Error) as error:
            raise BadImport(f"{self._table} cannot be read: {on_one_line(error)}") from error


def _pieces(line: Mapping[str, Any]) -> tuple[Piece, ...]:
    moments = line.get("moments") if "content_hash" in line else None
    if not isinstance(moments, list) or not all(isinstance(m, dict) for m in moments):
        return ()
    if not any(moment.get("vectors") for moment in moments):
        return ()
    return tuple(Piece(0, serialize.moment_of(moment), _numbers(moment)) for moment in moments)


def _numbers(moment: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = moment.get("vectors") or {}
        return {str(name): np.array(row, np.float32) for name, row in found.items()}
    except (TypeError, ValueError, AttributeError) as error:
        raise BadImport(f"no vectors: {on_one_line(error)}") from error
