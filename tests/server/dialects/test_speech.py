"""Speech by OpenAI's own client, unmodified, in each format, by a speaker that is a fake here."""

from __future__ import annotations

import io

import av
import numpy as np
import openai
import pytest

from engine.generate.speaker import Speech
from engine.media.sound_file import PCM_RATE, sound_formats
from engine.query import model_roles


class ToneSpeaker:
    """A voice that says a tone of half a second for each sentence, at twice the speed of half."""

    name, voices = "tone", ("low", "high")

    def check(self) -> None:
        """Do nothing."""

    def stream(self, text, *, voice=None, speed=1.0):
        if voice not in (None, *self.voices):
            from engine.errors import UsageError

            raise UsageError(f"there is no voice {voice!r}; there is low, high")
        pitch = {"high": 880}.get(voice, 440)
        for _ in text.split("."):
            times = np.arange(round(22_050 * 0.5 / speed)) / 22_050
            yield Speech(0.5 * np.sin(2 * np.pi * pitch * times).astype(np.float32), 22_050)


@pytest.fixture
def client(talked, monkeypatch):
    monkeypatch.setattr(model_roles, "make", lambda *_: ToneSpeaker())
    with openai.OpenAI(base_url=f"{talked.url}/v1", api_key="none", max_retries=0) as made:
        yield made


def heard(content: bytes, form: str) -> tuple[float, float]:
    """Return the seconds of a sound, and its strongest pitch in Hz."""
    if form == "pcm":
        samples, rate = np.frombuffer(content, "<i2").astype(float), PCM_RATE
    else:
        with av.open(io.BytesIO(content)) as file:
            rate = file.streams.audio[0].rate
            frames = [frame.to_ndarray() for frame in file.decode(audio=0)]
        samples = np.concatenate([f.astype(float).mean(axis=0) for f in frames])
    spectrum = np.abs(np.fft.rfft(samples))
    return len(samples) / rate, float(np.argmax(spectrum) * rate / len(samples))


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_each_format_can_be_heard(client, form):
    assert form in sound_formats()
    speech = client.audio.speech.create(
        model="tts-1", voice="alloy", input="Good morning. Good night", response_format=form
    )
    seconds, pitch = heard(speech.read(), form)
    assert seconds == pytest.approx(1.0, abs=0.1) and pitch == pytest.approx(440, abs=3)


def test_voices_and_speed_are_those_that_are_asked_for(client):
    speech = client.audio.speech.create(model="x", voice="high", input="One", speed=0.5)
    seconds, pitch = heard(speech.read(), "mp3")
    assert seconds == pytest.approx(1.0, abs=0.1) and pitch == pytest.approx(880, abs=3)
    with pytest.raises(openai.BadRequestError, match="there is low, high"):
        client.audio.speech.create(model="x", voice="pirate", input="One")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": "a" * 5_000}, "input"),
        ({"input": "a", "response_format": "midi"}, "response_format"),
        ({"input": "a", "response_format": [None]}, "response_format"),
        ({"input": "a", "speed": 9}, "speed"),
        ({"input": "a", "stream_format": "sse"}, "stream_format"),
        ({"input": "a", "voice": 7}, "voice"),
    ],
)
def test_what_cannot_be_spoken_is_refused_by_its_name(talked, body, param):
    answer = talked.http.post("/v1/audio/speech", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
