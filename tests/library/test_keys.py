"""Keys of servers are in no library, no cache, no export, no message and no log."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from engine import Library
from engine.encoders.http import client as clients
from engine.errors import ChatFailed
from engine.generate.speaker import Speech
from engine.speaking import speak
from engine.testing import chat_server as does
from engine.testing.chat_server import Handler, serving
from engine.testing.embedding_server import Bill, embedding_server
from tests import media_files as make

pytestmark = pytest.mark.slow

KEYS = {clients.KEY: "embed-secret-4711", "OPENAI_API_KEY": "chat-secret-4711"}


def every_role(handler: Handler, body: dict) -> None:
    """Answer as any server of OpenAI's: with a sound, a transcript, or a chat's JSON."""
    if handler.path.endswith("/speech"):
        handler.send(200, Speech(np.zeros(800, np.float32), 8_000).to_wav())
    elif handler.path.endswith("/transcriptions"):
        handler.send(200, b'{"text": "good evening"}')
    else:
        asked = json.dumps(body.get("response_format", ""))
        answer = {"caption": "a red house"} if "caption" in asked else {"ranking": [2, 1]}
        handler.send(200, does.completion(json.dumps(answer)))


def used(library: Library, media: Path, folder: Path) -> list[str]:
    """Use a library in every role, and return what it printed or refused."""
    captions = library.caption(captioner="openai:sees-1", apply=True)
    assert (captions.applied, captions.spent.questions, captions.spent.asked) == (2, 2, 240)
    shown: list[object] = [captions]
    shown += [library.search("red", rerank="llm"), library.ask_file(media / "red.png", "what?")]
    shown += [library.transcribe(media / "deep.wav", transcriber="openai:whisper-1")]
    speak("hello", folder / "said.wav", speaker="openai:tts-1", settings=library.settings)
    library.export(folder / "out", "jsonl", vectors=True)
    return [repr(each) for each in shown]


def test_keys_are_kept_nowhere_after_every_role_was_used(settings, tmp_path, monkeypatch, caplog):
    caplog.set_level(0)
    monkeypatch.setenv("NO_PROXY", "*")
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    media = tmp_path / "media"
    for colour in ("red", "blue"):
        make.picture(media / f"{colour}.png", colour)
    make.sound(media / "deep.wav", (200, 2.0))
    own = dataclasses.replace(
        settings, cache=tmp_path / "cache", speech=False, ocr=False, llm_model="test-1"
    )
    with embedding_server(Bill()) as embeds, serving(every_role) as chats:
        monkeypatch.setenv("OPENAI_BASE_URL", chats.url)
        path = tmp_path / "library"
        with Library.open(path, create=True, encoder="fake", settings=own) as library:
            library.index([media])
            library.spaces.add(f"{embeds.url}#clip")
            shown = used(library, media, tmp_path)
            chats.behaviours[:] = [does.refuses(401, f"wrong key {KEYS['OPENAI_API_KEY']}")]
            with pytest.raises(ChatFailed, match="401") as refused:
                library.ask_file(media / "red.png", "what?")
            run = library.caption(captioner="openai:sees-1")
            shown += [str(refused.value), repr(run), str(library.failures())]
    assert any("Bearer" in header for sent in chats.headers for header in sent.values())
    assert any("Bearer" in header for sent in embeds.bill.headers for header in sent.values())
    found = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(found) > 10
    for key in KEYS.values():
        assert key not in caplog.text + "".join(shown)
        assert [file for file in found if key.encode() in file.read_bytes()] == []
