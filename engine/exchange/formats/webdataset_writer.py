"""Export as WebDataset: tars of samples, beside tables as img2dataset writes them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, BinaryIO

import numpy as np

from engine.errors import ExportFailed
from engine.exchange import serialize
from engine.exchange.arrow_tables import Table
from engine.exchange.formats.writer import Format, opened, suffix
from engine.exchange.output_folder import OutputFolder, Sink
from engine.exchange.records import Item
from engine.index.vector_stream import StoredRow
from engine.store import SpaceInfo
from engine.store.segments import without_specials

_SAMPLES = 10_000
"""Greatest number of files in a tar."""
_BYTES = 1 << 30
"""Bytes of a tar past which the next begins."""
_BLOCK = 1 << 20
"""Bytes of the buffer of a tar."""


class WebDataset(Format):
    """Writes ``data-000000.tar`` and so on.

    A sample is a file under its key (``000000042.jpg``),
    what is known of it (``.json``), its caption (``.txt``) and vectors: ``.npy`` (n, dim) in
    the dtype that is stored, for the space that texts query, and ``.SPACE.npy`` for others.
    ``rows`` in the JSON says which row is a moment's.
    """

    name = "webdataset"
    reads = (
        "`webdataset.WebDataset('data-{000000..LAST}.tar', shardshuffle=False)`; the tables"
        " `data-000000.parquet` have the columns of img2dataset."
    )

    def __init__(self, draft: OutputFolder, spaces: Sequence[SpaceInfo]) -> None:
        super().__init__(draft, spaces)
        self._shard: _Shard | None = None
        self._shards = 0
        self._extensions = {
            info.space.name: _extension(info.space.name, self.main) for info in spaces
        }

    def add(self, item: Item, key: str) -> None:
        with opened(item.asset) as stream:
            shard = self._room()
            digest = shard.media(key + suffix(item.asset), stream, item.asset.size)
        columns = _img2dataset(item, key, digest)
        metadata = {**serialize.file(item), **columns, "moments": self._vectors(item, key)}
        shard.put(f"{key}.json", json.dumps(metadata, ensure_ascii=False).encode())
        if item.asset.caption:
            shard.put(f"{key}.txt", item.asset.caption.encode())
        shard.table.add([columns])
        shard.samples += 1

    def _vectors(self, item: Item, key: str) -> list[dict[str, Any]]:
        """Write the vectors; returns the moments, with the row of each."""
        assert self._shard is not None
        moments = [serialize.moment(piece.moment) for piece in item.pieces]
        for name, ending in self._extensions.items():
            rows: list[StoredRow] = []
            for moment, piece in zip(moments, item.pieces, strict=True):
                if name in piece.vectors:
                    moment.setdefault("rows", {})[name] = len(rows)
                    rows.append(piece.vectors[name])
            if rows:
                content = io.BytesIO()
                np.save(content, np.stack(rows), allow_pickle=False)
                self._shard.put(f"{key}.{ending}", content.getvalue())
        return moments

    def _room(self) -> _Shard:
        """Return the tar that takes the next sample."""
        full = self._shard is not None and self._shard.full
        if full:
            self._close()
        if self._shard is None:
            self._shard = _Shard(self.draft, f"data-{self._shards:06d}")
            self._shards += 1
        return self._shard

    def _close(self) -> None:
        if self._shard is not None:
            self._shard.finish()
            self._shard = None

    def finish(self) -> None:
        self._close()
        self.sidecar(extensions=self._extensions)


def _extension(space: str, main: str | None) -> str:
    """Return the ending of the vectors of a space, after the key and a dot."""
    if space == main:
        return "npy"
    return f"{without_specials(space).replace('.', '_').lower()}.npy"


class _Shard:
    """A tar and its table."""

    def __init__(self, draft: OutputFolder, name: str) -> None:
        self._draft, self._name = draft, name
        self._tar_sink = draft.open(f"{name}.tar")
        self._table_sink = draft.open(f"{name}.parquet")
        self._tar = tarfile.open(  # noqa: SIM115
            fileobj=_Stream(self._tar_sink), mode="w|", bufsize=_BLOCK, format=tarfile.GNU_FORMAT
        )
        self.table = Table(self._table_sink, _columns())
        self.samples = 0

    @property
    def full(self) -> bool:
        return self.samples >= _SAMPLES or self._tar_sink.tell() >= _BYTES

    def media(self, name: str, stream: BinaryIO, size: int) -> str:
        """Copy a file in; returns its SHA-256."""
        hashing = _Hashing(stream)
        try:
            self._tar.addfile(_member(name, size), hashing)
        except OSError as error:
            if error.errno is not None:
                raise
            raise ExportFailed(f"{stream.name} shrank while it was read; export again") from error
        return hashing.digest.hexdigest()

    def put(self, name: str, content: bytes) -> None:
        self._tar.addfile(_member(name, len(content)), io.BytesIO(content))

    def finish(self) -> None:
        self._tar.close()
        self._draft.done(f"{self._name}.tar", self._tar_sink)
        self.table.finish()
        self._draft.done(f"{self._name}.parquet", self._table_sink)


def _member(name: str, size: int) -> tarfile.TarInfo:
    """Return a header without owner and time, so that the same files make the same tar."""
    member = tarfile.TarInfo(name)
    member.size = size
    return member


class _Stream(io.RawIOBase):
    """A sink as ``tarfile`` takes it."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: Any) -> int:
        return self._sink.write(data)


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self.digest.update(block)
        return block


def _img2dataset(item: Item, key: str, digest: str) -> dict[str, Any]:
    """Return the columns of a sample as img2dataset lists it."""
    asset = item.asset
    return {
        "key": key,
        "url": PurePath(asset.path).as_uri(),
        "caption": asset.caption,
        "status": "success",
        "error_message": None,
        "width": asset.width,
        "height": asset.height,
        "original_width": asset.width,
        "original_height": asset.height,
        "exif": None,
        "sha256": digest,
    }


def _columns() -> Any:
    import pyarrow as pa

    numbers = ("width", "height", "original_width", "original_height")
    names = ("key", "url", "caption", "status", "error_message", *numbers, "exif", "sha256")
    return pa.schema([(n, pa.int64() if n in numbers else pa.string()) for n in names])
