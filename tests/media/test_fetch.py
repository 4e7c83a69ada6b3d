"""What a URL names becomes a file, and no URL becomes a way into this network."""

from __future__ import annotations

import dataclasses
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread

import pytest

from engine.config import Settings
from engine.errors import FetchRefused
from engine.media import fetch
from engine.media.addresses import Address, is_public, resolved
from engine.media.fetch import fetched
from tests.media.fetch_server import CONTENT, LIMIT, Server, serving

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serving()


@pytest.fixture
def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def here(address: Address) -> bool:
    """The one address that the tests' server has."""
    return str(address) == "127.0.0.1"


def loopback(address: Address) -> bool:
    return address.is_loopback


def read(url: str, settings: Settings, allow: Callable[[Address], bool] = here) -> bytes:
    with fetched(url, settings, allow=allow) as path:
        return path.read_bytes()


def refusal(url: str, settings: Settings, allow: Callable[[Address], bool] = here) -> str:
    """Why it was refused: one line that begins with the URL."""
    with pytest.raises(FetchRefused) as caught:
        read(url, settings, allow)
    said = str(caught.value)
    assert "\n" not in said and said.startswith(url[:100])
    assert caught.value.exit_code == 2
    return said[len(url) :].removeprefix(": ")


def strict(url: str, settings: Settings) -> str:
    """Why the default refuses it."""
    with pytest.raises(FetchRefused) as caught, fetched(url, settings):
        pass
    return str(caught.value)


# --- what is fetched ----------------------------------------------------------


@pytest.mark.parametrize("path", ["content", "unsaid", "chunked", "hops/4", "content?a=b#c"])
def test_the_content_arrives(url: str, settings: Settings, path: str) -> None:
    exact = dataclasses.replace(settings, max_fetch_bytes=LIMIT)
    assert read(f"{url}/{path}", exact) == CONTENT


def test_the_file_is_for_the_time_being(url: str, settings: Settings) -> None:
    with fetched(f"{url}/content", settings, allow=here) as path:
        assert path.is_file() and path.suffix == ""
    assert not path.parent.exists()


def test_the_request(server: Server, url: str, settings: Settings) -> None:
    read(f"{url}/content/grün ".rstrip() + "?q=ö#part", settings)
    (path, headers), *more = server.RequestHandlerClass.asked  # type: ignore[attr-defined]
    assert path == "/content/gr%C3%BCn?q=%C3%B6" and not more
    assert headers["host"] == f"127.0.0.1:{server.server_port}"
    assert headers["accept-encoding"] == "identity"


