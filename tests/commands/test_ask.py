"""`sensorium ask`: what is printed, and how it ends."""

from __future__ import annotations

import json

import pytest

from engine.testing import chat_server as does
from engine.testing.chat_server import serving


def test_an_answer_is_sentences_and_a_line_for_each_moment(run, indexed):
    done = run("ask", "which picture shows red?")
    assert done.code == 0
    sentences, *sources = done.out.splitlines()
    assert "shows \u201cred\u201d" in sentences
    assert all(f"[{number}]" in sentences for number in range(1, len(sources) + 1))
    assert sources[0].startswith("[1] /")


def test_what_is_not_here_ends_with_one(run, indexed):
    done = run("ask", "where are the keys of the cellar?")
    assert (done.code, done.out) == (1, "Not in this library.\n")
    document = json.loads(run("ask", "--json", "where are the keys?").out)
    assert (document["found"], document["citations"]) == (False, [])


def test_an_explanation_follows_the_answer(run, indexed):
    lines = run("ask", "--explain", "how many pictures show red?").out.splitlines()
    assert "wanted: count, about \u201cred\u201d" in lines
    assert "answered by: extractive" in lines


@pytest.mark.parametrize("arguments", [["?"], ["what", "--where", "colour ="]])
def test_what_cannot_be_asked_is_a_line(run, indexed, arguments):
    done = run("ask", *arguments)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1


def test_a_model_that_is_down_costs_a_line(run, indexed, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with serving(does.refuses(400, "gone")) as served:
        monkeypatch.setenv("OPENAI_BASE_URL", served.url)
        done = run("ask", "--model", "test-1", "what is said about tea?")
    assert done.code == 1
    assert done.err.startswith("searched by rules alone: ")
