"""Questions by the Responses API of OpenAI's own client, unmodified."""

from __future__ import annotations

import base64

import openai
import pytest

from tests.server.conftest import SAID

DOCTOR = "What did the doctor say?"


@pytest.fixture
def client(talked):
    with openai.OpenAI(base_url=f"{talked.url}/v1", api_key="none", max_retries=0) as made:
        yield made


def test_an_answer_has_its_citations_as_annotations(client, talked):
    answer = client.responses.create(model="any-name", input=DOCTOR)
    assert SAID["visit"].strip(".") in answer.output_text and answer.status == "completed"
    (cited,) = answer.output[0].content[0].annotations
    assert answer.output_text[cited.start_index : cited.end_index] == "[1]"
    assert cited.title == f"{talked.media / 'visit.mp4'} at 0:00"
    assert (answer.model, answer.store, answer.usage.input_tokens) == ("extractive", False, 6)


def test_a_stream_has_typed_events_that_make_the_same_response(client):
    whole = client.responses.create(input=DOCTOR)
    with client.responses.stream(model="any-name", input=DOCTOR) as stream:
        events = [*stream]
        last = stream.get_final_response()
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created", "response.in_progress", "response.output_item.added",
        "response.content_part.added",
    ]  # fmt: skip
    assert kinds[-5:] == [
        "response.output_text.annotation.added", "response.output_text.done",
        "response.content_part.done", "response.output_item.done", "response.completed",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == [*range(len(events))]
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) >= 2 and "".join(deltas) == whole.output_text == last.output_text
    assert last.output[0].content[0].annotations == whole.output[0].content[0].annotations
    assert last.usage == whole.usage


def test_a_picture_is_described_and_earlier_turns_are_meant(client, talked):
    data = base64.b64encode((talked.media / "1-green.png").read_bytes()).decode()
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{data}"}
    told = client.responses.create(
        model="any",
        input=[{"role": "user", "content": [{"type": "input_text", "text": "?"}, picture]}],
    )
    assert "1-green.png is similar" in told.output_text
    turns = [
        {"role": "user", "content": "Which picture shows red?"},
        *client.responses.create(input="Which picture shows red?").output,
        {"role": "user", "content": [{"type": "input_text", "text": "the second one"}]},
    ]
    (cited,) = client.responses.create(input=turns).output[0].content[0].annotations
    assert cited.title.endswith("3-red.png")


def test_an_answer_that_is_cut_is_incomplete(client):
    answer = client.responses.create(input=DOCTOR, max_output_tokens=3)
    assert (answer.status, answer.output_text) == ("incomplete", "visit.mp4")
    assert answer.incomplete_details.reason == "max_output_tokens"
    with client.responses.stream(input=DOCTOR, model="x", max_output_tokens=3) as stream:
        assert [event.type for event in stream][-1] == "response.incomplete"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"background": True}, "background"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"text": {"format": {"type": "json_object"}}}, "text.format"),
        ({"include": ["message.output_text.logprobs"]}, "include"),
        ({"input": 7}, "input"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input[0].content[0]"),
    ],
)
def test_what_cannot_be_had_is_refused_by_its_name(talked, more, param):
    answer = talked.http.post("/v1/responses", json={"input": DOCTOR, **more})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
