"""Nobody is let in who should not be, and nothing that they send takes the server down."""

from __future__ import annotations

import json
import re

import pytest

from engine.errors import UsageError
from engine.server.access.tokens import BearerToken, RateLimit, read_tokens
from engine.server.options import ServerOptions
from tests.server.conftest import raw_request

TOKENS = ("a" * 32, "b" * 32)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:80", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
        ("localhost@evil", 421),
    ],
)
def test_only_its_own_names_are_answered(served, host, status):
    assert served.http.get("/api/libraries", headers={"Host": host}).status_code == status


def test_names_can_be_allowed(start):
    served = start(hosts=("photos.example",))
    answers = [
        served.http.get("/healthz", headers={"Host": host}).status_code
        for host in ("photos.example", "photos.example:443", "other.example")
    ]
    assert answers == [200, 200, 421]


def test_a_request_with_two_hosts_or_none_is_refused(served):
    two = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n"
    assert raw_request(served.url, two).startswith(b"HTTP/1.1 400")
    none = b"GET /healthz HTTP/1.0\r\n\r\n"
    assert raw_request(served.url, none).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
    ids=str,
)
def test_pages_of_other_origins_are_refused(served, headers):
    answer = served.http.post("/api/search", json={"text": "red"}, headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_its_own_pages_and_links_are_answered(served):
    own = {"Origin": served.url, "Sec-Fetch-Site": "same-origin"}
    assert served.http.get("/api/libraries", headers=own).status_code == 200
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert served.http.get("/api/libraries", headers=link).status_code == 200


def test_a_token_is_asked_for_where_there_is_one(start):
    served = start(tokens=tuple(map(BearerToken.make, TOKENS)))
    codes = [
        served.http.get("/api/libraries", headers={"Authorization": given}).status_code
        for given in (
            "",
            "Bearer",
            "Bearer wrong",
            f"Basic {TOKENS[0]}",
            f"Bearer {TOKENS[0]}x",
            f"Bearer {TOKENS[0]}",
            f"bearer  {TOKENS[1]}",
        )
    ]
    assert codes == [401] * 5 + [200] * 2
    refused = served.http.get("/metrics")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert served.http.get("/healthz").status_code == 200


def test_every_answer_has_the_headers(served):
    for path in ("/healthz", "/api/nothing", "/api/libraries"):
        answer = served.http.get(path, headers={"X-Request-Id": "mine-1"})
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["x-request-id"] == "mine-1"
    injected = served.http.get("/healthz", headers={"X-Request-Id": "a b\tc"})
    assert len(injected.headers["x-request-id"]) == 32


def test_a_body_is_bounded_in_bytes_and_in_time(start):
    served, hasty = start(body_bytes=1000), start(body_seconds=1.0)
    large = b'{"text": "' + b"x" * 2000 + b'"}'
    assert served.http.post("/api/search", content=large).status_code == 413

    def chunks():
        for _ in range(20):
            yield b"x" * 100

    assert served.http.post("/v1/embeddings", content=chunks()).status_code == 413
    slow = (
        b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        b"Connection: close\r\n\r\n{"
    )
    assert raw_request(hasty.url, slow).startswith(b"HTTP/1.1 408")
    assert hasty.http.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "lines",
    [
        b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Content-Length: 6\r\nConnection: close\r\n\r\n{}",
        b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n"
        b"Connection: close\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET http://evil/ HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n",
    ],
    ids=["both lengths", "two lengths", "negative", "large header", "tls", "absolute"],
)
def test_smuggled_and_broken_requests_are_refused(served, lines):
    answer = raw_request(served.url, lines)
    assert not answer.startswith(b"HTTP/1.1 2")
    assert served.http.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(
    "path",
    [
        "/api/media/../../etc/passwd",
        "/api/media/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/api/media/1/../../../etc/passwd",
        "/api/media//etc/passwd",
        "/api/media/1%00.png",
        "/api/media/-1",
        "/api/media/1e5",
        "/api/media/99999999999999999999",
    ],
)
def test_no_path_leads_to_a_file(served, path):
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    head, _, body = raw_request(served.url, request).partition(b"\r\n\r\n")
    assert head.split(b" ")[1] in (b"400", b"404")
    assert "error" in json.loads(body)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "http://[::1]/x",
        "http://169.254.169.254/",
        "file:///etc/passwd",
        "http://localhost/x",
        "http://0x7f.1/",
    ],
)
def test_no_address_of_this_network_is_fetched(served, url):
    asked = served.http.post("/api/similar", json={"url": url})
    assert asked.status_code == 400
    item = {"input": [{"image": url}]}
    assert served.http.post("/v1/embeddings", json=item).status_code in (400, 422)


