"""Questions by OpenAI's own client, unmodified: whole, streamed, with pictures and sounds."""

from __future__ import annotations

import base64
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import openai
import pytest

from engine.assistant.answer import NOT_HERE
from engine.encoders.protocols import Sentence
from engine.library.facade import Library
from engine.media import fetch
from engine.query.transcription import Transcription
from engine.server.dialects.chat_inputs import read_messages
from tests.server.conftest import SAID

DOCTOR = "What did the doctor say?"


@pytest.fixture
def client(talked):
    with openai.OpenAI(base_url=f"{talked.url}/v1", api_key="none", max_retries=0) as made:
        yield made


@pytest.fixture
def picture_server():
    """Serve a file on loopback, which is no address that is fetched from."""
    served: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(served[-1])

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    def serve(file: Path) -> str:
        served.append(file.read_bytes())
        return f"http://127.0.0.1:{server.server_address[1]}/picture.png"

    yield serve
    server.shutdown()
    server.server_close()
    thread.join()


def ask(client, content, **more):
    messages = [{"role": "user", "content": content}]
    return client.chat.completions.create(model="any-name", messages=messages, **more)


def test_an_answer_cites_moments_as_text_and_as_annotations(client, talked):
    answer = ask(client, DOCTOR)
    (choice,) = answer.choices
    text = choice.message.content
    assert SAID["visit"].strip(".") in text and choice.finish_reason == "stop"
    assert f"[1] {talked.media / 'visit.mp4'} at 0:00" in text.splitlines()
    (cited,) = choice.message.annotations
    place = cited.url_citation
    assert text[place.start_index : place.end_index] == "[1]"
    assert place.title == f"{talked.media / 'visit.mp4'} at 0:00"
    # The address is that of the page, which opens on it.
    page = talked.http.get(place.url, headers={"Accept": "text/html"})
    assert page.status_code == 200 and place.url.startswith(f"{talked.url}/?open=")
    assert answer.model == "extractive"
    assert answer.usage.completion_tokens > 5 and answer.usage.prompt_tokens == 6


def test_a_stream_has_the_same_text_annotations_and_usage(client):
    whole = ask(client, DOCTOR)
    chunks = [*ask(client, DOCTOR, stream=True, stream_options={"include_usage": True})]
    told = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert told[0].delta.role == "assistant"
    text = "".join(each.delta.content or "" for each in told)
    assert text == whole.choices[0].message.content
    cites = [e.delta.model_extra["annotations"] for e in told if e.delta.model_extra]
    assert cites == [[each.model_dump() for each in whole.choices[0].message.annotations]]
    assert told[-1].finish_reason == "stop" and chunks[-1].usage == whole.usage
    assert len({chunk.id for chunk in chunks}) == 1


def test_what_is_not_in_the_library_is_said_so(client):
    answer = ask(client, "What did the lawyer say about the contract?")
    assert answer.choices[0].message.content.startswith(NOT_HERE)
    assert answer.choices[0].message.annotations == []


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_ends_where_its_caller_wants(client, stream):
    def told(**limits):
        answer = ask(client, DOCTOR, stream=stream, **limits)
        if not stream:
            return answer.choices[0].message.content, answer.choices[0].finish_reason
        choices = [chunk.choices[0] for chunk in answer]
        return "".join(c.delta.content or "" for c in choices), choices[-1].finish_reason

    assert told(max_tokens=3) == ("visit.mp4", "length")
    assert told(max_completion_tokens=1) == ("visit", "length")
    text, reason = told(stop=["two tablets", "never said"])
    assert (text.endswith("The doctor said "), reason) == (True, "stop")


def test_the_guides_own_example_describes_a_picture(client, talked, monkeypatch):
    picture = talked.media / "0-red.png"
    data = "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()
    response = client.chat.completions.create(
        model="gpt-4-vision-preview",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "描述这张图片"},
                    {"type": "image_url", "image_url": {"url": data}},
                ],
            }
        ],
        max_tokens=300,
    )
    text = response.choices[0].message.content
    assert "0-red.png 与此相似" in text and "3-red.png 与此相似" in text
    assert "green" not in text and "no model that sees is set up" in text
    assert {a.url_citation.title for a in response.choices[0].message.annotations} >= {str(picture)}


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


