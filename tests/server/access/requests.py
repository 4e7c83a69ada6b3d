"""Requests of attackers, as bytes on the wire, and files that are bombs."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

OWN = "Host: localhost\r\nAuthorization: Bearer {token}\r\n"


@dataclass(frozen=True)
class Attack:
    """A request, as the bytes that are sent, and the statuses by which it may be refused."""

    name: str
    sent: bytes | Callable[[], bytes]
    statuses: tuple[int, ...]

    def bytes(self, token: str, reader: str) -> bytes:
        """Return what is sent with a token that may do anything, or one that may read."""
        made = self.sent() if callable(self.sent) else self.sent
        return made.replace(b"{token}", token.encode()).replace(b"{reader}", reader.encode())


def get(target: str, *headers: str, method: str = "GET", host: str = OWN) -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return (f"{method} {target} HTTP/1.1\r\n{host}{lines}Connection: close\r\n\r\n").encode(
        "utf-8", "surrogateescape"
    )


def post(
    target: str, body: bytes | str | object, kind: str = "application/json", *headers: str
) -> bytes:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    content = text if isinstance(text, bytes) else text.encode()
    given = (f"Content-Type: {kind}", f"Content-Length: {len(content)}", *headers)
    return get(target, *given, method="POST") + content


def raw(*lines: str, body: str = "") -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1")


def multipart(*parts: tuple[str, bytes], route: str = "/api/similar/upload") -> bytes:
    """Return an upload of parts, each with its own head."""
    whole = b"".join(
        b"--X\r\n" + head.encode() + b"\r\n\r\n" + body + b"\r\n" for head, body in parts
    )
    return post(route, whole + b"--X--\r\n", "multipart/form-data; boundary=X")


def upload(content: bytes, name: str = "a.png", route: str = "/api/similar/upload") -> bytes:
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    return multipart((head, content), route=route)


def png_bomb(side: int = 60_000) -> bytes:
    """Return a PNG that unpacks to gigabytes, of a few kilobytes."""
    return _png(side, _chunk(b"IDAT", zlib.compress(bytes(1_000_000), 9)))


def png_with_bombs() -> bytes:
    """Return a small picture whose comment and whose profile of colours unpack to much."""
    bomb = zlib.compress(bytes(50_000_000), 9)
    beside = _chunk(b"zTXt", b"Comment\0\0" + bomb) + _chunk(b"iCCP", b"x\0\0" + bomb)
    return _png(10, beside + _chunk(b"IDAT", zlib.compress(bytes(110))))


def _png(side: int, chunks: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + chunks + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    sums = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + sums


def avi_with_list() -> bytes:
    """Return an AVI whose subtitles are a list of other files, as FFmpeg once opened them."""

    def riff(kind: bytes, content: bytes) -> bytes:
        return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    files = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    shown = (
        b"GAB2\0\2\0" + struct.pack("<I", 4) + b"x\0y\0\4\0" + struct.pack("<I", len(files)) + files
    )
    stream = riff(b"strh", b"txts" + bytes(44)) + riff(b"strf", bytes(40))
    head = riff(b"avih", struct.pack("<14I", 40_000, 0, 0, 16, 1, 0, 1, 0, 32, 32, 0, 0, 0, 0))
    lists = riff(b"LIST", b"hdrl" + head + riff(b"LIST", b"strl" + stream))
    return riff(b"RIFF", b"AVI " + lists + riff(b"LIST", b"movi" + riff(b"00tx", shown)))


def zip_bomb(name: str = "a.png") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(20_000_000))
    return packed.getvalue()


def svg_bomb() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE svg [<!ENTITY a0 "ha">{entities}]><svg><text>&a9;</text></svg>'.encode()
