"""Attacks are refused by a documented answer, and the server answers others all the while."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from PIL import Image

from engine import Library
from engine.media import addresses as media_addresses
from engine.media import fetch
from engine.server.access import tokens
from engine.server.access.tokens import BearerToken
from engine.server.options import ServerOptions
from tests import media_files as make
from tests.server.access.attacks import ATTACKS, Attack, addresses
from tests.server.conftest import Served, raw_request, serving

TOKEN = "a" * 32
OTHERS = ("b" * 32, "c" * 32)
SECRET = b"nobody may read this"
MARKUP = '"><script>alert(1)</script>'
PUBLIC = "93.184.216.34"


class Redirecting(BaseHTTPRequestHandler):
    """A server of the public internet, which leads to this machine."""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/inside")
        self.end_headers()

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture(scope="module")
def network() -> Iterator[list[str]]:
    """Have no connection leave this machine; the addresses that were connected to."""
    connected: list[str] = []
    names = {
        "public.example": [PUBLIC], "inside.example": ["127.0.0.1"],
        "both.example": [PUBLIC, "10.0.0.1"],
    }  # fmt: skip
    turns = iter([[PUBLIC], *[["127.0.0.1"]] * 9])

    def resolve(host: str, port: int, **more: object) -> list[tuple]:
        found = next(turns) if host == "turning.example" else names.get(host)
        if found is None:
            return (
                socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST, **more)
                if (host not in ("localhost", "localhost."))
                else [(0, 0, 0, "", ("127.0.0.1", port))]
            )
        return [(0, 0, 0, "", (address, port)) for address in found]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address[0])
        assert address[0] == PUBLIC
        return socket.create_connection(("127.0.0.1", public.server_port), timeout)

    public = HTTPServer(("127.0.0.1", 0), Redirecting)
    thread = threading.Thread(target=public.serve_forever, args=(0.01,))
    thread.start()
    kept = {name: getattr(socket, name) for name in ("SOCK_STREAM", "gaierror", "socket")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(media_addresses, "socket", SimpleNamespace(getaddrinfo=resolve, **kept))
        patch.setattr(fetch, "socket", SimpleNamespace(create_connection=connect, **kept))
        yield connected
    public.shutdown()
    public.server_close()
    thread.join()


@pytest.fixture(scope="module")
def target(tmp_path_factory, settings, network) -> Iterator[Served]:
    """A server with tokens, over files that were made to do harm."""
    place = tmp_path_factory.mktemp("attacked")
    media, outside = place / "media", place / "outside"
    (media / "folder").mkdir(parents=True)
    outside.mkdir()
    for name in ("swapped.png", "folder/inside.png", 'quote".png', "line\nfeed.png"):
        make.picture(media / name, "red")
    make.picture(outside / "secret.png", "blue")
    (outside / "secret.txt").write_bytes(SECRET)
    (media / "leading-out.png").symlink_to(outside / "secret.png")
    (media / "folder-leading-out").symlink_to(outside)
    exif = Image.Exif()
    exif[0x010E] = MARKUP
    Image.open(media / "swapped.png").save(media / "<img src=x onerror=alert(1)>.jpg", exif=exif)
    (media / "page.html").write_text("<script>alert(1)</script>")
    (media / "picture.svg").write_text("<svg onload='alert(1)'/>")
    make.sound(media / "long.wav", (200, 30.0))
    with Library.open(place / "locked", create=True, encoder="fake", settings=settings) as made:
        made.index([media], follow_links=False)
    options = ServerOptions(
        port=0, tokens=(
            BearerToken.make(OTHERS[0]), BearerToken.make(TOKEN, "admin"),
            BearerToken.make(OTHERS[1], "tag"),
        ),
        body_bytes=2**20, chunks=1_000, header_seconds=0.3, body_seconds=1.0, stalled_seconds=0.3,
        connections=40,
    )  # fmt: skip
    with serving([place / "locked"], settings, media, options) as running:
        running.http.headers["Authorization"] = f"Bearer {TOKEN}"
        yield running


@pytest.fixture(scope="module", autouse=True)
def unharmed(target) -> Iterator[None]:
    """Tell at the end that the library has what it had, and nothing was written elsewhere."""
    before = target.http.get("/api/libraries").json()
    yield
    assert target.http.get("/api/libraries").json() == before
    assert target.http.get("/readyz").status_code == 200
    assert not list(Path("/tmp").glob("slipped*"))


def alive(served: Served) -> None:
    assert served.http.get("/healthz").json() == {"status": "ok"}


def answer_to(served: Served, sent: bytes) -> tuple[int, bytes, bytes]:
    head, _, body = raw_request(served.url, sent).partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), head, body


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: ascii(attack.name))
def test_attacks_are_refused(target, attack: Attack):
    status, head, body = answer_to(target, attack.bytes(TOKEN, OTHERS[0]))
    assert status in attack.statuses, (status, body[:300])
    assert SECRET not in body and b"root:" not in body and b"Traceback" not in body
    assert b"set-cookie" not in head.lower() and b"HTTP/1.1 2" not in body
    if status >= 400 and b"application/json" in head and b'"jsonrpc"' not in body:
        assert set(json.loads(body)["error"]) >= {"message", "code"}
    alive(target)


@pytest.mark.parametrize("url", [*addresses()])
def test_no_url_leads_to_this_network(target, network, url):
    network.clear()
    similar = target.http.post("/api/similar", json={"url": url})
    assert similar.status_code == 400, similar.text
    part = {"type": "image_url", "image_url": {"url": url}}
    message = {"messages": [{"role": "user", "content": [part]}]}
    assert target.http.post("/v1/embeddings", json=message).status_code in (400, 422)
    asked = {"image_url": url, "indice_name": "locked", "num_images": 1}
    assert target.http.post("/knn-service", json=asked).status_code in (400, 422)
    ranked = {"query": "red", "documents": [{"image": url}]}
    assert target.http.post("/v1/rerank", json=ranked).status_code in (400, 422)
    assert not network


def test_a_redirect_to_this_machine_is_not_followed(target, network):
    network.clear()
    answer = target.http.post("/api/similar", json={"url": "http://public.example/x"})
    assert answer.status_code == 400 and "redirects" not in network
    assert network == [PUBLIC]


def test_a_name_is_resolved_once_for_the_check_and_the_connection(target, network):
    network.clear()
    target.http.post("/api/similar", json={"url": "http://turning.example/x"})
    assert network == [PUBLIC]  # the second answer of its name server is this machine


def number_of(served: Served, name: str) -> tuple[int, int]:
    """Return the numbers of the asset and of the moment of a file."""
    hits = served.search("red", top=50)
    return next((h["asset_id"], h["moment_id"]) for h in hits if h["path"].endswith(name))


def test_nothing_outside_of_the_roots_was_indexed_by_a_link(target):
    paths = [hit["path"] for hit in target.search("blue", top=50)]
    assert paths and not any("secret" in path or "leading-out" in path for path in paths)


def swap(path: Path, towards: Path) -> os.stat_result:
    """Put a link in the place of a file, to one of the same size and date."""
    found = path.stat()
    towards.write_bytes(SECRET.ljust(found.st_size, b"."))
    os.utime(towards, ns=(found.st_atime_ns, found.st_mtime_ns))
    path.rename(path.with_suffix(".kept"))
    path.symlink_to(towards)
    return found


def routes_of(served: Served, name: str) -> list[httpx.Response]:
    asset, moment = number_of(served, name)
    return [
        served.http.get(f"/api/media/{asset}"),
        served.http.get(f"/api/thumbnails/{moment}"),
        served.http.post("/api/similar", json={"asset": asset}),
        served.http.post("/api/similar", json={"moment": moment}),
    ]


def test_a_link_that_was_put_in_place_of_a_file_is_not_followed(target):
    file = target.media / "swapped.png"
    swap(file, target.media.parent / "outside" / "same")
    answers = routes_of(target, "swapped.png")
    assert [answer.status_code for answer in answers] == [409] * 4
    file.unlink()
    file.with_suffix(".kept").rename(file)
    assert {answer.status_code for answer in routes_of(target, "swapped.png")} == {200}


def test_a_link_that_was_put_in_place_of_a_folder_is_not_followed(target):
    folder, moved = target.media / "folder", target.media.parent / "outside" / "moved"
    folder.rename(moved)
    folder.symlink_to(moved)
    assert {answer.status_code for answer in routes_of(target, "inside.png")} == {409}
    folder.unlink()
    moved.rename(folder)


@pytest.mark.parametrize("path", ["leading-out.png", "folder-leading-out", "folder/../.."])
def test_no_job_reads_what_a_link_leads_to(target, path):
    asked = target.http.post("/api/index", json={"paths": [str(target.media / path)]})
    assert asked.status_code == 403 and asked.json()["error"]["code"] == "path_refused"


def test_names_and_texts_of_files_are_never_a_page(target):
    hits = target.search("red", top=50)
    evil = next(hit for hit in hits if hit["path"].endswith(">.jpg"))
    for path in (f"/api/assets/{evil['asset_id']}", f"/api/moments/{evil['moment_id']}"):
        answer = target.http.get(path)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
    for hit in hits:
        answer = target.http.get(hit["media"])
        assert answer.status_code == 200, (hit["path"], answer.text)
        assert answer.headers["content-type"] in ("image/png", "image/jpeg", "audio/wav")
        disposition = answer.headers["content-disposition"]
        assert not set(disposition.partition("filename")[2].strip('*="')) & set('<>"\r\n')


def test_pages_and_drawings_are_not_served(target):
    listed = target.http.get("/api/libraries").json()["libraries"][0]["assets"]
    assert listed == {"image": 5, "audio": 1}  # neither page.html nor picture.svg


def test_a_request_behind_a_refused_body_is_no_request(target):
    hidden = b"GET /api/libraries HTTP/1.1\r\nHost: localhost\r\n\r\n"
    length = 2**20 + 1
    sent = (
        f"POST /api/search HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode() + hidden.ljust(length, b" ")
    got = raw_request(
        target.url, sent + b"GET /nothing HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n"
    )
    assert got.startswith(b"HTTP/1.1 413") and b"libraries" not in got.replace(
        b"/api/libraries", b""
    )
    alive(target)


def test_requests_behind_an_error_are_answered_as_themselves(target):
    one = f"GET /api/nothing HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    got = raw_request(target.url, f"{one}\r\n{one}\r\n{one}Connection: close\r\n\r\n".encode())
    assert got.count(b"HTTP/1.1 404") == 3


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: loc", b"408"),
        (b"", b"408"),
        (b"POST /knn-service HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + TOKEN.encode()
         + b"\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{", b"408"),
    ],
    ids=["half a head", "nothing at all", "half a body"],
)  # fmt: skip
def test_slow_requests_are_ended(target, sent, status):
    begun = time.monotonic()
    got = raw_request(target.url, sent)
    assert got.split(b" ")[1] == status and time.monotonic() - begun < 5
    alive(target)


def test_a_head_that_drips_is_ended_too(target):
    host, port = target.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.settimeout(0.05)
        begun, got = time.monotonic(), b""
        while not got and time.monotonic() - begun < 5:
            with suppress(OSError):
                connection.sendall(b"X")
            with suppress(TimeoutError):
                got = connection.recv(1000)
    assert b" 408 " in got


def test_a_client_that_takes_nothing_is_let_go(target):
    asset = target.search("kind:audio")[0]["asset_id"]
    # Twice what a client may take nothing for; longer where the machine is busy.
    assert any(taken_after(target, asset, seconds) < 20 * 960_000 for seconds in (0.6, 2.0, 8.0))
    alive(target)


def taken_after(target, asset: int, seconds: float) -> int:
    """Ask for a sound twenty times, take nothing for so long, and count the bytes that come."""
    host, port = target.url.removeprefix("http://").split(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, int(port)))
        head = f"GET /api/media/{asset} HTTP/1.1\r\nHost: localhost\r\n"
        connection.sendall(f"{head}Authorization: Bearer {TOKEN}\r\n\r\n".encode() * 20)
        connection.settimeout(10)
        time.sleep(seconds)
        got = 0
        with suppress(ConnectionResetError):
            while part := connection.recv(2**20):
                got += len(part)
    return got


def test_connections_past_their_number_are_closed_and_the_others_live(target):
    host, port = target.url.removeprefix("http://").split(":")
    alive(target)
    with ExitStack() as opened:
        for _ in range(60):
            opened.enter_context(socket.create_connection((host, int(port)), timeout=5))
        alive(target)  # on a connection that was open
    alive(target)


def test_all_tokens_are_compared_whichever_it_is(monkeypatch):
    known = [BearerToken.make(secret) for secret in (TOKEN, *OTHERS)]
    compared: list[int] = []
    usual = tokens.hmac.compare_digest
    monkeypatch.setattr(
        tokens, "hmac",
        SimpleNamespace(compare_digest=lambda a, b: compared.append(len(a)) or usual(a, b)),
    )  # fmt: skip
    for secret in (TOKEN, OTHERS[1], "", "a" * 31, "x" * 10_000):
        compared.clear()
        tokens.caller_of(secret, known)
        assert compared == [32] * 3  # hashes, all of them
