"""The adapter to servers, against a real one that misbehaves."""

from __future__ import annotations

import base64
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from engine.config import Settings
from engine.errors import ChatFailed, ExtraMissing, UsageError
from engine.generate.chat import ChatImage, Message, Schema, Text, Usage
from engine.generate.openai import OpenAIChat
from engine.testing import chat_server as does
from engine.testing.chat_server import serving

KEY = "sk-not-to-be-shown-4711"
ENOUGH = 600  # seconds of a call, on a machine that does much besides
HUNG = 60  # seconds after which a call that ought to have ended is called hung
HELLO = [Message.from_text("user", "hello")]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


def chat(url: str, key: str | None = KEY, first_wait: float = 0.001) -> OpenAIChat:
    return OpenAIChat("test-1", base_url=url, key=key, first_wait=first_wait)


def test_an_answer_comes_with_what_it_cost():
    with serving(does.says("hi", model="test-1-2026")) as served:
        reply = chat(served.url).reply(HELLO, seconds=ENOUGH)
    assert (reply.text, reply.model, reply.usage) == ("hi", "test-1-2026", Usage(120, 30))
    assert reply.usage.total == 150
    assert served.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_the_request_is_in_the_format_of_servers():
    schema = Schema("s", {"type": "object"})
    seen = Message("user", (Text("look"), ChatImage(b"\xff\xd8jpeg")))
    with serving(does.says("hi")) as served:
        chat(served.url, key=None).reply(
            [Message.from_text("system", "be brief"), seen],
            seconds=ENOUGH,
            schema=schema,
            most_tokens=9,
        )
    body = served.bodies[0]
    assert body["model"] == "test-1"
    assert body["max_tokens"] == 9
    assert body["messages"][0] == {"role": "system", "content": "be brief"}
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "s", "strict": True, "schema": {"type": "object"}},
    }
    text, picture = body["messages"][1]["content"]
    assert text == {"type": "text", "text": "look"}
    head, data = picture["image_url"]["url"].split(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(data) == b"\xff\xd8jpeg"
    assert "Authorization" not in served.headers[0]


def test_openais_own_server_is_asked_in_its_own_words():
    body = OpenAIChat("m", key=KEY).request(HELLO, most_tokens=9)
    assert body["max_completion_tokens"] == 9
    assert "temperature" not in body


@pytest.mark.parametrize(
    "trouble",
    [
        does.refuses(429),
        does.refuses(429, Retry_After="0"),
        does.refuses(429, Retry_After="soon"),
        does.refuses(500),
        does.refuses(503),
        does.drops,
        does.breaks_off,
    ],
)
def test_what_may_pass_is_tried_again(trouble):
    with serving(trouble, trouble, does.says("hi")) as served:
        assert chat(served.url).reply(HELLO, seconds=ENOUGH).text == "hi"
    assert len(served.bodies) == 3


def test_retry_after_is_waited_for():
    with serving(does.refuses(429, Retry_After="0.3"), does.says("hi")) as served:
        began = time.monotonic()
        chat(served.url).reply(HELLO, seconds=ENOUGH)
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("date", [False, True])
def test_who_asks_for_more_time_than_there_is_is_not_waited_for(date):
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    with serving(does.refuses(429, Retry_After=later if date else "3600")) as served:
        began = time.monotonic()
        with pytest.raises(ChatFailed, match=r"429 \(no\) and asks to wait \d+ s"):
            chat(served.url).reply(HELLO, seconds=ENOUGH)
    assert time.monotonic() - began < HUNG
    assert len(served.bodies) == 1


def test_trouble_that_stays_ends():
    said = pytest.raises(ChatFailed, match=r"127\.0\.0\.1 answered 500 \(overloaded\)")
    with serving(does.refuses(500, "overloaded")) as served, said:
        chat(served.url).reply(HELLO, seconds=ENOUGH)
    assert len(served.bodies) == 5


@pytest.mark.parametrize("status", [302, 400, 401, 404])
def test_what_will_not_pass_is_asked_once(status):
    said = pytest.raises(ChatFailed, match=str(status))
    with serving(does.refuses(status, Location="http://127.0.0.1:1/")) as served, said:
        chat(served.url).reply(HELLO, seconds=ENOUGH)
    assert len(served.bodies) == 1


@pytest.mark.parametrize("slow", [does.hangs, does.drips, does.drips_headers])
def test_no_call_outlasts_its_time(slow):
    with serving(slow) as served:
        began = time.monotonic()
        with pytest.raises(ChatFailed, match=r"did not answer (within|in time)"):
            chat(served.url).reply(HELLO, seconds=0.4)
        assert time.monotonic() - began < HUNG


def test_waits_end_with_the_time_too():
    with serving(does.refuses(500)) as served:
        began = time.monotonic()
        with pytest.raises(ChatFailed, match="500"):
            chat(served.url, first_wait=30).reply(HELLO, seconds=0.4)
    assert time.monotonic() - began < HUNG


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"choices": []}', b"[" * 100_000, b"\xff\xfe", does.completion(None)],
)
def test_what_is_no_chat_is_said_to_be_none(body):
    with serving(does.sends(body)) as served, pytest.raises(ChatFailed, match="answered with"):
        chat(served.url).reply(HELLO, seconds=ENOUGH)


def test_an_answer_without_end_is_cut_short():
    with serving(does.sends(b" " * (5 * 2**20))) as served, pytest.raises(ChatFailed, match="more"):
        chat(served.url).reply(HELLO, seconds=ENOUGH)


def test_nobody_there():
    with serving(does.says("hi")) as served:
        url = served.url
    with pytest.raises(ChatFailed, match=r"lost the connection \(ConnectError\)"):
        chat(url).reply(HELLO, seconds=ENOUGH)


def test_the_key_is_shown_nowhere(caplog):
    caplog.set_level(0)
    with serving(does.refuses(401, f"wrong key {KEY}")) as served:
        one = chat(served.url)
        with pytest.raises(ChatFailed, match=r"wrong key \*\*\*") as caught:
            one.reply(HELLO, seconds=ENOUGH)
    assert KEY not in f"{one!r} {caught.getrepr(style='long', showlocals=False)} {caplog.text}"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "set OPENAI_API_KEY or OPENAI_API_KEY_FILE, OPENAI_BASE_URL"),
        ({"OPENAI_BASE_URL": "localhost:8080"}, "OPENAI_BASE_URL is no address"),
        ({"OPENAI_BASE_URL": "http://a:99999/v1"}, "OPENAI_BASE_URL is no address"),
        ({"OPENAI_BASE_URL": "http://me:sesame@a/v1"}, "must hold no password"),
        ({"OPENAI_API_KEY": "sk-\u00e9"}, "OPENAI_API_KEY holds characters"),
        ({"OPENAI_API_KEY": "sk-a\nb"}, "OPENAI_API_KEY holds characters"),
    ],
)
def test_what_is_set_up_wrongly_is_named_and_not_repeated(environ, message):
    with pytest.raises(UsageError, match=message) as caught:
        OpenAIChat.from_env(Settings(), environ)
    assert "sesame" not in str(caught.value)


def test_a_server_of_ones_own_needs_no_key():
    url = "http://localhost:8080/v1/"
    made = OpenAIChat.from_env(Settings(llm_model="qwen"), {"OPENAI_BASE_URL": url})
    assert repr(made) == "OpenAIChat('qwen', base_url='http://localhost:8080/v1')"


def test_without_httpx_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ExtraMissing, match=r"sensorium\[llm\]"):
        chat("http://localhost:1/v1").reply(HELLO, seconds=1)