def test_proxies_of_the_environment_are_not_used(
    url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert read(f"{url}/content", settings) == CONTENT


Answers = Callable[..., list[str]]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Let every name resolve to these addresses, and the list of names that were asked."""

    def run(*addresses: str) -> list[str]:
        asked: list[str] = []

        def resolve(host: str, port: int, seconds: float) -> list[Address]:
            asked.append(host)
            return list(map(ip_address, addresses))

        monkeypatch.setattr(fetch, "resolved", resolve)
        return asked

    return run


def test_the_connection_goes_to_the_address_that_was_checked(
    server: Server, settings: Settings, answers: Answers
) -> None:
    """The system knows no such name, so asking it again would fail."""
    asked = answers("127.0.0.1")
    assert read(f"http://a.invalid:{server.server_port}/content", settings) == CONTENT
    assert asked == ["a.invalid"]
    (_, headers), *_ = server.RequestHandlerClass.asked  # type: ignore[attr-defined]
    assert headers["host"] == f"a.invalid:{server.server_port}"


def test_another_address_of_the_host_is_tried(
    server: Server, settings: Settings, answers: Answers
) -> None:
    answers("127.0.0.2", "127.0.0.3", "127.0.0.1")
    url = f"http://a.invalid:{server.server_port}/content"
    assert read(url, settings, loopback) == CONTENT


# --- where it must not lead ---------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST", "169.254.169.254",
     "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "0", "224.0.0.1",
     "240.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
     "[fe80::1]", "[fc00::1]", "[ff02::1]", "[64:ff9b::10.0.0.1]", "[2002:7f00:1::]",
     "[::127.0.0.1]", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "127.1",
     "0177.0.0.1"],
)  # fmt: skip
def test_no_address_of_this_network(server: Server, settings: Settings, host: str) -> None:
    url = f"http://{host}:{server.server_port}/content"
    assert strict(url, settings).endswith("is not on the public internet; give the file itself")
    assert not server.RequestHandlerClass.asked  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("address", "public"),
    [("8.8.8.8", True), ("2606:4700:4700::1111", True), ("::ffff:8.8.8.8", True),
     ("64:ff9b::8.8.8.8", True), ("2002:808:808::1", True), ("1.1.1.1", True),
     ("192.0.2.1", False), ("198.18.0.1", False), ("239.1.1.1", False), ("100.127.255.1", False),
     ("192.88.99.1", False), ("64:ff9b::192.168.0.1", False), ("64:ff9b:1::1", False),
     ("2002:a00:1::", False), ("2001:0:a00:1::", False), ("::ffff:0:127.0.0.1", False),
     ("2001:db8::1", False), ("fec0::1", False), ("::8.8.8.8", False), ("4000::1", False),
     ("ff0e::1", False), ("fe80::1%1", False), ("::ffff:169.254.1.1", False)],
)  # fmt: skip
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize("others", [("10.0.0.1", "127.0.0.1"), ("127.0.0.1", "10.0.0.1")])
def test_all_addresses_of_a_host_count(
    server: Server, settings: Settings, answers: Answers, others: tuple[str, str]
) -> None:
    """Lest one good address beside a bad one opens the door."""
    answers(*others)
    url = f"http://a.invalid:{server.server_port}/content"
    assert refusal(url, settings).startswith("a.invalid (10.0.0.1) is not on the public internet;")


def test_a_host_without_an_address(settings: Settings, answers: Answers) -> None:
    answers()
    assert refusal("http://a.invalid/x", settings) == "its host has no address"


@pytest.mark.parametrize(
    "host", ["127.0.0.2", "[::1]", "169.254.169.254", "2130706434", "[::ffff:127.0.0.1]"]
)
def test_no_redirect_into_this_network(
    server: Server, url: str, settings: Settings, host: str
) -> None:
    asked = f"{url}/to/http://{host}:{server.server_port}/content"
    assert "is not on the public internet" in refusal(asked, settings)
    assert len(server.RequestHandlerClass.asked) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1/x", "file:///etc/passwd", "data:,x", "http://a:b@127.0.0.1/"]
)
def test_no_redirect_to_anything_else(url: str, settings: Settings, location: str) -> None:
    with pytest.raises(FetchRefused, match="redirects to where nothing is fetched"):
        read(f"{url}/to/{location}", settings)


@pytest.mark.parametrize(
    ("url", "reason"),
    [("ftp://example.org/x.jpg", "only http and https"), ("file:///etc/passwd", "only http and"),
     ("data:image/png;base64,AAAA", "only http and https"), ("/etc/passwd", "only http and https"),
     ("gopher://example.org/", "only http and https"), ("", "only http and https"),
     ("http://", "its host is no name"), ("http:///x.jpg", "its host is no name"),
     ("http://exa$mple.org/", "its host is no name"), ("http://[fe80::1%25eth0]/", "no URL"),
     ("http://a\\b/", "its host is no name"), ("http://[::1/", "no URL"),
     ("http://example.org:99999/", "no URL"), ("http://example.org:x/", "no URL"),
     ("http://exam\nple.org/", "a space or a control"), ("http://example.org/a b", "a space or a"),
     ("http://\udcff.org/", "no URL"), ("http://example.org/\udcff", "no URL"),
     ("http://example.org/" + "x" * 3000, "longer than 2,048 characters")],
)  # fmt: skip
def test_what_is_no_url_to_fetch(settings: Settings, url: str, reason: str) -> None:
    said = strict(url, settings)
    assert reason in said and "\n" not in said and said.isprintable() and len(said) < 400


@pytest.mark.parametrize(
    "url", ["http://me:hidden@example.org/", "http://hidden@127.0.0.1/", "https://a@b@c\\@d/"]
)
def test_a_user_is_refused_and_not_repeated(settings: Settings, url: str) -> None:
    said = strict(url, settings)
    assert "a user or a password" in said and "hidden" not in said and "//…@" in said


def test_resolving_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolved("127.0.0.1", 80, 5) == [ip_address("127.0.0.1")]
    over = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(10))
    with pytest.raises(TimeoutError):
        resolved("example.org", 80, 0.05)
    over.set()


def test_a_name_that_does_not_exist(settings: Settings) -> None:
    assert "cannot be fetched" in strict("http://no-such-host.invalid/x.jpg", settings)


# --- what servers do ----------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "reason"),
    [("missing", "the server answers 404 Not Found"), ("empty", "has no content"),
     ("liar", "the content broke off after 10 bytes"), ("loop", "redirects more than 5 times"),
     ("hops/5", "redirects more than 5 times"), ("nowhere", "redirects to nowhere"),
     ("packed", "the server packs the content although it was asked not to")],
)  # fmt: skip
def test_answers_without_content(url: str, settings: Settings, path: str, reason: str) -> None:
    assert refusal(f"{url}/{path}", settings) == reason


@pytest.mark.parametrize("path", ["content", "unsaid", "chunked"])
def test_too_large(url: str, settings: Settings, path: str) -> None:
    small = dataclasses.replace(settings, max_fetch_bytes=LIMIT - 1)
    said = refusal(f"{url}/{path}", small)
    assert said == "larger than 255,999 bytes (SENSORIUM_MAX_FETCH_BYTES)"


@pytest.mark.parametrize("path", ["drip", "slow", "silent", "to//drip"])
def test_time_is_bounded_as_a_whole(url: str, settings: Settings, path: str) -> None:
    hasty = dataclasses.replace(settings, fetch_seconds=0.3)
    begun = time.monotonic()
    said = refusal(f"{url}/{path}", hasty)
    assert said == "not fetched within 0.3 s (SENSORIUM_FETCH_SECONDS)"
    assert 0.25 < time.monotonic() - begun < 25


def test_a_port_where_nobody_listens(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x"
        assert refusal(url, settings) == "cannot be fetched: Connection refused"


def test_what_is_no_http(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-whatever\r\n\r\n")

        thread = Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        assert refusal(url, settings).startswith("cannot be fetched: ")
        thread.join()


# --- TLS ----------------------------------------------------------------------


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server whose certificate is for ``localhost``, and is trusted."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate), "-days", "2"]
    subprocess.run(
        ["openssl", "req", "-x509", *curve, *named, *files], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for server in serving(context):
        yield server.server_port


def test_tls_goes_by_the_name_of_the_host(secure: int, settings: Settings) -> None:
    assert read(f"https://localhost:{secure}/content", settings, loopback) == CONTENT
    said = refusal(f"https://127.0.0.1:{secure}/content", settings, loopback)
    assert said.startswith("the server's certificate is not valid for it")


def test_tls_is_verified(
    secure: int, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "none.pem").write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    said = refusal(f"https://localhost:{secure}/content", settings, loopback)
    assert said.startswith("the server's certificate is not valid for it: self")


def test_no_redirect_out_of_tls(secure: int, server: Server, settings: Settings) -> None:
    there = f"http://127.0.0.1:{server.server_port}/content"
    said = refusal(f"https://localhost:{secure}/to/{there}", settings, loopback)
    assert said == "redirects from https to http"
    within = f"https://localhost:{secure}/to//content"
    assert read(within, settings, loopback) == CONTENT


def test_time_is_bounded_within_tls(secure: int, settings: Settings) -> None:
    hasty = dataclasses.replace(settings, fetch_seconds=0.5)
    for path in ("drip", "slow"):
        said = refusal(f"https://localhost:{secure}/{path}", hasty, loopback)
        assert said.startswith("not fetched within")


def test_a_handshake_that_never_comes(settings: Settings) -> None:
    hasty = dataclasses.replace(settings, fetch_seconds=0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/x"
        assert refusal(url, hasty).startswith("not fetched within 0.3 s")
