"""Attacks below HTTP: what frames a message, other protocols, bodies that are cut off."""

from __future__ import annotations

from collections.abc import Iterator

from tests.server.access.requests import (
    Attack,
    avi_with_list,
    get,
    png_with_bombs,
    raw,
    upload,
)


def _framing() -> Iterator[Attack]:
    top = (
        "POST /v1/embeddings HTTP/1.1",
        "Host: localhost",
        "Authorization: Bearer {token}",
        "Connection: close",
    )
    two = "0\r\n\r\nGET /api/libraries HTTP/1.1\r\nHost: evil\r\n\r\n"
    for name, lines, body in (
        ("length and chunks", ("Content-Length: 5", "Transfer-Encoding: chunked"), two),
        ("chunks and length", ("Transfer-Encoding: chunked", "Content-Length: 5"), two),
        ("two lengths", ("Content-Length: 5", "Content-Length: 6"), "{}"),
        ("lengths in one", ("Content-Length: 5, 6",), "{}"),
        ("negative length", ("Content-Length: -1",), ""),
        ("length with a plus", ("Content-Length: +2",), "{}"),
        ("length in hexadecimal", ("Content-Length: 0x2",), "{}"),
        ("length of 30 digits", ("Content-Length: " + "9" * 30,), ""),
        ("chunked twice", ("Transfer-Encoding: chunked, chunked",), two),
        ("unknown coding", ("Transfer-Encoding: xchunked",), two),
        ("coding with a tab", ("Transfer-Encoding:\tchunked\x0b",), two),
        ("name with a space", ("Transfer-Encoding : chunked",), two),
        ("chunk of no number", ("Transfer-Encoding: chunked",), "zz\r\n{}\r\n0\r\n\r\n"),
        ("chunk of 20 digits", ("Transfer-Encoding: chunked",), "f" * 20 + "\r\n{}"),
        ("chunk with a bare line feed", ("Transfer-Encoding: chunked",), "2\n{}\n0\n\n"),
        ("folded header", ("X: a\r\n Host: evil",), ""),
        ("NUL in a header", ("X: a\0b",), ""),
        ("carriage return in a header", ("X: a\rHost: evil",), ""),
        ("colon without a name", (": x",), ""),
        ("header without a colon", ("evil",), ""),
        ("header of 200 kB", ("X: " + "y" * 200_000,), ""),
        ("20,000 headers", ("X: y",) * 20_000, ""),
    ):
        # What h11 reads in its own way is then no JSON.
        yield Attack(name, raw(*top, *lines, body=body), (400, 408, 413, 501))
    cut = "1\r\n{\r\n" * 2_000
    yield Attack("2,000 chunks", raw(*top, "Transfer-Encoding: chunked", body=cut), (413,))


def _protocols() -> Iterator[Attack]:
    yield Attack(
        "unknown version",
        raw("GET /healthz HTTP/9.9", "Host: localhost", "Connection: close"),
        (505,),
    )
    yield Attack("HTTP/0.9", b"GET /healthz\r\n\r\n", (400,))
    yield Attack("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", (400, 408))
    yield Attack("HTTP/2", b"PRI * HTTP/2.0\r\nConnection: close\r\n\r\n", (400, 404, 405, 505))
    yield Attack("space in the target", raw("GET /healthz x HTTP/1.1", "Host: localhost"), (400,))
    yield Attack(
        "control in the method", raw("G\x01T /healthz HTTP/1.1", "Host: localhost"), (400,)
    )
    up = (
        "Upgrade: websocket",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )
    yield Attack(
        "websocket",
        raw(
            "GET /mcp HTTP/1.1",
            "Host: localhost",
            "Authorization: Bearer {token}",
            "Connection: Upgrade, close",
            *up,
        ),
        (400, 404, 405, 406, 426),
    )
    yield Attack(
        "clear HTTP/2",
        raw(
            "GET /api/nothing HTTP/1.1",
            "Host: localhost",
            "Authorization: Bearer {token}",
            "Connection: Upgrade, HTTP2-Settings, close",
            "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABkAAQAAP__",
        ),
        (404,),
    )
    for method in ("TRACE", "CONNECT", "PUT", "DELETE", "PROPFIND", "get", "X" * 3000):
        yield Attack(f"method {method[:10]}", get("/api/search", method=method), (400, 404, 405))
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "_method"):
        yield Attack(f"{name}", get("/api/assets/999999", f"{name}: DELETE"), (404,))


