"""ICC profiles made by hand: channels exchanged, a grey of another gamma, and inks."""

from __future__ import annotations

import io
import struct

from PIL import ImageCms

_WHITE = (0.9642, 1.0, 0.8249)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))


def _gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _profile(space: bytes, connection: bytes, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    description = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"made\0" + bytes(78)
    tags = {b"desc": description, b"wtpt": _xyz(_WHITE), **tags}
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += padded
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"lcms", 0x02400000, kind, space, connection)
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", *(round(v * 65536) for v in _WHITE)) + bytes(48)
    return head + table + body


def exchanged() -> bytes:
    """sRGB of which red and green are exchanged."""
    data = srgb()
    places = {data[at : at + 4]: at for at in range(132, 132 + 12 * 20, 12)}
    red, green = places[b"rXYZ"] + 4, places[b"gXYZ"] + 4
    swapped = bytearray(data)
    swapped[red : red + 8], swapped[green : green + 8] = (
        data[green : green + 8],
        data[red : red + 8],
    )
    return bytes(swapped)


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def grey(gamma: float) -> bytes:
    return _profile(b"GRAY", b"XYZ ", b"mntr", {b"kTRC": _gamma(gamma)})


def inks() -> bytes:
    """Four inks of which the first alone is red, and the others leave the paper white."""
    red, white = (136, 208, 195), (255, 128, 128)  # Lab, in 8 bits
    grid = b"".join(bytes(red if node & 8 else white) for node in range(16))
    line = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0))
    lut += struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536) + line * 4 + grid + line * 3
    return _profile(b"CMYK", b"Lab ", b"prtr", {b"A2B0": lut, b"A2B1": lut})


def check(profile: bytes) -> None:
    """LittleCMS must be able to read it."""
    ImageCms.ImageCmsProfile(io.BytesIO(profile))
