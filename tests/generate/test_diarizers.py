"""Speakers told apart, on random weights, held to the library's own call."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from engine.common.progress import NO_PROGRESS
from engine.encoders.protocols import Sentence
from engine.errors import EncoderUnavailable, MediaTooLarge
from engine.query import diarizers
from engine.query import model_roles as registry
from engine.query.diarizers import SpeakerTurn, with_speakers
from engine.query.transcription import transcribe
from engine.testing.fake_encoder import FakeSpeech
from tests.generate.tiny_models import save_diarizer, save_whisper

SOUND = np.sin(np.arange(16_000 * 3) ** 1.5 / 4000).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_diarizer(tmp_path_factory.mktemp("diarizer") / "model")


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "said.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((SOUND * 20_000).astype("<i2").tobytes())
    return path


def test_turns_are_those_of_the_reference_call(folder, settings):
    import torch
    from transformers import AutoProcessor, Nemotron3DiarizationForAudioFrameClassification

    turns = registry.make("diarizer", f"hf:{folder}", settings).turns(SOUND)
    processor = AutoProcessor.from_pretrained(folder)
    model = Nemotron3DiarizationForAudioFrameClassification.from_pretrained(folder).eval()
    inputs = processor(SOUND, sampling_rate=16_000)
    with torch.inference_mode():
        logits = model(**inputs).logits
    (expected,) = processor.extract_speaker_dict(logits, inputs["attention_mask"])
    assert turns == [SpeakerTurn(t["Start"], t["End"], t["Speaker"] + 1) for t in expected]
    assert turns
    assert all(0 <= turn.start < turn.end <= 3.02 for turn in turns)


def test_a_sentence_is_of_who_has_most_of_it():
    turns = [SpeakerTurn(0, 2, 1), SpeakerTurn(1.5, 4, 2), SpeakerTurn(4, 4.4, 1)]
    said = [Sentence(0, 2, "a"), Sentence(1.6, 4.4, "b"), Sentence(9, 10, "c")]
    assert [sentence.speaker for sentence in with_speakers(said, turns)] == [1, 2, None]


def test_a_transcript_says_who_speaks(folder, settings, recording):
    made = registry.make("diarizer", f"hf:{folder}", settings)
    spoken = transcribe(
        recording, FakeSpeech("go on"), settings, words=False, progress=NO_PROGRESS, diarizer=made
    )
    heard = made.turns((SOUND * 20_000).astype("<i2").astype(np.float32) / 32_768)
    (expected,) = with_speakers([Sentence(0.0, 3.0, "go on")], heard)
    (sentence,) = spoken.sentences
    assert sentence.speaker == expected.speaker is not None
    assert spoken.to_dict()["sentences"][0]["speaker"] == sentence.speaker


def test_what_is_too_long_or_no_such_model_is_one_clear_line(
    settings, recording, tmp_path, monkeypatch
):
    made = registry.make("diarizer", f"hf:{save_whisper(tmp_path / 'whisper')}", settings)
    with pytest.raises(EncoderUnavailable) as caught:
        made.turns(SOUND)
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(diarizers, "_MOST_SECONDS", 1.0)
    with pytest.raises(MediaTooLarge, match="at most"):
        diarizers.whole_recording(recording, 16_000)
