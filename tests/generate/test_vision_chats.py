"""Chats that see, by vendors' packages, against a server of their wire format."""

from __future__ import annotations

import base64
import time

import pytest

from engine.common.progress import CancelToken
from engine.errors import Cancelled, ChatFailed, UsageError
from engine.generate.chat import ChatImage, ChatMedia, Message, Schema, Text, Usage
from engine.query import model_roles as registry
from engine.testing import chat_server as does
from engine.testing import stream_server as streams
from engine.testing.chat_server import serving

KEY = "sk-not-to-be-shown-4711"
JPEG = b"\xff\xd8jpeg"
LOOK = [
    Message.from_text("system", "be brief"),
    Message("user", (Text("look"), ChatImage(JPEG))),
]
SCHEMA = Schema("s", {"type": "object"})
ENOUGH = 600  # seconds of a call, on a machine that does much besides
HUNG = 60
KINDS = {
    "openai:test-1": streams.completes,
    "responses:test-1": streams.responds,
    "gemini:test-1": streams.generates,
}
each = pytest.mark.parametrize("name", [*KINDS])


@pytest.fixture
def ask(settings, monkeypatch):
    """Return a function that makes a chat with the server that is given."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)

    def made(name, served):
        monkeypatch.setenv("OPENAI_BASE_URL", served.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("GEMINI_BASE_URL", served.url.removesuffix("/v1"))
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        return registry.make("vision chat", name, settings)

    return made


def sent(served):
    return {name.lower(): value for name, value in served.headers[0].items()}


@each
def test_an_answer_comes_in_pieces_with_what_it_cost(name, ask):
    pieces: list[str] = []
    with serving(KINDS[name](["a ", "dog"])) as served:
        reply = ask(name, served).reply(
            LOOK, seconds=ENOUGH, schema=SCHEMA, most_tokens=9, on_text=pieces.append
        )
    assert (reply.text, reply.model, reply.usage) == ("a dog", "test-1", Usage(12, 3))
    assert pieces == ["a ", "dog"]


def test_chat_completions_are_asked_in_their_format(ask):
    with serving(streams.completes(["hi"])) as served:
        ask("openai:test-1", served).reply(LOOK, seconds=ENOUGH, schema=SCHEMA, most_tokens=9)
    body = served.bodies[0]
    assert body["messages"][0] == {"role": "system", "content": "be brief"}
    url = body["messages"][1]["content"][1]["image_url"]["url"]
    assert base64.b64decode(url.partition(",")[2]) == JPEG
    assert (body["stream"], body["max_tokens"]) == (True, 9)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert sent(served)["authorization"] == f"Bearer {KEY}"


def test_responses_are_asked_in_their_format(ask):
    with serving(streams.responds(["hi"])) as served:
        ask("responses:test-1", served).reply(LOOK, seconds=ENOUGH, schema=SCHEMA, most_tokens=9)
    body = served.bodies[0]
    assert body["input"][0] == {
        "role": "system", "content": [{"type": "input_text", "text": "be brief"}],
    }  # fmt: skip
    text, picture = body["input"][1]["content"]
    assert text == {"type": "input_text", "text": "look"}
    assert picture["type"] == "input_image"
    assert base64.b64decode(picture["image_url"].partition(",")[2]) == JPEG
    assert (body["max_output_tokens"], body["store"], body["stream"]) == (9, False, True)
    assert body["text"]["format"]["type"] == "json_schema"


def test_gemini_is_asked_in_its_format(ask):
    clip = Message("user", (Text("watch"), ChatImage(JPEG), ChatMedia(b"mp4", "video/mp4")))
    with serving(streams.generates(["hi"])) as served:
        ask("gemini:test-1", served).reply([LOOK[0], clip], seconds=ENOUGH, schema=SCHEMA)
    body = served.bodies[0]
    assert body["systemInstruction"]["parts"] == [{"text": "be brief"}]
    text, picture, video = body["contents"][0]["parts"]
    assert text == {"text": "watch"}
    assert base64.urlsafe_b64decode(picture["inlineData"]["data"]) == JPEG
    assert "video/mp4" in video["inlineData"].values()
    assert body["generationConfig"]["responseMimeType"] == "application/json"
    assert sent(served)["x-goog-api-key"] == KEY


@each
@pytest.mark.parametrize("slow", [does.hangs, does.drips_headers])
def test_no_call_outlasts_its_time(name, slow, ask):
    with serving(slow) as served:
        began = time.monotonic()
        with pytest.raises(ChatFailed, match=r"did not answer within 0\.2 s|cannot be asked"):
            ask(name, served).reply(LOOK, seconds=0.2)
        assert time.monotonic() - began < HUNG


@each
def test_another_thread_ends_a_call(name, ask):
    cancel = CancelToken()
    cancel.cancel()
    with serving(does.hangs) as served, pytest.raises(Cancelled):
        ask(name, served).reply(LOOK, seconds=ENOUGH, cancel=cancel)


@each
@pytest.mark.parametrize(
    "trouble", [does.refuses(401, f"wrong {KEY}"), does.drops], ids=["401", "drops"]
)
def test_faults_are_told_without_the_key(name, trouble, ask):
    with serving(trouble) as served:
        made = ask(name, served)
        with pytest.raises(ChatFailed, match=r"answered 401|cannot be asked") as caught:
            made.reply(LOOK, seconds=ENOUGH)
    assert KEY not in f"{made!r} {caught.value!r}"


@each
def test_no_text_is_no_answer(name, ask):
    with serving(KINDS[name]([])) as served, pytest.raises(ChatFailed, match="without a text"):
        ask(name, served).reply(LOOK, seconds=ENOUGH)


@pytest.mark.parametrize(
    ("name", "behaviour"),
    [
        ("openai:m", streams.completes(["half"], ends=False)),
        ("responses:m", streams.responds(["half"], fails=True)),
        ("gemini:m", streams.generates(["half"], ends=False)),
    ],
    ids=["openai", "responses", "gemini"],
)
def test_what_breaks_in_the_middle_is_no_answer(name, behaviour, ask):
    with serving(behaviour) as served, pytest.raises(ChatFailed, match=r"broke off|failed while"):
        ask(name, served).reply(LOOK, seconds=ENOUGH)


def test_video_is_for_those_that_take_it(ask):
    clip = [Message("user", (ChatMedia(b"x" * (20 * 2**20), "video/mp4"),))]
    with serving(streams.completes(["hi"])) as served:
        with pytest.raises(ChatFailed, match="pictures and words alone"):
            ask("openai:test-1", served).reply(clip, seconds=ENOUGH)
        with pytest.raises(ChatFailed, match="Gemini takes 19 MiB"):
            ask("gemini:test-1", served).reply(clip, seconds=ENOUGH)
    assert not served.bodies


def test_without_a_key_the_variable_is_named(settings, monkeypatch):
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="set GEMINI_API_KEY"):
        registry.make("vision chat", "gemini:x", settings)
    with pytest.raises(UsageError, match="set OPENAI_API_KEY"):
        registry.make("vision chat", "responses:x", settings)
