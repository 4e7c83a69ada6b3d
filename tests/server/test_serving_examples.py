"""The examples of serving: a proxy with TLS, a service of systemd, and a container."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from engine.server.access.tokens import BearerToken
from engine.server.options import ServerOptions
from tests.server.conftest import Served, serving

EXAMPLES = Path(__file__).parents[2] / "examples" / "serving"
TOKEN = "p" * 32
MAIN = """\
daemon off;
master_process off;
error_log {place}/error.log;
pid {place}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {place}/bodies;
    proxy_temp_path {place}/proxied;
    fastcgi_temp_path {place}/a;
    uwsgi_temp_path {place}/b;
    scgi_temp_path {place}/c;
    include {place}/site.conf;
}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def site(place: Path, port: int, behind: int) -> str:
    """Return the example for this machine: other ports, and a certificate that was just made."""
    text = (EXAMPLES / "nginx.conf").read_text()
    for written, here in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("127.0.0.1:8093", f"127.0.0.1:{behind}"),
        ("/etc/ssl/photos.example.pem", f"{place}/cert.pem"),
        ("/etc/ssl/private/photos.example.key", f"{place}/key.pem"),
    ):
        assert text.count(written) == 1
        text = text.replace(written, here)
    return text


@pytest.fixture(scope="module")
def proxied(made, settings, tmp_path_factory) -> Iterator[Served]:
    """A server behind nginx, and a client that knows its certificate alone."""
    if not shutil.which("nginx") or not shutil.which("openssl"):
        pytest.skip("there is no nginx here")
    place, (media, library) = tmp_path_factory.mktemp("proxy"), made
    names = "subjectAltName=DNS:photos.example,IP:127.0.0.1"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=photos.example",
         "-addext", names],
        cwd=place, check=True, capture_output=True,
    )  # fmt: skip
    options = ServerOptions(
        port=0, hosts=("photos.example",), tokens=(BearerToken.make(TOKEN, "index"),)
    )
    options.check()
    with serving([library], settings, media, options) as server:
        port = free_port()
        behind = int(server.url.rpartition(":")[2])
        (place / "site.conf").write_text(site(place, port, behind))
        (place / "nginx.conf").write_text(MAIN.format(place=place))
        nginx = subprocess.Popen(["nginx", "-p", str(place), "-c", str(place / "nginx.conf")])
        known = ssl.create_default_context(cafile=str(place / "cert.pem"))
        own = {"Host": f"photos.example:{port}", "Authorization": f"Bearer {TOKEN}"}
        try:
            with httpx.Client(
                base_url=f"https://127.0.0.1:{port}", verify=known, headers=own, timeout=60
            ) as http:
                for _ in range(200):
                    with suppress(httpx.ConnectError):
                        http.get("/healthz")
                        break
                    assert nginx.poll() is None, (place / "error.log").read_text()
                    time.sleep(0.02)
                yield Served(f"https://photos.example:{port}", http, media, library)
        finally:
            nginx.terminate()
            nginx.wait()


def test_searches_and_media_go_through_the_proxy(proxied):
    (hit,) = proxied.search("red", top=1)
    answer = proxied.http.get(hit["media"], headers={"Range": "bytes=0-9"})
    assert answer.status_code == 206 and len(answer.content) == 10
    assert answer.headers["strict-transport-security"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_its_own_pages_are_known_behind_the_proxy_and_others_are_not(proxied):
    asked = [
        proxied.http.get("/api/libraries", headers={"Origin": origin}).status_code
        for origin in (proxied.url, "https://evil.example", "http://127.0.0.1:8093")
    ]
    assert asked == [200, 403, 403]
    assert proxied.http.get("/api/libraries", headers={"Host": "evil.example"}).status_code == 421
    assert proxied.http.get("/api/libraries", headers={"Authorization": ""}).status_code == 401


def test_big_uploads_go_through_the_proxy_up_to_the_limit(proxied):
    def send(size: int) -> httpx.Response:
        picture = (proxied.media / "red.png").read_bytes()
        files = {"file": ("a.png", picture.ljust(size, b"\0"))}
        return proxied.http.post("/api/similar/upload", files=files)

    found = send(20 * 2**20)
    assert found.status_code == 200 and found.json()["hits"][0]["path"].endswith("red.png")
    assert send(65 * 2**20).status_code == 413


def test_events_come_through_the_proxy_as_they_happen(proxied):
    job = proxied.http.post("/api/index", json={}).json()["links"]
    with proxied.http.stream("GET", job["events"]) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "x-accel-buffering" not in answer.headers  # which nginx has taken for itself
        lines = [line for line in answer.iter_lines() if line.startswith("data:")]
    assert '"state":"done"' in lines[-1].replace(" ", "")


def test_assistants_are_answered_through_the_proxy(proxied):
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accepted = {"Accept": "application/json, text/event-stream"}
    answer = proxied.http.post("/mcp", json=call, headers=accepted)
    assert answer.status_code == 200 and "look" in answer.text


def test_the_service_is_one_that_systemd_takes_and_that_is_shut_in(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd here")
    text = (EXAMPLES / "sensorium.service").read_text()
    program = "/opt/sensorium/bin/sensorium"
    assert f"ExecStart={program} serve " in text
    unit = tmp_path / "sensorium.service"
    unit.write_text(text.replace(f"ExecStart={program}", "ExecStart=/bin/true"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True
    )
    assert not verified.stderr and verified.returncode == 0
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-200:]  # 2.0 of 10, where 10 is a bare service


def test_every_option_of_serve_is_an_argument_of_it():
    from inspect import signature

    from engine.commands.serve import serve

    given = {option.name for option in serve.params}
    assert given == set(signature(serve.callback).parameters)


def options_of(words: list[str]) -> set[str]:
    return {word for word in words if word.startswith("--")}


def test_the_examples_call_the_command_line_as_it_is(served):
    from engine.commands.serve import serve

    known = {name for option in serve.params for name in option.opts}
    unit = re.search(
        r"^ExecStart=\S+ serve (.*)$", (EXAMPLES / "sensorium.service").read_text(), re.M
    )
    container = re.search(r"^CMD (\[.*?\])$", (EXAMPLES / "Dockerfile").read_text(), re.M | re.S)
    asked = json.loads(container[1].replace("\\\n", ""))
    assert asked[0] == "serve"
    proxy = re.search(r"sensorium serve (.*)", (EXAMPLES / "nginx.conf").read_text())
    for words in (unit[1].split(), asked, proxy[1].split()):
        assert options_of(words) and options_of(words) <= known
