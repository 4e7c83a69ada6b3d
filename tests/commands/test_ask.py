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
    assert done.code == 1
    assert done.out.startswith("Not in this library.\nWhat comes nearest:\n- /")
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


def test_sentences_are_printed_as_they_come(run, indexed):
    done = run("ask", "--stream", "which picture shows red?")
    assert (done.code, done.out) == (0, run("ask", "which picture shows red?").out)
    absent = run("ask", "--stream", "where are the keys?").out
    assert absent == run("ask", "where are the keys?").out
    assert absent.startswith("Not in this library.\nWhat comes nearest:\n- /")
    assert run("ask", "--stream", "--json", "which picture shows red?").code == 2


def test_an_answer_is_spoken(run, indexed, tmp_path, monkeypatch):
    import stat

    import numpy as np

    from engine.generate.speaker import Speech

    spoken = []

    class Voice:
        name, voices = "voice", ("only",)

        def check(self):
            pass

        def stream(self, text, *, voice=None, speed=1.0):
            spoken.append(text)
            yield Speech(np.zeros(160, np.float32), 16_000)

    monkeypatch.setattr("engine.query.model_roles.make", lambda *_: Voice())
    file = tmp_path / "answer.wav"
    done = run("ask", "which picture shows red?", "--speak-to", file)
    assert done.code == 0
    assert file.read_bytes().startswith(b"RIFF")
    assert "[1]" not in spoken[0]
    assert "0.png shows" in spoken[0]
    # Aloud, by the first player that is there.
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no program to play sound" in run("ask", "which picture shows red?", "--speak").err
    player = tmp_path / "aplay"
    player.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/played\n')
    player.chmod(player.stat().st_mode | stat.S_IXUSR)
    # Without a sound device some players end at once, without an error.
    monkeypatch.setattr("engine.speaking._PLAYED", 1e6)
    done = run("ask", "which picture shows red?", "--speak")
    assert done.code == 2 and "aplay could not play it; is there a sound device?" in done.err
    monkeypatch.setattr("engine.speaking._PLAYED", 0.0)
    assert run("ask", "which picture shows red?", "--speak").code == 0
    assert (tmp_path / "played").read_text().startswith("-q ")


def test_a_model_of_no_adapter_is_a_line(run, indexed):
    done = run("ask", "--model", "nosuch:x", "which picture shows red?")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "no chat is called 'nosuch:x'; there is local:NAME and openai:MODEL" in done.err


def test_a_file_that_is_not_there_is_told_before_the_model(run, indexed):
    for library in ((), ("--library", "/no/library")):
        done = run("describe", "/missing.jpg", *library)
        assert (done.code, len(done.err.splitlines())) == (2, 1)
        assert "/missing.jpg" in done.err
