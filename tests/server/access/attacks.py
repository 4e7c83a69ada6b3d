"""Attacks on a server: what is sent, and the statuses that may come back."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
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


def _svg_bomb() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE svg [<!ENTITY a0 "ha">{entities}]><svg><text>&a9;</text></svg>'.encode()


def _paths() -> Iterator[Attack]:
    for target in (
        "/api/media/../../etc/passwd",
        "/api/media/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/api/media/%252e%252e%252fetc%252fpasswd",
        "/api/media/1/../../../etc/passwd",
        "/api/media//etc/passwd",
        "/api/media/1%00.png",
        "/api/media/%EF%BC%8E%EF%BC%8E%EF%BC%8Fetc",
        "/api/media/..%c0%af..%c0%afetc",
        "/api/media/-1",
        "/api/media/1e5",
        "/api/media/99999999999999999999",
        "/api/media/" + "9" * 5000,
        "//evil.example/api/libraries",
        "/\\evil.example/api/libraries",
        "//api/libraries",
        "/API/libraries",
        "/api/libraries.",
        "/api/libraries;x=1",
        "/api/./libraries",
        "/api%2flibraries%2f..%2f",
        "/api/thumbnails/1?library=../../../etc",
        "/api/thumbnails/1?library=%00",
        "/static/../../etc/passwd",
        "/nothing?/../../etc/passwd%0d%0aSet-Cookie:%20a=b/",
    ):
        yield Attack(f"path {target[:50]}", get(target), (400, 404, 422))
    yield Attack("a path of 60 kB", get("/" + "a" * 60_000), (400, 404))
    yield Attack("a path of 200 kB", get("/" + "a" * 200_000), (400,))
    for text in ("/etc/passwd", "red + /etc/passwd", "../../etc/passwd", "file:///etc/passwd"):
        yield Attack(f"query {text}", post("/api/search", {"text": text}), (200, 400))


def _names() -> Iterator[Attack]:
    for host in (
        "evil.example",
        "127.0.0.1.nip.io",
        "localhost@evil.example",
        "localhost:80:80",
        "[::1",
        "localhost\\evil",
    ):
        yield Attack(f"host {host}", get("/api/libraries", host=f"Host: {host}\r\n"), (400, 421))
    yield Attack("no host", get("/healthz", host=""), (400,))
    yield Attack(
        "two hosts",
        get(
            "/healthz",
            "Host: evil",
        ),
        (400,),
    )
    yield Attack("absolute target", get("http://evil.example/api/libraries"), (400, 404))
    yield Attack(
        "absolute target and host", get("http://evil/", host="Host: evil\r\n"), (400, 404, 421)
    )
    for header in (
        "Origin: https://evil.example", "Origin: null", "Origin: http://localhost.evil.example",
        "Sec-Fetch-Site: cross-site", "Origin: http://localhost:1",
    ):  # fmt: skip
        yield Attack(header, post("/knn-service", {"text": "red"}, "text/plain", header), (403,))
    asked = "Access-Control-Request-Method: POST"
    yield Attack(
        "preflight", get("/api/search", "Origin: https://evil", asked, method="OPTIONS"), (403,)
    )
    yield Attack(
        "two origins",
        get("/api/libraries", "Origin: http://localhost", "Origin: https://evil"),
        (400,),
    )


def _tokens() -> Iterator[Attack]:
    yield Attack("no token", get("/api/libraries", host="Host: localhost\r\n"), (401,))
    bad = {
        "empty": "Bearer ", "wrong": f"Bearer {'x' * 32}", "the begin": "Bearer aaaa",
        "another scheme": "Basic {token}", "no scheme": "{token}", "no ascii": "Bearer \xff\xfe",
        "two tokens in one": "Bearer {token},{token}", "30 kB": f"Bearer {'x' * 30_000}",
        "another case": "Bearer {token}".upper(),
    }  # fmt: skip
    for name, value in bad.items():
        host = f"Host: localhost\r\nAuthorization: {value}\r\n"
        yield Attack(f"token: {name}", get("/api/libraries", host=host), (401,))
    yield Attack(
        "token in the address",
        get("/api/libraries?token={token}", host="Host: localhost\r\n"),
        (401,),
    )
    yield Attack("two tokens", get("/api/libraries", "Authorization: Bearer x"), (400,))
    yield Attack(
        "path of healthz", get("/healthz/../api/libraries", host="Host: localhost\r\n"), (401,)
    )


def _bombs() -> Iterator[Attack]:
    nested = b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    unread = (400, 413, 415, 422)
    yield Attack("picture bomb", lambda: upload(png_bomb()), unread)
    yield Attack("zip bomb", lambda: upload(zip_bomb()), unread)
    yield Attack("zip slip", lambda: upload(zip_bomb("../../../../tmp/slipped")), unread)
    yield Attack("entities of svg", lambda: upload(_svg_bomb(), "a.svg"), unread)
    yield Attack(
        "a page as a picture", upload(b"<html><script>alert(1)</script>", "a.html"), unread
    )
    yield Attack("playlist", upload(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "a.m3u8"), unread)
    yield Attack(
        "concat list", upload(b"ffconcat version 1.0\nfile /etc/passwd\n", "a.txt"), unread
    )
    yield Attack("name of an upload", upload(b"x", "../../../../tmp/slipped"), unread)
    yield Attack("empty upload", upload(b""), unread)
    bomb = {"input": [{"image": base64.b64encode(png_bomb()).decode()}]}
    yield Attack("picture bomb to embed", lambda: post("/v1/embeddings", bomb), unread)
    yield Attack(
        "broken base64", post("/v1/embeddings", {"input": [{"image": "===="}]}), (400, 422)
    )
    packed = gzip.compress(b'{"text": "' + bytes(1_000_000) + b'"}')
    for coding in ("gzip", "deflate", "br", "gzip, gzip"):
        sent = post("/api/search", packed, "application/json", f"Content-Encoding: {coding}")
        yield Attack(f"body packed by {coding}", sent, (415,))
    for route in ("/api/search", "/v1/embeddings", "/knn-service", "/v2/embed"):
        yield Attack(f"nested JSON to {route}", post(route, nested), (400,))
        yield Attack(f"no object to {route}", post(route, b"[1]"), (400,))
        yield Attack(f"bytes to {route}", post(route, b"\xff\xfe\x00"), (400,))
    yield Attack("huge number", post("/api/search", '{"text": "x", "top": 1e400}'), (400,))
    yield Attack(
        "number of 10,000 digits", post("/api/similar", f'{{"moment": {"9" * 10_000}}}'), (400,)
    )
    yield Attack("number past 64 bits", post("/api/similar", {"moment": 2**70}), (400, 404))
    yield Attack(
        "ids past 64 bits", post("/metadata", {"ids": [2**70], "indice_name": "locked"}), (200, 400)
    )
    yield Attack(
        "not a number", post("/v1/embeddings", '{"input": "x", "dimensions": NaN}'), (400,)
    )
    yield Attack("lone surrogate", post("/api/search", '{"text": "\\ud800"}'), (200, 400))
    yield Attack(
        "lone surrogate to embed", post("/v1/embeddings", '{"input": "\\ud800"}'), (200, 400)
    )
    yield Attack(
        "lone surrogate in a name",
        post("/knn-service", '{"text": "x", "indice_name": "\\ud800"}'),
        (404,),
    )
    yield Attack("key twice", post("/api/search", '{"text": "red", "text": "/etc/passwd"}'), (400,))
    yield Attack("proto", post("/api/search", '{"text": "red", "__proto__": {}}'), (400,))
    yield Attack("NUL in a query", post("/api/search", {"text": "red\0"}), (200, 400))
    yield Attack("controls in a query", post("/api/search", {"text": "\x1b[2J\u202e"}), (200, 400))
    yield Attack(
        "glob of stars", post("/api/search", {"text": "path:" + "*a" * 60 + "b"}), (200, 400)
    )
    yield Attack("brackets in a query", post("/api/search", {"text": "(" * 3000}), (200, 400))
    yield Attack(
        "statement in a filter",
        post("/api/search", {"text": "x", "where": ["path:'; DROP TABLE assets;--"]}),
        (200, 400),
    )
    yield Attack(
        "a million fields",
        post("/api/similar/upload", b"a=1&" * 200_000, "application/x-www-form-urlencoded"),
        (400, 413, 422),
    )
    head = 'Content-Disposition: form-data; name="library"'
    yield Attack("thousands of parts", multipart(*[(head, b"x")] * 5000), (400,))
    yield Attack("thousands of files", multipart(*[(head + '; filename="x"', b"x")] * 3000), (400,))
    yield Attack("part with a huge head", multipart((head + "; x=" + "y" * 100_000, b"x")), (400,))
    yield Attack(
        "parts without end",
        post("/api/similar/upload", b"--X\r\n" * 20_000, "multipart/form-data; boundary=X"),
        (400,),
    )
    yield Attack("no boundary", post("/api/similar/upload", b"x", "multipart/form-data"), (400,))


def _wire() -> Iterator[Attack]:
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
    yield Attack(
        "unknown version",
        raw("GET /healthz HTTP/9.9", "Host: localhost", "Connection: close"),
        (505,),
    )
    yield Attack("HTTP/0.9", b"GET /healthz\r\n\r\n", (400,))
    yield Attack("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", (400,))
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


def _models() -> Iterator[Attack]:
    for document in (
        {"image": "file:///etc/passwd"}, {"image": "/etc/passwd"}, {"moment": 2**70},
        {"moment": -1}, {"moment": "../x"}, {"text": ""}, 7, None, [], {"image": "data:,x"},
    ):  # fmt: skip
        sent = post("/v1/rerank", {"query": "red", "documents": [document]})
        yield Attack(f"rerank {json.dumps(document)}", sent, (400, 404, 422))
    named = post("/v1/rerank", {"query": "/etc/passwd", "documents": ["/etc/passwd", "red"]})
    yield Attack("rerank of paths, which are texts", named, (200, 400))
    many = post("/v1/rerank", {"query": "red", "documents": ["x"] * 1001})
    yield Attack("rerank of too many", many, (400,))
    # Where speech is not installed that is told first.
    unheard = (400, 413, 415, 422, 501)
    for name, content in (
        ("a.wav", b""), ("a.wav", b"RIFF\xff\xff\xff\xffWAVEfmt "), ("a.png", png_bomb()),
        ("a.m3u8", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
        ("a.sdp", b"v=0\nc=IN IP4 127.0.0.1\nm=audio 1 RTP/AVP 0\n"),
        ("a.mpd", b"<MPD><BaseURL>http://127.0.0.1/</BaseURL></MPD>"),
    ):  # fmt: skip
        sent = upload(content, name, "/v1/audio/transcriptions")
        yield Attack(f"transcribe {name} {content[:8]!r}", sent, unheard)
    for name, value in (("response_format", "html"), ("library", "../x"), ("model", "x" * 90_000)):
        head = f'Content-Disposition: form-data; name="{name}"'
        file = ('Content-Disposition: form-data; name="file"; filename="a"', b"x")
        sent = multipart((head, value.encode()), file, route="/v1/audio/transcriptions")
        yield Attack(f"transcribe with {name}", sent, (*unheard, 404))
    for route in ("/api/search", "/api/similar", "/api/index", "/api/tags"):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
            sent = post(route, {"text": "red"}, kind)
            yield Attack(f"{kind} to {route}", sent, (400, 415))


def _writes() -> Iterator[Attack]:
    for path in (
        "/etc", "/", "relative", "../x", "", "\0", "~", "~root", "file:///etc", "/proc/self/cwd",
        "/tmp/../etc", "//etc", "/dev/stdin", "x" * 5000,
    ):  # fmt: skip
        sent = post("/api/index", {"paths": [path]})
        yield Attack(f"index {path[:20]!r}", sent, (400, 403))
    for body in ({"action": "move", "to": "/etc"}, {"action": "link", "to": "/tmp/../etc"}):
        sent = post("/api/runs/1/apply", body)
        yield Attack(f"apply {json.dumps(body)}", sent, (403, 404))
    reader = "Host: localhost\r\nAuthorization: Bearer {reader}\r\n"
    for route, body in (
        ("/api/index", {}),
        ("/api/failures/retry", {}),
        ("/api/tags", {"assets": [1], "add": ["x"]}),
        ("/api/classify", {"labels": ["a", "b"]}),
        ("/api/curate", {"task": "quality"}),
        ("/api/runs/1/apply", {"action": "tag"}),
        ("/api/runs/1/undo", {}),
        ("/api/exports", {"format": "jsonl"}),
    ):
        sent = post(route, body).replace(OWN.encode(), reader.encode())
        yield Attack(f"reader asks {route}", sent, (403,))
    for job in ("..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "0" * 16, "*", "%00", "a" * 4000):
        for route in ("jobs", "exports", "classify"):
            yield Attack(f"{route} {job[:12]}", get(f"/api/{route}/{job}"), (400, 404))
    for labels in ("/etc/passwd", ["/etc/passwd"], {"a": ["/etc/passwd"]}, [], {}, [""]):
        sent = post("/api/classify", {"labels": labels, "kinds": ["video"]})
        yield Attack(f"labels {json.dumps(labels)}", sent, (202, 400))
    for tag in ("", "x" * 5000, "\0", "\u202e", "a\nb", "../../x"):
        sent = post("/api/tags", {"assets": [10**9], "add": [tag]})
        yield Attack(f"tag {tag[:8]!r}", sent, (400, 404))


def _reads() -> Iterator[Attack]:
    for name, value in (
        ("thousands of ranges", "bytes=" + ",".join(f"{n}-{n}" for n in range(5000))),
        ("overlapping ranges", "bytes=" + ",".join(["0-"] * 2000)),
        ("range past the end", "bytes=999999999999-"),
        ("range of no number", "bytes=a-b"),
        ("range backwards", "bytes=9-1"),
        ("range of digits", "bytes=0-" + "9" * 5000),
        ("range of another unit", "lines=0-1"),
    ):
        yield Attack(name, get("/api/media/1", f"Range: {value}"), (200, 206, 400, 416))
    for cursor in ("1-x", "-1-x", "999999-" + "0" * 24, "1-\u00e9", "\ud800", "x" * 200, ""):
        body = json.dumps({"text": "red", "cursor": cursor})
        yield Attack(f"cursor {cursor[:12]!r}", post("/api/search", body), (400,))
    for name in ("../../etc/passwd", "/etc/passwd", "locked/../x", "\0", "x" * 5000):
        sent = post("/api/search", {"text": "red", "libraries": [name]})
        yield Attack(f"library {name[:16]!r}", sent, (400, 404))
    calls = (
        ("resources/read", {"uri": "file:///etc/passwd"}),
        ("resources/read", {"uri": "ui://sensorium/../../etc/passwd"}),
        ("tools/call", {"name": "__init__", "arguments": {}}),
        ("tools/call", {"name": "search", "arguments": {"text": "/etc/passwd"}}),
    )
    accepted = "Accept: application/json, text/event-stream"
    for method, params in calls:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        sent = post("/mcp", call, "application/json", accepted)
        yield Attack(f"mcp {json.dumps(params)[:50]}", sent, (200, 400, 404))


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


ATTACKS: list[Attack] = [
    *_paths(), *_names(), *_tokens(), *_bombs(), *_wire(), *_models(), *_writes(), *_reads(),
    *_cuts(),
]  # fmt: skip


def addresses() -> Iterator[str]:
    """Yield URLs that lead to this machine or its network, in each way to write them."""
    hosts = (
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001",
        "0.0.0.0", "0", "localhost", "localhost.", "LOCALHOST", "[::1]", "[::]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]", "[fe80::1%25lo]", "169.254.169.254", "10.0.0.1", "172.16.0.1",
        "192.168.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "[fd00::1]", "[fec0::1]",
        "\uff11\uff12\uff17.0.0.1", "127\u30020.0.1", "\u2460\u2461\u2466.0.0.1",
    )  # fmt: skip
    for host in hosts:
        yield f"http://{host}/x"
    yield "http://93.184.216.34@127.0.0.1/x"
    yield "http://127.0.0.1#@public.example/x"
    yield "http://127.0.0.1\\@public.example/x"
    yield "http://public.example:80@127.0.0.1/x"
    yield "http://public.example\r\nHost: localhost/x"
    yield "http:///etc/passwd"
    yield "http://inside.example/x"  # a name that resolves to this machine
    yield "http://both.example/x"  # to a public address and to this machine
    for scheme in ("file", "ftp", "gopher", "dict", "jar", "data", "FILE"):
        yield f"{scheme}://127.0.0.1/etc/passwd"
