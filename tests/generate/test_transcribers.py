"""Transcribers: Whisper of transformers on random weights, and a server's."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from engine.encoders.protocols import Sentence, Word
from engine.errors import ChatFailed, UsageError
from engine.query import model_roles as registry
from engine.query import transcribers as transcriber
from engine.testing.form_server import serving_forms
from tests.generate.tiny_models import save_whisper

SOUND = np.sin(np.arange(16_000 * 2) / 20).astype(np.float32)
ANSWER = {
    "text": "Hello you. Go on.", "language": "english", "duration": 2.0,
    "segments": [
        {"id": 0, "start": 0.0, "end": 1.2, "text": " Hello you."},
        {"id": 1, "start": 1.2, "end": 9.9, "text": " Go on."},
    ],
    "words": [
        {"word": "Hello", "start": 0.1, "end": 0.5}, {"word": "you", "start": 0.6, "end": 1.0},
        {"word": "Go", "start": 1.3, "end": 1.5}, {"word": "on", "start": 1.6, "end": 1.9},
    ],
}  # fmt: skip


def test_whisper_of_transformers_is_the_reference_call(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(transcriber, "_MOST_TOKENS", 12)
    import torch
    from transformers import (
        AutoTokenizer,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    folder = save_whisper(tmp_path / "whisper")
    made = registry.make("transcriber", f"hf:{folder}", settings)
    (sentence,) = made.transcribe(SOUND)
    features = WhisperFeatureExtractor.from_pretrained(folder)(
        SOUND, sampling_rate=16_000, return_tensors="pt"
    )
    model = WhisperForConditionalGeneration.from_pretrained(folder).eval()
    with torch.inference_mode():
        ids = model.generate(features["input_features"], max_new_tokens=12)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert sentence.text == tokenizer.batch_decode(ids, skip_special_tokens=True)[0].strip()
    assert (sentence.start, sentence.end) == (0.0, 2.0)


@pytest.fixture
def served(settings, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    with serving_forms(json.dumps(ANSWER).encode()) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-4711")
        yield server, registry.make("transcriber", "openai:whisper-1", settings)


def test_a_server_is_sent_the_sound_and_times_what_is_said(served):
    server, made = served
    assert made.transcribe_words(SOUND) == [
        Sentence(0.0, 1.2, "Hello you.", (Word(0.1, 0.5, "Hello"), Word(0.6, 1.0, "you"))),
        Sentence(1.2, 2.0, "Go on.", (Word(1.3, 1.5, "Go"), Word(1.6, 1.9, "on"))),
    ]
    (form,) = server.forms
    assert form["model"] == [b"whisper-1"]
    assert form["response_format"] == [b"verbose_json"]
    assert form["timestamp_granularities[]"] == [b"segment", b"word"]
    assert form["file"][0].startswith(b"RIFF")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"segments": [{}]}', b'{"text": 1, "words": 3}'])
def test_what_is_no_transcript_is_said_to_be_none(served, body):
    server, made = served
    server.answer = body
    with pytest.raises(ChatFailed, match="no transcript"):
        made.transcribe(SOUND)


def test_a_text_without_times_is_one_sentence(served):
    server, made = served
    server.answer = b'{"text": "hello"}'
    assert made.transcribe(SOUND) == [Sentence(0.0, 2.0, "hello")]


def test_there_is_no_other_transcriber(settings):
    with pytest.raises(
        UsageError, match=r"no transcriber is called 'x'; there is whisper, hf:NAME"
    ):
        registry.make("transcriber", "x", settings)


def test_the_bridge_has_a_name(settings):
    assert registry.make("transcriber", "whisper", settings).rate == 16_000


def test_the_minutes_of_a_server_have_a_budget(served, settings):
    server, _ = served
    dear = replace(
        settings, hear_price=3.0, llm_money=0.25
    )  # two seconds are a thirtieth of a minute
    made = registry.make("transcriber", "openai:whisper-1", dear)
    made.transcribe(SOUND)
    made.transcribe(SOUND)
    with pytest.raises(ChatFailed, match=r"0.25 USD does not reach for more than 0.07 minutes"):
        made.transcribe(SOUND)
    assert len(server.forms) == 2