@pytest.mark.parametrize(
    ("turns", "meant"),
    [
        (["which of my videos show it?"], True),
        (["What colour is the picture?", "and where was it taken?"], True),
        (["Which picture shows a dog?", "when was it taken?"], False),
        (["Which picture shows a dog?", "what is in the photo that I sent?"], True),
        (["Which picture shows a dog?"], False),
        (["\u5b83\u662f\u4ec0\u4e48\u989c\u8272\uff1f"], True),
        (["Was ist auf diesem Bild zu sehen?"], True),
    ],
)
def test_a_later_question_may_mean_the_picture_of_an_earlier_one(turns, meant):
    first = [{"type": "text", "text": "Describe this."}, PICTURE]
    reply = [{"role": "assistant", "content": "It is red."}]
    messages = [{"role": "user", "content": first}]
    for text in turns:
        messages += [*reply, {"role": "user", "content": text}]
    read = read_messages(messages, "messages")
    assert bool(read.files) == meant and read.text == turns[-1]


def test_a_picture_by_url_is_fetched_by_the_rules(client, talked, monkeypatch, picture_server):
    def describe(url):
        part = {"type": "image_url", "image_url": {"url": url}}
        return ask(client, [{"type": "text", "text": "描述这张图片"}, part])

    url = picture_server(talked.media / "2-blue.png")
    with pytest.raises(openai.BadRequestError, match="not on the public internet"):
        describe(url)
    here = partial(fetch.fetched, allow=lambda address: address == ip_address("127.0.0.1"))
    monkeypatch.setattr(fetch, "fetched", here)
    assert "2-blue.png 与此相似" in describe(url).choices[0].message.content


def test_a_sound_without_words_is_the_question(client, talked, monkeypatch):
    heard = []

    def transcribe(_, content, **__):
        heard.append(content)
        sentence = Sentence(0.0, 1.0, DOCTOR)
        return Transcription((sentence,), 1.0)

    monkeypatch.setattr(Library, "transcribe", transcribe)
    sound = base64.b64encode(b"RIFF").decode()
    answer = ask(client, [{"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}}])
    assert heard == [b"RIFF"]
    assert SAID["visit"].strip(".") in answer.choices[0].message.content


def test_a_later_question_means_what_was_answered_before(client):
    first = "Which picture shows red?"
    answer = ask(client, first).choices[0].message
    titles = [each.url_citation.title for each in answer.annotations]
    assert len(titles) == 2
    for kept in (True, False):  # what was answered is known by its questions, or made again
        extra = {"where": [] if kept else ["size > 0"]}
        later = client.chat.completions.create(
            model="any",
            messages=[
                {"role": "system", "content": "You are a pirate."},
                {"role": "user", "content": first},
                {"role": "assistant", "content": answer.content},
                {"role": "user", "content": "show me the second one"},
            ],
            extra_body=extra,
        )
        (cited,) = later.choices[0].message.annotations
        assert cited.url_citation.title == titles[1]


REFUSED = {
    "n": ({"n": 2}, "n"),
    "tool": ({"tools": [{"type": "function"}], "tool_choice": "required"}, "tool_choice"),
    "json": ({"response_format": {"type": "json_object"}}, "response_format"),
    "audio": ({"modalities": ["text", "audio"]}, "modalities"),
    "logprobs": ({"logprobs": True}, "logprobs"),
    "stop": ({"stop": ["a"] * 5}, "stop"),
    "tokens": ({"max_tokens": 0}, "max_tokens"),
    "messages": ({"messages": []}, "messages"),
    "assistant": ({"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
    "part": ({"messages": [{"role": "user", "content": [{"type": "file"}]}]}, "messages[0]"),
    "url": (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
        "messages[0].content[0]",
    ),
    "library": ({"libraries": "home"}, "libraries"),
    "role": ({"messages": [{"role": "pirate", "content": "x"}]}, "messages[0]"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_had_is_refused_by_its_name(talked, name):
    more, param = REFUSED[name]
    body = {"messages": [{"role": "user", "content": DOCTOR}], **more}
    answer = talked.http.post("/v1/chat/completions", json=body)
    error = answer.json()["error"]
    assert answer.status_code == 400 and error["param"].startswith(param), error


def test_tools_that_need_not_be_called_are_not(client):
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    answer = ask(client, DOCTOR, tools=tools, tool_choice="auto", temperature=0.2, seed=7)
    assert answer.choices[0].message.tool_calls is None


def test_a_picture_that_is_none_is_named_by_its_place(talked):
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    for stream in (False, True):
        body = {"messages": [{"role": "user", "content": [part]}], "stream": stream}
        answer = talked.http.post("/v1/chat/completions", json=body)
        assert answer.status_code == 415, answer.text
        assert answer.json()["error"]["param"] == "messages[0].content[0]"
