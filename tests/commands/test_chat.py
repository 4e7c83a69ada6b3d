"""`sensorium chat`: turns from the input, and how it ends."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from engine.commands.main import main


@pytest.fixture
def chat(library, indexed):
    def talked(text: str, *arguments: str):
        typed = ["chat", *arguments, "--library", str(library)]
        return CliRunner().invoke(main, typed, prog_name="sensorium", input=text)

    return talked


def test_turns_refer_to_each_other_and_the_end_of_the_input_ends_it(chat):
    done = chat("which picture shows red?\n\nthe first one\nwhat about blue?\n")
    assert (done.exit_code, done.exception) == (0, None)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("0.png shows \u201cred\u201d")
    assert lines[0] in lines[2:]
    assert any(line.startswith("2.png shows \u201cblue\u201d") for line in lines)


def test_a_conversation_is_kept_after_each_turn(chat, tmp_path):
    file = str(tmp_path / "talk.json")
    assert chat("which picture shows red?\n", "--save", file).exit_code == 0
    assert [t["text"] for t in json.loads((tmp_path / "talk.json").read_text())["turns"]] == [
        "which picture shows red?"
    ]
    assert "0.png" in chat("show me\n", "--load", file).stdout


def test_what_cannot_be_asked_ends_no_conversation(chat):
    done = chat("???\nthe second one\nwhich picture shows red?\n")
    assert done.exit_code == 0
    assert done.stderr.startswith("sensorium: the question is empty\n")
    assert "There is no answer so far to refer to.\n" in done.stdout
    assert "0.png shows" in done.stdout


@pytest.mark.parametrize(
    "arguments", [("--load", "/nowhere.json"), ("/nowhere",), ("--save", "/no/such/folder/x")]
)
def test_what_is_wrong_is_told_before_anything_is_asked(chat, arguments):
    done = chat("which picture shows red?\n", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_an_interrupt_ends_it_tidily(chat, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.commands.chat._read_line", interrupted)
    done = chat("")
    assert (done.exit_code, done.stderr) == (130, "\n")
