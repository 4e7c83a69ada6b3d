"""A Hugging Face ImageFolder: files, and metadata.jsonl or metadata.csv that says of them."""

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
from engine.exchange.source import ImportedSample, Vectors, inside, vectors_of

_CAPTIONS = ("text", "caption")
_LINE = 64 << 20
"""Bytes of a line that is read."""


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
        self.vectors = vectors_of(read_json(s)) if (s := self._sidecar).is_file() else Vectors()

    @property
    def _sidecar(self) -> Path:
        return self._folder / serialize.SIDECAR

    def samples(self) -> Iterator[ImportedSample]:
        for number, line in self._lines():
            where = f"{self._table}: line {number}"
            if not isinstance(line, dict):
                raise BadImport(f"{where} is no JSON object")
            path = inside(self._folder, line.get("file_name"), where)
            said = (line.get(name) for name in _CAPTIONS)
            caption = next((text for text in said if isinstance(text, str) and text), None)
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
            raise BadImport(f"{self._table} cannot be read: {_one_line(error)}") from error


def read_json(path: Path) -> Mapping[str, Any]:
    """A file of one JSON object.

    Raises:
        BadImport: it is none.
    """
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadImport(f"{path} cannot be read: {_one_line(error)}") from error
    if not isinstance(said, dict):
        raise BadImport(f"{path} is no JSON object")
    return said


def _pieces(line: Mapping[str, Any]) -> tuple[Piece, ...]:
    moments = line.get("moments") if "content_hash" in line else None
    if not isinstance(moments, list) or not all(isinstance(m, dict) for m in moments):
        return ()
    if not any(said.get("vectors") for said in moments):
        return ()
    return tuple(Piece(0, serialize.moment_of(said), _numbers(said)) for said in moments)


def _numbers(said: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = said.get("vectors") or {}
        return {str(name): np.array(row, np.float32) for name, row in found.items()}
    except (TypeError, ValueError, AttributeError) as error:
        raise BadImport(f"no vectors: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
