"""What is asked of given files alone needs no library, and leaves none behind."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from engine.commands.main import main
from engine.testing import chat_server as does
from engine.testing.chat_server import serving
from tests import media_files as make


@pytest.fixture(autouse=True)
def newcomer(tmp_path, monkeypatch, settings):
    """A person with a picture and a sound, and no library where one would be looked for."""
    monkeypatch.delenv("SENSORIUM_LIBRARY", raising=False)
    for name, value in {
        "XDG_DATA_HOME": tmp_path / "data", "SENSORIUM_SPEECH": "0", "SENSORIUM_OCR": "0",
        "SENSORIUM_CACHE": settings.cache, "OPENAI_API_KEY": "sk-4711",
        "SENSORIUM_LLM_MODEL": "test-1", "NO_PROXY": "*",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr("engine.encoders.registry.default_encoder", lambda: "fake")
    monkeypatch.chdir(tmp_path)
    make.picture(tmp_path / "red.png", "red")
    make.sound(tmp_path / "deep.wav", (200, 2.0))


@pytest.mark.parametrize(
    ("asked", "answer", "printed"),
    [
        (
            ["transcribe", "deep.wav", "--transcriber", "openai:whisper-1"],
            does.sends(json.dumps({"text": "Good evening."}).encode()),
            "Good evening.",
        ),
        (["describe", "red.png"], does.says("A red square."), "A red square."),
        (["rerank", "red", "red.png", "blue"], does.says("1"), "red.png"),
    ],
)
def test_a_file_is_all_that_is_needed(asked, answer, printed, tmp_path, monkeypatch):
    with serving(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    assert printed in done.stdout
    assert {each.name for each in tmp_path.iterdir()} == {"red.png", "deep.wav"}


def test_a_library_that_is_named_has_to_be_there():
    done = CliRunner().invoke(main, ["rerank", "red", "red.png", "--library", "photos.library"])
    assert done.exit_code == 2
    assert "there is no library at" in done.stderr
