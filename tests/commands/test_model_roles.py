"""`sensorium models`: roles that models play, and one tried."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from engine.commands.main import main
from engine.errors import ChatFailed, UsageError
from engine.generate.speaker import Speech
from engine.model_trial import try_model
from engine.models import list_roles
from engine.query import model_roles
from engine.query.model_roles import ADAPTERS
from engine.testing import chat_server as does
from engine.testing import stream_server as streams
from engine.testing.chat_server import serving
from engine.testing.embedding_server import Bill, embedding_server

SOUND = Speech(np.zeros(800, np.float32), 8_000).to_wav()


def run(*args: str):
    return CliRunner().invoke(main, args, catch_exceptions=False)


def test_roles_are_listed():
    listed = json.loads(run("models", "list", "--role", "all", "--json").output)["models"]
    assert len(listed) == len(ADAPTERS)
    assert {each["role"] for each in listed} >= {"chat", "speaker", "captioner", "transcriber"}
    lines = run("models", "list", "--role", "speaker").output.splitlines()
    assert lines[0].split("\t")[:3] == ["speaker", "espeak", "GPL-3.0-or-later"]
    with pytest.raises(UsageError, match="no role is called 'x'; there is chat, captioner"):
        list_roles("x")


@pytest.mark.parametrize(
    ("name", "role", "answer"),
    [
        ("template", "captioner", "A picture of a red square."),
        ("espeak", "speaker", "s of speech"),
        ("fake", "encoder", "a vector of 64 numbers"),
        ("cross", "reranker", "one text "),
    ],
)
def test_a_model_is_tried(name, role, answer, settings):
    trial = try_model(name, settings=settings)
    assert trial.role == role
    assert answer in trial.answer


@pytest.mark.parametrize(
    ("sense", "shown"),
    [("sees", ["Text", "ChatImage"]), ("hears_samples", ["ChatMedia", "Text"]), ("", ["Text"])],
)
def test_a_chat_is_tried_by_what_it_has_a_sense_for(sense, shown, settings, monkeypatch):
    asked = []

    class Played:
        def reply(self, messages, **_):
            asked.append([type(part).__name__ for part in messages[0].parts])
            return SimpleNamespace(text="hello")

    if sense:
        setattr(Played, sense, True)
    monkeypatch.setattr(model_roles, "make", lambda *_: Played())
    assert try_model("hf:x", "vision chat", settings).answer == "hello"
    assert asked == [shown, shown]


def test_a_name_of_several_roles_asks_for_one(settings):
    with pytest.raises(UsageError, match="hf:x may be an aligner, a captioner"):
        try_model("hf:x", settings=settings)
    with pytest.raises(UsageError, match="no role is called 'cook'"):
        try_model("hf:x", "cook", settings)


def test_the_command_says_speed_and_memory():
    done = run("models", "test", "template")
    assert done.output.startswith("template, captioner: A picture of a red square.\n")
    assert " s with its loading, " in done.output


@pytest.mark.parametrize(
    ("name", "role", "answer", "spent"),
    [
        ("openai:m", "chat", does.says("hello"), "240 tokens read"),
        ("openai:m", "vision chat", streams.completes(["hello"]), "24 tokens read"),
        ("openai:m", "captioner", does.says('{"caption": "a red square"}'), "240 tokens read"),
        ("openai:m", "speaker", does.sends(SOUND), "2 requests, 54 letters, 0.0008 USD"),
        ("openai:m", "transcriber", does.sends(b'{"text": "a"}'), "2 requests, 0.0"),
    ],
)  # fmt: skip
def test_a_servers_model_is_tried_within_the_budget(
    name, role, answer, spent, settings, monkeypatch
):
    prices = {"llm_price_in": 10.0, "llm_price_out": 10.0, "hear_price": 0.6, "speak_price": 15.0}
    priced = replace(settings, **prices)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-4711")
    with serving(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        trial = try_model(name, role, priced)
        assert spent in str(trial.spent)
        assert role != "transcriber" or re.fullmatch(r"'a' in \d\.\d s of speech", trial.answer)
        asked = len(server.bodies)
        with pytest.raises(ChatFailed, match="the budget of 1e-05 USD does not reach"):
            try_model(name, role, replace(priced, llm_money=0.00001))
        assert len(server.bodies) == asked == 2


def test_an_embedding_servers_bill_is_shown_of_a_trial(settings, tmp_path):
    with embedding_server(Bill()) as server:
        own = replace(settings, cache=tmp_path)
        assert try_model(f"http:{server.url}#clip", settings=own).spent.rows > 3