def _cuts() -> Iterator[Attack]:
    for what in (
        "clip", "clip?start=0", "clip?end=1", "clip?start=1&end=1", "clip?start=2&end=1",
        "clip?start=-1&end=1", "clip?start=NaN&end=1", "clip?start=0&end=nan",
        "clip?start=0&end=inf", "clip?start=-inf&end=1", "clip?start=0&end=1e999",
        "clip?start=36000&end=72000", "clip?start=0x0&end=1", "clip?start=0;id&end=1",
        "clip?start=0&end=1%00", "clip?start=$(id)&end=1", "clip?start=../../etc&end=passwd",
        "clip?start=0&end=1&library=../../../etc", "clip?start=0&end=1&library=%00",
        "clip/../../etc/passwd?start=0&end=1", "clip%2f..%2f..?start=0&end=1",
        "frame", "frame?at=NaN", "frame?at=inf", "frame?at=-0.1", "frame?at=36000",
        "frame?at=1e9999", "frame?at=1&library=..%2f..", "frame?at=", "frame?at=%F0%9F%90%B1",
    ):  # fmt: skip
        for asset in (1, 2, 3, 4, 5, 6):  # pictures and a sound: one of them could be cut
            yield Attack(f"cut {asset} {what}", get(f"/api/assets/{asset}/{what}"), (400, 404, 422))
    for asset in ("-1", "1e5", "%2e%2e", "9" * 400, "1%00", "..%2f..%2fetc"):
        target = f"/api/assets/{asset}/clip?start=0&end=1"
        yield Attack(f"cut of {asset[:20]}", get(target), (400, 404, 422))
    unknown = get("/api/assets/1/clip?start=0&end=1", host="Host: localhost\r\n")
    yield Attack("cut without a token", unknown, (401,))


def _trailers() -> Iterator[Attack]:
    """Yield bodies in chunks, with what belongs to the head behind or beside them."""
    body = '{"assets": [1], "add": ["x"]}'
    chunk = f"{len(body):x}\r\n{body}\r\n0\r\n"
    top = (
        "POST /api/tags HTTP/1.1", "Host: localhost", "Authorization: Bearer {reader}",
        "Content-Type: application/json", "Transfer-Encoding: chunked", "Connection: close",
    )  # fmt: skip
    behind = "Authorization: Bearer {token}\r\nHost: evil\r\n\r\n"
    yield Attack("token behind a body", raw(*top, body=chunk + behind), (403,))
    yield Attack("thousands of trailers", raw(*top, body=chunk + "X: y\r\n" * 50_000), (400, 403))
    long = f"{len(body):x};{'x' * 200_000}\r\n{body}\r\n0\r\n\r\n"
    yield Attack("chunk with a long extension", raw(*top, body=long), (400, 403))


def _names() -> Iterator[Attack]:
    """Yield names of this machine that it does not have, and headers of proxies."""
    for host in (
        "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]", "localhost.", "0.0.0.0", "127.1", "2130706433",
        "loc\u00e4lhost", "localhost%00", "localhost,evil", "localhost:\u00b2",
    ):  # fmt: skip
        named = f"Host: {host}\r\nAuthorization: Bearer {{token}}\r\n"
        yield Attack(f"name {host}", get("/api/libraries", host=named), (400, 421))
    for header in (
        "X-Forwarded-Host: localhost", "Forwarded: for=127.0.0.1", "X-Forwarded-For: 127.0.0.1",
        "X-Original-URL: /healthz", "X-Rewrite-URL: /healthz",
        "Proxy-Authorization: Bearer {token}",
        "Cookie: sensorium-token=x; sensorium-token={token}x",
    ):  # fmt: skip
        unknown = f"Host: localhost\r\n{header}\r\n"
        yield Attack(f"instead of a token: {header[:30]}", get("/metrics", host=unknown), (401,))


def _media() -> Iterator[Attack]:
    """Yield media that unpack to much, or that name other files."""
    for name, content in (
        ("bomb beside a picture", png_with_bombs()),
        ("list in subtitles", avi_with_list()),
        ("program", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n%%EOF\n"),
        ("directory that leads to itself", b"II*\0\x08\0\0\0\0\0\x08\0\0\0"),
        ("frames past all bounds", b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0" + b"\xff" * 12),
    ):
        yield Attack(name, upload(content), (400, 413, 415, 422))


WIRE_ATTACKS: list[Attack] = [
    *_framing(), *_protocols(), *_cuts(), *_trailers(), *_names(), *_media(),
]  # fmt: skip
