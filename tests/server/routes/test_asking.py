"""Questions by the native route: whole and streamed, of several libraries, about one file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.assistant.answer import NOT_HERE
from engine.server.access.tokens import BearerToken
from engine.server.options import ServerOptions
from tests.server.conftest import SAID, serving

DOCTOR = "What did the doctor say?"


def ask(served, question, **more) -> dict:
    answer = served.http.post("/api/ask", json={"question": question, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def events(served, question, **more) -> list[tuple[str, dict]]:
    answer = served.http.post("/api/ask", json={"question": question, "stream": True, **more})
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
    found = []
    for block in answer.text.strip().split("\n\n"):
        name, data = block.splitlines()
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_sentences_cite_moments_that_the_page_opens(talked):
    answer = ask(talked, DOCTOR)
    (sentence,) = answer["sentences"]
    assert SAID["visit"].strip(".") in sentence["text"] and sentence["cites"] == [1]
    (cited,) = answer["citations"]
    assert Path(cited["path"]).name == "visit.mp4" and (cited["start"], cited["end"]) == (0.5, 0.9)
    assert cited["url"] == f"/?open={cited['moment_id']}%40talk"
    assert talked.http.get(cited["thumbnail"]).status_code == 200
    assert (answer["found"], answer["model"]) == (True, "extractive")
    assert "records" not in answer


def test_a_stream_tells_each_sentence_and_then_all(talked):
    whole = ask(talked, "Which picture shows red?")
    told = events(talked, "Which picture shows red?")
    assert [name for name, _ in told] == ["sentence"] * len(whole["sentences"]) + ["end"]
    assert told[-1][1] == whole
    assert [each["text"] for _, each in told[:-1]] == [s["text"] for s in whole["sentences"]]
    new = [cited for _, each in told[:-1] for cited in each["citations"]]
    assert new == whole["citations"]


def test_what_is_not_here_is_said_so(talked):
    for answer in (ask(talked, "Who is the lawyer?"), events(talked, "Who is the lawyer?")[-1][1]):
        assert (answer["found"], answer["text"], answer["citations"]) == (False, NOT_HERE, [])


def test_the_record_is_told_where_it_is_asked_for(talked):
    answer = ask(talked, DOCTOR, explain=True)
    assert answer["records"]["talk"]["searches"][0]["query"]
    assert "cited [1]" in answer["explained"]["talk"]


def test_a_question_about_one_file_hears_of_no_other(talked):
    (trip,) = (
        each["asset_id"] for each in talked.http.get("/api/assets").json()["assets"]
        if each["path"].endswith("trip.mp4")
    )  # fmt: skip
    about = {"asset": trip, "library": "talk"}
    assert not ask(talked, DOCTOR, about=about)["found"]
    answer = ask(talked, "Who swam in the sea?", about=about)
    assert {Path(c["path"]).name for c in answer["citations"]} == {"trip.mp4"}
    gone = talked.http.post(
        "/api/ask", json={"question": "x", "about": {"asset": 999, "library": "talk"}}
    )
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "asset_not_found")


def test_earlier_questions_are_what_a_later_one_means(talked):
    first = "Which picture shows red?"
    cited = [each["path"] for each in ask(talked, first)["citations"]]
    answer = ask(talked, "the second one", earlier=[first])
    assert [each["path"] for each in answer["citations"]] == cited[1:2]
    assert ask(talked, "the first one", earlier=[first, "the second one"])["found"]


def test_several_libraries_answer_in_turn(talking, made, settings):
    libraries = [talking[1], made[1]]
    with serving(libraries, settings, made[0], ServerOptions(port=0)) as both:
        answer = ask(both, "Which picture shows red?")
        assert [each["library"] for each in answer["citations"]] == ["talk", "talk", "photos"]
        assert [each["number"] for each in answer["citations"]] == [1, 2, 3]
        assert "In talk: " in answer["text"] and "In photos: " in answer["text"]
        one = ask(both, "Which picture shows red?", libraries=["photos"])
        assert len(one["citations"]) == 1 and "In photos" not in one["text"]


def test_moments_of_one_number_in_two_libraries_are_two(talking, settings, tmp_path):
    again = shutil.copytree(talking[1], tmp_path / "again")
    with serving([talking[1], again], settings, talking[0], ServerOptions(port=0)) as both:
        answer = ask(both, "Which picture shows red?")
        assert [each["number"] for each in answer["citations"]] == [1, 2, 3, 4]


@pytest.mark.parametrize("stream", [False, True])
def test_a_mistake_has_its_status_streamed_or_not(talked, stream):
    for body, status, code in (
        ({"question": "?"}, 400, "usage_error"),
        ({"question": "x", "where": ["colour = red"]}, 400, "query_syntax"),
        ({"question": "x", "libraries": ["none"]}, 404, "library_not_found"),
        ({"question": "x", "model": "openai:gpt"}, 400, "invalid_request"),
    ):
        answer = talked.http.post("/api/ask", json={**body, "stream": stream})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_token_is_needed_where_there_are_tokens(talking, settings):
    options = ServerOptions(port=0, tokens=(BearerToken.make("s" * 32),))
    with serving([talking[1]], settings, talking[0], options) as locked:
        for path in ("/api/ask", "/v1/chat/completions", "/v1/responses", "/v1/audio/speech"):
            assert locked.http.post(path, json={}).status_code == 401
