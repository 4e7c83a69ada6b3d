"""Every client of a server against every fault of one: what passes is waited for, the rest is said.

Chats are asked by the vendors' own packages (openai, google.genai), voices and transcripts by ours.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from engine.errors import ChatFailed
from engine.generate.budget import MeteredChat, ModelBudget, Prices
from engine.generate.chat import ChatImage, Message, Text
from engine.generate.speaker import Speech, speak
from engine.query import model_roles as registry
from engine.testing import chat_server as does
from engine.testing import stream_server as streams
from engine.testing.chat_server import Behaviour, serving

KEY = "sk-not-to-be-shown-4711"
LOOK = [Message("user", (Text("look"), ChatImage(b"\xff\xd8jpeg")))]
SOUND = Speech(np.zeros(1_600, np.float32), 16_000)
ENOUGH = 600.0  # seconds of a call, on a machine that does much besides
HUNG = 60


@dataclass(frozen=True)
class Client:
    """A client, what its server answers when all is well, and what is then returned."""

    role: str
    name: str
    good: Behaviour
    answer: object


CLIENTS = [
    Client("chat", "test-1", does.says("a dog"), "a dog"),
    Client("vision chat", "openai:test-1", streams.completes(["a ", "dog"]), "a dog"),
    Client("vision chat", "responses:test-1", streams.responds(["a ", "dog"]), "a dog"),
    Client("vision chat", "gemini:test-1", streams.generates(["a ", "dog"]), "a dog"),
    Client("transcriber", "openai:test-1", does.sends(b'{"text": "a dog"}'), "a dog"),
    Client("speaker", "openai:test-1", does.sends(SOUND.to_wav()), 0.1),
]
each = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: f"{client.role} {client.name}")
PASSING = {
    "429": does.refuses(429, Retry_After="0"),
    "500": does.refuses(500, Retry_After="0"),
    "503": does.refuses(503, Retry_After="0"),
    "lost": does.drops,
}
LASTING = {
    "401": does.refuses(401, f"wrong {KEY}"),
    "html": does.sends(b"<html>busy</html>"),
    "cut JSON": does.streams_junk,
    "cut body": does.breaks_off,
    "slow body": does.drips,
    "no answer": does.hangs,
}


@pytest.fixture
def asked(settings, monkeypatch):
    """Return a function that asks by a client, and returns what it is answered."""
    monkeypatch.setenv("NO_PROXY", "*")
    for wait in (
        "engine.generate.http_post._LONGEST_WAIT", "engine.generate.gemini._FIRST_WAIT",
        "openai._base_client.INITIAL_RETRY_DELAY",
    ):  # fmt: skip
        monkeypatch.setattr(wait, 0.001)

    def ask(client: Client, served: does.Served, seconds: float) -> Any:
        monkeypatch.setenv("OPENAI_BASE_URL", served.url)
        monkeypatch.setenv("GEMINI_BASE_URL", served.url.removesuffix("/v1"))
        for name in ("OPENAI_API_KEY", "GEMINI_API_KEY"):
            monkeypatch.setenv(name, KEY)
        hurried = replace(settings, llm_seconds=seconds)
        if client.role == "chat":
            return (
                registry.make("chat", f"openai:{client.name}", hurried)
                .reply(LOOK, seconds=seconds)
                .text
            )
        made = registry.make(client.role, client.name, hurried)
        if client.role == "vision chat":
            return made.reply(LOOK, seconds=seconds).text
        if client.role == "transcriber":
            return made.transcribe(SOUND.samples)[0].text
        return speak(made, "hello").seconds

    return ask


@each
@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_waited_for(client, fault, asked):
    with serving(PASSING[fault], client.good) as served:
        assert asked(client, served, ENOUGH) == client.answer
        assert len(served.bodies) == 2


@each
@pytest.mark.parametrize("fault", LASTING)
def test_what_stays_is_one_line_in_time_without_the_key(client, fault, asked, caplog):
    caplog.set_level(0)
    slow = fault in ("slow body", "no answer")
    with serving(LASTING[fault]) as served:
        began = time.monotonic()
        with pytest.raises(ChatFailed) as caught:
            asked(client, served, 0.2 if slow else 15.0)
        assert time.monotonic() - began < HUNG
    line = str(caught.value)
    assert "\n" not in line
    assert KEY not in line + caplog.text
    if fault == "401":
        assert "401" in line
        assert len(served.bodies) == 1


@each
def test_who_asks_to_wait_an_hour_is_not_waited_for(client, asked):
    with serving(does.refuses(429, Retry_After="3600")) as served:
        began = time.monotonic()
        with pytest.raises(ChatFailed, match="429"):
            asked(client, served, ENOUGH)
        assert time.monotonic() - began < HUNG


@pytest.mark.parametrize("limit", ["tokens", "money", "seconds"])
@pytest.mark.parametrize("name", ["openai:test-1", "responses:test-1", "gemini:test-1"])
def test_nobody_is_asked_past_the_budget(name, limit, settings, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    good = next(client.good for client in CLIENTS if client.name == name)
    with serving(good) as served:
        for variable in ("OPENAI_API_KEY", "GEMINI_API_KEY"):
            monkeypatch.setenv(variable, KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", served.url)
        monkeypatch.setenv("GEMINI_BASE_URL", served.url.removesuffix("/v1"))
        budget = ModelBudget(**{"tokens": 3_000, "money": 0.1, limit: 0})
        chat = registry.make("vision chat", name, settings)
        with pytest.raises(ChatFailed, match="the budget of 0"):
            MeteredChat(chat, budget, Prices(10.0, 10.0)).reply(LOOK, most_tokens=20)
        assert not served.bodies
        metered = MeteredChat(chat, ModelBudget(tokens=4_000), Prices(10.0, 10.0))
        assert metered.reply(LOOK, most_tokens=20).text == "a dog"
        assert metered.spent.money == pytest.approx((12 + 3) * 10 / 1e6)