def test_names_with_markup_stay_names(served):
    hits = served.search("blue", top=1)
    assert hits[0]["path"].endswith("<b>blue.png")
    answer = served.http.get(hits[0]["media"])
    assert answer.headers["content-type"] == "image/png"
    assert "<" not in answer.headers["content-disposition"]


def test_a_token_file_has_tokens_with_scopes_and_messages_repeat_none(tmp_path):
    file = tmp_path / "tokens"
    file.write_text(f"# the page\n{TOKENS[0]}\n\n{TOKENS[1]} tag  index\n{'c' * 16} admin\n")
    file.chmod(0o600)
    plain, writing, admin = read_tokens(file)
    assert plain.scopes == {"read"} and writing.scopes == {"read", "tag", "index"}
    assert admin.scopes == {"read", "tag", "index", "admin"}
    assert not any(TOKENS[0] in repr(token) for token in (plain, writing, admin))
    for wrong, word in (
        (f"{TOKENS[0]} write", "line 1"),
        (f"# tokens\n{'s' * 15}", "line 2"),
        (f"{TOKENS[0]}\n{TOKENS[0]} tag", "twice"),
        ("# none", "openssl"),
    ):
        file.write_text(wrong)
        with pytest.raises(UsageError, match=word) as refused:
            read_tokens(file)
        assert "sss" not in str(refused.value) and TOKENS[0] not in str(refused.value)
    file.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        read_tokens(file)


def test_a_bucket_gives_a_burst_and_then_so_many_a_second():
    now = 0.0
    limit = RateLimit(2.0, lambda: now)
    assert [limit.wait("a") for _ in range(20)] == [0] * 20
    assert limit.wait("a") == 1 and limit.wait("b") == 0
    now = 0.5
    assert limit.wait("a") == 0 and limit.wait("a") == 1
    slow = RateLimit(0.01, lambda: now)
    assert (slow.wait("a"), slow.wait("a")) == (0, 100)


def test_a_token_that_asks_too_often_is_told_when_to_come_again(start):
    served = start(tokens=tuple(map(BearerToken.make, TOKENS)), rate=0.1)

    def ask(token: str):
        return served.http.get("/api/spaces", headers={"Authorization": f"Bearer {token}"})

    assert ask(TOKENS[0]).status_code == 200
    refused = ask(TOKENS[0])
    assert refused.status_code == 429 and refused.json()["error"]["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 10 and refused.json()["error"]["retryable"]
    assert ask(TOKENS[1]).status_code == 200
    assert served.http.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "options",
    [{"host": "0.0.0.0"}, {"hosts": ("photos.example",)}, {"host": "example.org"}],
    ids=str,
)
def test_a_server_that_others_reach_needs_a_token(options):
    with pytest.raises(UsageError, match="token_file"):
        ServerOptions(**options).check()
    ServerOptions(**options, tokens=(BearerToken.make(TOKENS[0]),)).check()
    ServerOptions().check()


def test_every_route_says_its_scope_and_the_answers_of_all_routes(served):
    page = served.http.get("/api/openapi.json").json()
    for path, methods in page["paths"].items():
        for method, route in methods.items():
            if path == "/healthz":
                continue  # it tells nothing, to anybody
            (security,) = route["security"]
            assert "read" in security["token"], (method, path)
            assert {"401", "403", "429", "503"} <= set(route["responses"])


def test_the_page_has_each_schema_that_it_names(served):
    page = served.http.get("/api/openapi.json")
    named = set(re.findall(r'"#/components/schemas/(\w+)"', page.text))
    assert "ErrorAnswer" in named
    assert named <= set(page.json()["components"]["schemas"])
