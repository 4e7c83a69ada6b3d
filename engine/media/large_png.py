"""PNGs whose pixels are too many to have in memory at once, in strips of rows.

A PNG of 1.6 MB may hold 400 million pixels, and Pillow decodes whole pictures only. So the
rows are decompressed a strip at a time, and each strip is made a small PNG of its own, which
begins with the row above it: that is all that the filters of a row refer to (PNG
specification, section 9). Each strip is reduced before the next one is read.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from engine.media import cut_picture
from engine.media.picture_dates import read_png_time
from engine.media.rgb import to_strip_mode

LARGE = 256 * 2**20
"""Bytes of decoded pixels past which a PNG is read in strips."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MODES = {0: "L", 2: "RGB", 4: "LA", 6: "RGBA"}
"""Modes of Pillow by the colour type, of samples of 8 bits."""
_STRIP = 16 * 2**20
"""Bytes of a strip, about."""
_PART = 1 << 16
"""Bytes of compressed data that are read at a time."""
_METADATA = {b"eXIf", b"tEXt", b"zTXt", b"iTXt"}
_LARGEST_CHUNK = 16 * 2**20
"""Bytes of a chunk of metadata past which it is passed over."""


@dataclass(slots=True)
class LargePng:
    """A PNG that can be read in strips; see ``opened``."""

    stream: BinaryIO
    width: int
    height: int
    colour: int

    @classmethod
    def opened(cls, image: Image.Image, stream: BinaryIO) -> LargePng | None:
        """Return the picture for reading in strips; None for a kind that is not read so."""
        if image.format != "PNG" or getattr(image, "n_frames", 1) != 1:
            return None
        stream.seek(0)
        head = stream.read(29)
        if head[:8] != _SIGNATURE or head[12:16] != b"IHDR":
            return None
        width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", head[16:29])
        if depth != 8 or interlaced or _MODES.get(colour) != image.mode:
            return None
        return cls(stream, width, height, colour)

    def reduced(self, factor: int, like: Image.Image) -> tuple[Image.Image, str | None]:
        """Return the pixels, blocks of ``factor`` a side averaged, and a line of what is cut off.

        Args:
            like: the picture as it was opened, which knows what is transparent.

        Raises:
            OSError: the data are damaged, or not more than half of the rows are there.
        """
        size = (-(-self.width // factor), -(-self.height // factor))
        whole: Image.Image | None = None
        top = 0
        for strip in self._strips(factor):
            strip.info = dict(like.info)
            part = to_strip_mode(strip).reduce(factor)
            whole = whole or Image.new(part.mode, size)
            whole.paste(part, (0, top))
            top += part.height
        rows = min(self.height, top * factor)
        if whole is None or not cut_picture.is_most(rows, self.height):
            raise OSError("image file is truncated")
        if top == size[1]:
            return whole, None
        return whole.crop((0, 0, size[0], top)), cut_picture.note_of(rows, self.height)

    @property
    def _channels(self) -> int:
        return len(_MODES[self.colour])

    def _strips(self, factor: int) -> Iterator[Image.Image]:
        """Yield the rows in strips of whole blocks, the last one perhaps of less.

        Those of a file that was cut end with the last whole block that is there.
        """
        stride = 1 + self.width * self._channels
        step = max(1, _STRIP // stride // factor) * factor
        filtered = _Decompressed(self._pixels())
        above = b""
        for top in range(0, self.height, step):
            count = min(step, self.height - top)
            rows = filtered.read(count * stride)
            if len(rows) < count * stride:
                count = len(rows) // stride // factor * factor
                rows = rows[: count * stride]
            if not rows:
                return
            before = b"\0" + above if above else b""
            data = _png(self.colour, self.width, count + bool(above), before + rows)
            strip: Image.Image = Image.open(io.BytesIO(data), formats=("PNG",))
            strip.load()
            if above:
                strip = strip.crop((0, 1, self.width, count + 1))
            above = strip.crop((0, count - 1, self.width, count)).tobytes()
            yield strip

    def _pixels(self) -> Iterator[bytes]:
        """Yield the compressed pixels in parts."""
        for kind, length in _chunks(self.stream):
            while kind == b"IDAT" and length > 0:
                part = self.stream.read(min(_PART, length))
                if not part:
                    return
                length -= len(part)
                yield part


def png_facts(stream: BinaryIO) -> Image.Image:
    """Return a picture of one pixel with the metadata of a PNG.

    They may stand behind the pixels, which Pillow decodes to get there. The stream stands
    afterwards where it stood before.
    """
    before = stream.tell()
    beside = [
        (kind, stream.read(length))
        for kind, length in _chunks(stream)
        if kind in _METADATA and length <= _LARGEST_CHUNK
    ]
    dot = Image.open(io.BytesIO(_png(0, 1, 1, b"\0\0", beside)), formats=("PNG",))
    dot.load()
    stream.seek(0)
    dot.info.update(read_png_time(stream))
    stream.seek(before)
    return dot


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield kind and length of each chunk, with the stream at its data, up to the end."""
    at = len(_SIGNATURE)
    while True:
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        length, kind = struct.unpack(">I4s", head)
        yield kind, length
        at += length + 12


class _Decompressed:
    """A zlib stream that comes in parts, read as a file is."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self.parts = parts
        self._zlib = zlib.decompressobj()

    def read(self, count: int) -> bytes:
        """Return so many bytes; less where the data end before.

        Raises:
            OSError: the data are damaged.
        """
        found = bytearray()
        while len(found) < count:
            packed = self._zlib.unconsumed_tail or next(self.parts, b"")
            if not packed:
                break
            try:
                found += self._zlib.decompress(packed, count - len(found))
            except zlib.error as error:
                raise OSError(f"broken data stream: {error}") from error
        return bytes(found)


def _png(
    colour: int,
    width: int,
    height: int,
    rows: bytes,
    beside: list[tuple[bytes, bytes]] | None = None,
) -> bytes:
    """Return a PNG of filtered rows, which are stored as they are."""
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), *(beside or ()), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b"")]
    return b"".join((_SIGNATURE, *(_chunk(kind, data) for kind, data in chunks)))


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", checksum)))
