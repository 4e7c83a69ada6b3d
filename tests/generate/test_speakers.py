"""Voices: eSpeak NG and Kokoro by their real weights, SpeechT5 by random ones, a server's."""

from __future__ import annotations

import io
import wave
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import ChatFailed, EncoderUnavailable, ExtraMissing, UsageError
from engine.generate import espeak
from engine.generate.kokoro import symbol_pieces
from engine.generate.speaker import Speech, SpokenWord, joined, of_wav, sentences, speak
from engine.query import model_roles as registry
from engine.testing import chat_server as does
from engine.testing.chat_server import serving
from tests.generate.tiny_models import save_speecht5

TEXT = "The password is wrong. Please try again, my friend."


def test_espeak_speaks_and_knows_when_each_word_begins(settings):
    speech = speak(registry.make("speaker", "espeak", settings), TEXT)
    assert [word.text for word in speech.words] == TEXT.replace(".", "").replace(",", "").split()
    starts = [word.start for word in speech.words]
    assert starts == sorted(starts)
    assert 2 < speech.seconds < 6
    assert 0.1 < np.abs(speech.samples).max() <= 1


def test_words_of_other_letters_have_their_places(settings):
    speech = speak(registry.make("speaker", "espeak", settings), "Schöne Grüße", voice="de")
    assert [word.text for word in speech.words] == ["Schöne", "Grüße"]


def test_a_speed_is_kept(settings):
    voice = registry.make("speaker", "espeak", settings)
    assert speak(voice, TEXT, speed=2).seconds < 0.7 * speak(voice, TEXT).seconds


@pytest.mark.parametrize("text", ["", " \n", "x" * 100_001], ids=["empty", "blank", "long"])
def test_what_cannot_be_said_is_refused(settings, text):
    with pytest.raises(UsageError, match=r"nothing to say|can be spoken"):
        speak(registry.make("speaker", "espeak", settings), text)


def test_what_is_not_there_is_named(settings, monkeypatch):
    voice = registry.make("speaker", "espeak", settings)
    with pytest.raises(UsageError, match="no voice 'nobody'"):
        speak(voice, "hello", voice="nobody")
    with pytest.raises(UsageError, match="speed of 9"):
        speak(voice, "hello", speed=9)
    with pytest.raises(UsageError, match=r"no speaker is called 'x'; there is espeak, kokoro, hf:"):
        registry.make("speaker", "x", settings)
    with pytest.raises(UsageError, match="no speaker is called 'hf:'"):
        registry.make("speaker", "hf:", settings)
    with pytest.raises(EncoderUnavailable, match="not on this machine"):
        registry.make("speaker", "hf:nobody/nothing", settings)
    monkeypatch.setattr(espeak, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match=r"sensorium\[espeak\]"):
        registry.make("speaker", "espeak", settings)


def test_kokoro_speaks_where_it_is_installed(settings):
    try:
        voice = registry.make("speaker", "kokoro", replace(settings, threads=1))
    except EncoderUnavailable as error:
        pytest.skip(str(error))
    speech = speak(voice, "Hello, you.")
    assert speech.rate == 24_000
    assert 0.5 < speech.seconds < 3
    assert np.abs(speech.samples).max() > 0.05
    with pytest.raises(UsageError, match="Kokoro has no voice 'bob'"):
        speak(voice, "hello", voice="bob")


def test_kokoro_leaves_out_nothing_of_a_sentence_of_many_sounds():
    every_letter = {chr(number): number for number in range(32, 0x3000)}
    pieces = list(symbol_pieces(("9876543210 " * 36).strip(), every_letter))
    assert max(map(len, pieces)) <= 500
    assert sum(map(len, pieces)) > 360 * 3  # each figure has three sounds or more


def test_kokoro_reads_kana_in_japanese_and_says_that_it_reads_no_kanji():
    japanese = {letter: number for number, letter in enumerate("konitɕha")}
    assert [*symbol_pieces("こんにちは", japanese)] == [
        [japanese[letter] for letter in "konnitɕiha"]
    ]
    with pytest.raises(UsageError, match="kana"):
        list(symbol_pieces("元気ですか", japanese))


