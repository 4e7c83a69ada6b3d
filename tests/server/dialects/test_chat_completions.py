"""Questions by OpenAI's own client, unmodified: whole, streamed, with pictures and sounds."""

from __future__ import annotations

import base64
from ipaddress import ip_address

import openai
import pytest

from engine.assistant.answer import NOT_HERE
from engine.media import fetch
from engine.testing import form_server  # noqa: F401
from tests.server.conftest import SAID

DOCTOR = "What did the doctor say?"


@pytest.fixture
def client(talked):
    with openai.OpenAI(base_url=f"{talked.url}/v1", api_key="none", max_retries=0) as made:
        yield made


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

    assert told(max_tokens=3) == ("visit.mp", "length")
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
    assert "0-red.png is similar" in text and "3-red.png is similar" in text
    assert "green" not in text and "no model that sees is set up" in text
    assert {a.url_citation.title for a in response.choices[0].message.annotations} >= {
        str(picture)
    }
