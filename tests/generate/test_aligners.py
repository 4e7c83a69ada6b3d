"""Qwen3-ASR and its forced aligner on random weights, held to the library's own calls."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from engine.common.progress import NO_PROGRESS
from engine.encoders.protocols import Sentence
from engine.errors import EncoderUnavailable
from engine.media.audio import read_audio
from engine.query import model_roles as registry
from engine.query import transcribers
from engine.query.transcription import transcribe, with_words
from engine.testing.fake_encoder import FakeSpeech
from tests.generate.tiny_models import save_qwen_asr, save_whisper

SOUND = np.sin(np.arange(16_000 * 3) ** 1.5 / 4000).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_qwen_asr(tmp_path_factory.mktemp("aligner") / "model", aligner=True)


def reference(folder, samples, text):
    """Times of words by the whole class and its own processor."""
    import torch
    from transformers import AutoProcessor, Qwen3ASRForTokenClassification

    processor = AutoProcessor.from_pretrained(folder)
    model = Qwen3ASRForTokenClassification.from_pretrained(folder).eval()
    inputs, words = processor.prepare_forced_aligner_inputs(audio=samples, transcript=text)
    with torch.inference_mode():
        logits = model(**inputs).logits
    (timed,) = processor.decode_forced_alignment(
        logits, inputs["input_ids"], words, model.config.timestamp_token_id
    )
    return timed


def test_words_have_the_times_of_the_reference_call(folder, settings):
    made = registry.make("aligner", f"hf:{folder}", settings)
    said = Sentence(1.0, 2.2, "go on, you dog.", language="en")
    found = made.align(SOUND, said)
    heard = SOUND[8_000:43_200]  # half a second more on each side
    expected = reference(folder, heard, said.text)
    assert [word.text for word in found.words] == ["go", "on", "you", "dog"]
    times = [(0.5 + w["start_time"], 0.5 + w["end_time"]) for w in expected]
    assert [(w.start, w.end) for w in found.words] == [
        (pytest.approx(min(start, 3.0)), pytest.approx(min(end, 3.0))) for start, end in times
    ]
    assert len({time for pair in times for time in pair}) > 1
    assert (found.start, found.end, found.text) == (said.start, said.end, said.text)


def test_what_it_cannot_time_stays_as_it_is(folder, settings):
    made = registry.make("aligner", f"hf:{folder}", settings)
    for said in (Sentence(0.0, 1.0, "hyvaa", language="fi"), Sentence(0.0, 1.0, "... !")):
        assert made.align(SOUND, said) == said


def test_a_model_that_times_nothing_is_one_clear_line(settings, tmp_path):
    made = registry.make("aligner", f"hf:{save_whisper(tmp_path / 'whisper')}", settings)
    with pytest.raises(EncoderUnavailable) as caught:
        made.align(SOUND, Sentence(0.0, 1.0, "go"))
    assert "\n" not in str(caught.value)


def test_a_transcript_gets_its_times_from_an_aligner(folder, settings, tmp_path):
    path = tmp_path / "said.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((SOUND * 20_000).astype("<i2").tobytes())
    made = registry.make("aligner", f"hf:{folder}", settings)
    spoken = transcribe(
        path, FakeSpeech("go on"), settings, words=True, progress=NO_PROGRESS, aligner=made
    )
    (sentence,) = spoken.sentences
    assert [word.text for word in sentence.words] == ["go", "on"]
    times = [time for word in sentence.words for time in (word.start, word.end)]
    assert times == sorted(times)
    (chunk,) = read_audio(path, 16_000, 120.0)
    (heard,) = FakeSpeech("go on").transcribe(chunk.samples)
    assert sentence.words == made.align(chunk.samples, heard).words
    assert sentence.words != with_words(heard).words


def test_qwen_asr_is_the_reference_call(settings, tmp_path, monkeypatch):
    import torch
    from transformers import AutoProcessor, Qwen3ASRForConditionalGeneration

    monkeypatch.setattr(transcribers, "_MOST_TOKENS", 12)
    folder = save_qwen_asr(tmp_path / "asr")
    made = registry.make("transcriber", f"hf:{folder}", settings)
    (sentence,) = made.transcribe(SOUND)
    processor = AutoProcessor.from_pretrained(folder)
    model = Qwen3ASRForConditionalGeneration.from_pretrained(folder).eval()
    inputs = processor.apply_transcription_request(audio=SOUND)
    with torch.inference_mode():
        ids = model.generate(**inputs, max_new_tokens=12, do_sample=False)
    new = ids[0, inputs["input_ids"].shape[1] :]
    assert sentence.text == processor.decode(new, return_format="transcription_only").strip()
    assert (sentence.start, sentence.end) == (0.0, 3.0)