def test_speecht5_is_the_reference_call(settings, tmp_path):
    import torch
    from transformers import AutoTokenizer, SpeechT5ForTextToSpeech, SpeechT5HifiGan

    folder = save_speecht5(tmp_path / "tts")
    who = tmp_path / "who.npy"
    np.save(who, np.array([0.1, 0.2, -0.3, 0.4], np.float32))
    made = registry.make("speaker", f"hf:{folder}", settings)
    torch.manual_seed(1)  # its prenet drops out, always
    speech = speak(made, "hello you", voice=str(who))
    ids = AutoTokenizer.from_pretrained(folder)("hello you", return_tensors="pt")["input_ids"]
    model = SpeechT5ForTextToSpeech.from_pretrained(folder).eval()
    vocoder = SpeechT5HifiGan.from_pretrained(folder / "vocoder").eval()
    torch.manual_seed(1)
    expected = model.generate_speech(ids, torch.from_numpy(np.load(who))[None], vocoder=vocoder)
    expected = expected.detach().numpy().ravel()
    torch.manual_seed(1)
    of_nobody = speak(made, "hello you").samples[: len(expected)]
    assert (
        10 * np.abs(speech.samples[: len(expected)] - expected).max()
        < np.abs(of_nobody - expected).max()
    )
    assert speech.rate == 16_000
    np.testing.assert_allclose(speech.samples[: len(expected)], expected, atol=1e-5)
    with pytest.raises(UsageError, match=r"no\.npy is no file of an x-vector"):
        speak(made, "hello", voice=str(tmp_path / "no.npy"))


def test_a_server_speaks_sentence_by_sentence(settings, monkeypatch):
    sound = Speech(np.linspace(-1, 1, 800, dtype=np.float32), 8_000).to_wav()
    monkeypatch.setenv("NO_PROXY", "*")
    with serving(does.refuses(429, Retry_After="0"), does.sends(sound)) as served:
        monkeypatch.setenv("OPENAI_BASE_URL", served.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-4711")
        speech = speak(registry.make("speaker", "openai:tts-1", settings), TEXT, voice="nova")
    assert (speech.rate, speech.seconds) == (8_000, 0.2)
    assert [body["input"] for body in served.bodies[1:]] == sentences(TEXT)
    assert served.bodies[0] == {
        "model": "tts-1", "input": sentences(TEXT)[0], "voice": "nova", "response_format": "wav",
        "speed": 1.0,
    }  # fmt: skip
    assert served.headers[0]["Authorization"] == "Bearer sk-4711"


def test_the_letters_of_a_server_have_a_budget(settings, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    sound = Speech(np.zeros(800, np.float32), 8_000).to_wav()
    first, *_ = sentences(TEXT)
    dear = replace(settings, speak_price=1e6, llm_money=float(len(first)))
    with serving(does.sends(sound)) as served:
        monkeypatch.setenv("OPENAI_BASE_URL", served.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-4711")
        with pytest.raises(ChatFailed, match=rf"does not reach for more than {len(first)} let"):
            speak(registry.make("speaker", "openai:tts-1", dear), TEXT)
    assert [body["input"] for body in served.bodies] == [first]


@pytest.mark.parametrize(
    "body", [b"", b"RIFF1234WAVE", b'{"error": 1}'], ids=["empty", "cut", "no"]
)
def test_what_is_no_sound_is_said_to_be_none(body):
    with pytest.raises(ChatFailed, match="no sound"):
        of_wav(body)


def test_pieces_are_joined_with_their_words():
    piece = Speech(np.zeros(100, np.float32), 100, (SpokenWord(0.5, "a"),))
    both = joined([piece, piece])
    assert [(word.start, word.text) for word in both.words] == [(0.5, "a"), (1.5, "a")]
    with wave.open(io.BytesIO(both.to_wav())) as file:
        assert (file.getnframes(), file.getframerate()) == (200, 100)


def test_long_sentences_are_cut_between_words():
    cut = sentences("One. " + "word " * 200 + "\nLast! 二つ。三つ。")
    assert cut[0] == "One."
    assert max(map(len, cut)) <= 400
    assert cut[-3:] == ["Last!", "二つ。", "三つ。"]
    assert " ".join(cut[1:-3]).split() == ["word"] * 200
