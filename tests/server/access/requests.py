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

    def chunk(kind: bytes, content: bytes) -> bytes:
        sums = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + sums

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def zip_bomb(name: str = "a.png") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(20_000_000))
    return packed.getvalue()


def svg_bomb() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE svg [<!ENTITY a0 "ha">{entities}]><svg><text>&a9;</text></svg>'.encode()
