"""What a model writes, hears or judges is on stdout, where a pipe or a file takes it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from engine.commands.main import main
from engine.generate.speaker import Speech
from engine.query.rerank.gains import ModalityGain, RerankEvaluation
from engine.testing import chat_server as does
from engine.testing.chat_server import serving
from tests import media_files as make

HEARD = {
    "text": "Good evening. Go on.",
    "segments": [
        {"start": 0.0, "end": 1.0, "text": "Good evening."},
        {"start": 1.0, "end": 2.0, "text": "Go on."},
    ],
}


@pytest.fixture
def run(tmp_path, monkeypatch, settings):
    """Return a function that runs a command in a folder with a picture and a sound."""
    for name, value in {
        "LIBRARY": str(tmp_path / "library"), "SPEECH": "0", "OCR": "0",
        "CACHE": str(settings.cache), "LLM_MODEL": "test-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"SENSORIUM_{name}", value)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-4711")
    monkeypatch.chdir(tmp_path)
    make.picture(tmp_path / "red.png", "red")
    make.sound(tmp_path / "deep.wav", (200, 2.0))
    assert CliRunner().invoke(main, ["index", "red.png", "--encoder", "fake"]).exit_code == 0

    def run(*args, answer):
        with serving(answer) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
            done = CliRunner().invoke(main, args)
        assert done.exit_code == 0, done.output
        return done

    return run


@pytest.mark.parametrize(
    ("form", "first", "last"),
    [("--format=text", "Good evening.", "Go on."), ("--srt", "1", "Go on."),
     ("--vtt", "WEBVTT", "Go on.")],
)  # fmt: skip
def test_a_transcript_is_a_file_and_its_cost_is_beside_it(run, form, first, last, monkeypatch):
    monkeypatch.setenv("SENSORIUM_HEAR_PRICE", "0.006")
    asked = ("transcribe", "deep.wav", form, "--transcriber", "openai:whisper-1")
    done = run(*asked, answer=does.sends(json.dumps(HEARD).encode()))
    lines = [line for line in done.stdout.splitlines() if line]
    assert (lines[0], lines[-1]) == (first, last)
    assert "1 request, 0.03 minutes, 0.0002 USD" in done.stderr
    assert "USD" not in done.stdout


def test_a_transcript_of_nothing_says_so(run):
    asked = ("transcribe", "deep.wav", "--transcriber", "openai:whisper-1")
    done = run(*asked, answer=does.sends(b'{"text": ""}'))
    assert done.stdout == ""
    assert "nothing is said in it" in done.stderr


def test_documents_in_json_have_their_cost(run, monkeypatch):
    monkeypatch.setenv("SENSORIUM_SPEAK_PRICE", "15")
    sound = does.sends(Speech(np.zeros(800, np.float32), 8_000).to_wav())
    asked = ("speak", "One. Two.", "--out", "x.wav", "--speaker", "openai:tts-1")
    done = run(*asked, "--json", answer=sound)
    spent = json.loads(done.stdout)["spent"]
    assert (spent["letters"], spent["requests"]) == (8, 2)
    assert spent["money"] == pytest.approx(8 * 15 / 1e6)
    assert "2 requests, 8 letters, 0.0001 USD" in run(*asked, answer=sound).stderr


def test_what_a_model_answers_about_a_file_is_on_stdout(run):
    done = run("describe", "red.png", "what is it?", answer=does.says("A red square.\nNo more."))
    assert done.stdout == "A red square.\nNo more.\n"
    assert "120 tokens read" in done.stderr


def test_documents_in_order_are_on_stdout(run):
    done = run("rerank", "red", "a red thing", "red.png", answer=does.says(""))
    assert sorted(line.split("%  ")[1] for line in done.stdout.splitlines()) == [
        "a red thing", "red.png",
    ]  # fmt: skip


def test_what_was_measured_of_a_reranker_is_on_stdout(run, monkeypatch, tmp_path):
    from engine import Library

    gain = ModalityGain(9, 0.2, 0.9, 0.01, weight=0.5, middle=1.0)
    found = RerankEvaluation("vl:x", "1", {"image": gain})
    monkeypatch.setattr(Library, "evaluate_rerank", lambda *_, **__: found)
    (tmp_path / "judged.csv").write_text("query,path\nred,red.png\n")
    done = run("evaluate-rerank", "judged.csv", "vl:x", answer=does.says(""))
    assert done.stdout.startswith("image: MRR 0.200 -> 0.900")
