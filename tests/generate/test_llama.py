"""Chats with a model file in llama.cpp: SmolLM2, which the tests have; Qwen where it was pulled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.common.progress import CancelToken
from engine.errors import Cancelled, ChatFailed, EncoderUnavailable, ExtraMissing, UsageError
from engine.generate import llama_server
from engine.generate.chat import Message, Schema
from engine.generate.chats import make_chat
from engine.generate.gguf_files import QWEN
from engine.generate.llama import LlamaChat

pytest.importorskip("xllamacpp")
ENOUGH = 600  # seconds, of a machine that does much besides
HELLO = [Message.from_text("user", "Name three colours.")]
COLOURS = Schema(
    "colours",
    {
        "type": "object",
        "properties": {
            "colours": {"type": "array", "items": {"enum": ["red", "green"]}, "maxItems": 2}
        },
        "required": ["colours"],
        "additionalProperties": False,
    },
)
LONG = [Message.from_text("user", " ".join(map(str, range(700))))]


@pytest.fixture(scope="module")
def chat(settings):
    made = LlamaChat("local:smollm2", replace(settings, threads=1))
    yield made
    made.close()


def test_an_answer_comes_in_pieces_with_what_it_cost(chat):
    pieces: list[str] = []
    reply = chat.reply(HELLO, seconds=ENOUGH, most_tokens=6, on_text=pieces.append)
    assert len(pieces) > 2
    assert "".join(pieces) == reply.text
    assert reply.model == "SmolLM2-135M-Instruct Q4_1"
    assert reply.usage.answered == 6
    assert 10 < reply.usage.asked < 60


def test_the_same_question_gets_the_same_answer(chat):
    first, second = (chat.reply(HELLO, seconds=ENOUGH, most_tokens=8).text for _ in range(2))
    assert first == second


def test_a_schema_is_kept_while_it_writes(chat):
    reply = chat.reply(HELLO, seconds=ENOUGH, most_tokens=40, schema=COLOURS)
    assert set(json.loads(reply.text)["colours"]) <= {"red", "green"}


def test_the_time_ends_a_call_while_the_prompt_is_read(chat):
    chat.reply(HELLO, seconds=ENOUGH, most_tokens=1)
    with pytest.raises(ChatFailed, match=r"did not answer within 0\.2 s"):
        chat.reply(LONG, seconds=0.2)
    assert chat.reply(HELLO, seconds=ENOUGH, most_tokens=1).usage.answered == 1


def test_another_thread_ends_a_call(chat):
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        chat.reply(HELLO, seconds=ENOUGH, most_tokens=500, on_text=lambda _: cancel.cancel(),
                   cancel=cancel)  # fmt: skip


def test_a_question_that_does_not_fit_is_refused(chat):
    with pytest.raises(ChatFailed, match="exceeds the available context size"):
        chat.reply([Message.from_text("user", "word " * 9_000)], seconds=ENOUGH)


def test_a_process_that_was_killed_is_started_anew(chat):
    chat.reply(HELLO, seconds=ENOUGH, most_tokens=1)
    before = chat.server.pid
    with pytest.raises(ChatFailed, match="process ended"):
        chat.reply(HELLO, seconds=ENOUGH, most_tokens=500, on_text=lambda _: os.kill(before, 9))
    assert chat.reply(HELLO, seconds=ENOUGH, most_tokens=1).usage.answered == 1
    assert chat.server.pid != before


def test_signals_stay_those_of_this_process_and_no_port_is_open(chat):
    code = (
        "import signal, sys\n"
        "from engine.config import Settings\n"
        "from engine.generate.llama import LlamaChat\n"
        "from engine.generate.chat import Message\n"
        "before = signal.getsignal(signal.SIGINT)\n"
        "chat = LlamaChat('local:smollm2', Settings(threads=1))\n"
        "chat.reply([Message.from_text('user', 'hi')], seconds=600, most_tokens=1)\n"
        "assert signal.getsignal(signal.SIGINT) is before\n"
        "assert 'xllamacpp' not in sys.modules\n"
        "folder = chat.server._folder\n"
        "assert folder.stat().st_mode & 0o077 == 0\n"
        "print(chat.server.pid, folder)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    pid, folder = done.stdout.split()
    assert not Path(folder).exists()
    assert not Path(f"/proc/{pid}").exists()


def test_what_is_no_model_is_said_to_be_none(tmp_path, settings):
    text, broken = tmp_path / "a.gguf", tmp_path / "b.gguf"
    text.write_text("hello")
    broken.write_bytes(b"GGUF\x03\0\0\0" + bytes(64))
    with pytest.raises(UsageError, match=r"a\.gguf is no GGUF file"):
        make_chat(f"local:{text}", settings)
    with pytest.raises(UsageError, match=r"none\.gguf"):
        make_chat(f"local:{tmp_path / 'none.gguf'}", settings)
    with pytest.raises(UsageError, match="no local model is called 'llama'; there is local:qwen"):
        make_chat("local:llama", settings)
    with pytest.raises(ChatFailed, match="b cannot be loaded"):
        make_chat(f"local:{broken}", settings).reply(HELLO, seconds=ENOUGH)


def test_without_the_package_the_extra_is_named(monkeypatch, settings):
    monkeypatch.setattr(llama_server, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match=r"sensorium\[local-chat\]"):
        make_chat("local:smollm2", settings)


def test_a_model_that_was_not_pulled_says_how(tmp_path, settings):
    with pytest.raises(EncoderUnavailable, match=r"models pull local:qwen.*1\.1 GB, Apache-2\.0"):
        make_chat("local:qwen", replace(settings, cache=tmp_path))


def test_qwen_answers_where_it_was_pulled():
    from engine.config import Settings

    pulled = Settings()
    if not QWEN.path(pulled).is_file():
        pytest.skip("local:qwen was not pulled")
    made = LlamaChat("local:qwen", pulled)
    reply = made.reply(
        [Message.from_text("user", "What is the capital of France? One word.")],
        seconds=ENOUGH, most_tokens=8,
    )  # fmt: skip
    made.close()
    assert "Paris" in reply.text
