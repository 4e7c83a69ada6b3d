"""Attacks on a server: what is sent, and the statuses that may come back."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator

from tests.server.access.requests import (
    OWN,
    Attack,
    get,
    multipart,
    png_bomb,
    post,
    svg_bomb,
    upload,
    zip_bomb,
)
from tests.server.access.wire_attacks import WIRE_ATTACKS


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


def _uploads() -> Iterator[Attack]:
    unread = (400, 413, 415, 422)
    yield Attack("picture bomb", lambda: upload(png_bomb()), unread)
    yield Attack("zip bomb", lambda: upload(zip_bomb()), unread)
    yield Attack("zip slip", lambda: upload(zip_bomb("../../../../tmp/slipped")), unread)
    yield Attack("entities of svg", lambda: upload(svg_bomb(), "a.svg"), unread)
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


def _bodies() -> Iterator[Attack]:
    nested = b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
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


def _forms() -> Iterator[Attack]:
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


ATTACKS: list[Attack] = [
    *_paths(), *_names(), *_tokens(), *_uploads(), *_bodies(), *_forms(), *_models(), *_writes(),
    *_reads(), *WIRE_ATTACKS,
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
