"""Transcription by OpenAI's own client."""

from __future__ import annotations

import openai
import pytest

from engine.testing import fake_encoder

SAID = "Mind the gap."


@pytest.fixture
def speaking(start, monkeypatch):
    towers = fake_encoder.fake_towers(speech=SAID)
    monkeypatch.setattr(fake_encoder, "fake_plugin", lambda settings: towers)
    return start()


@pytest.fixture
def transcribe(speaking, made):
    client = openai.OpenAI(
        base_url=f"{speaking.url}/v1", api_key="none", max_retries=0, http_client=speaking.http
    )

    def ask(**options):
        return client.audio.transcriptions.create(
            model="whisper-1", file=made[0] / "deep.wav", **options
        )

    return ask


def test_each_format_is_written(transcribe):
    assert transcribe().text == SAID
    assert transcribe(response_format="text") == f"{SAID}\n"
    srt = transcribe(response_format="srt")
    assert srt == f"1\n00:00:00,000 --> 00:00:02,000\n{SAID}\n"
    vtt = transcribe(response_format="vtt")
    assert vtt == f"WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n{SAID}\n"


def test_verbose_json_has_segments_and_words(transcribe):
    whole = transcribe(response_format="verbose_json")
    assert (whole.text, whole.duration, whole.words) == (SAID, 2.0, None)
    assert [(s.start, s.end, s.text) for s in whole.segments] == [(0.0, 2.0, SAID)]
    timed = transcribe(response_format="verbose_json", timestamp_granularities=["word"])
    assert timed.segments is None
    assert [word.word for word in timed.words] == ["Mind", "the", "gap."]
    assert timed.words[0].start == 0.0 and timed.words[-1].end == 2.0


def test_a_stream_has_the_words_too(transcribe):
    events = [*transcribe(stream=True)]
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[0].delta == events[1].text == SAID


def test_what_cannot_be_transcribed_is_a_clear_answer(speaking, made):
    def ask(content: bytes, **form: str) -> tuple[int, str]:
        answer = speaking.http.post(
            "/v1/audio/transcriptions", files={"file": ("x", content)}, data=form
        )
        return answer.status_code, answer.json()["error"]["message"]

    sound = (made[0] / "deep.wav").read_bytes()
    assert ask(b"no sound")[0] == 415
    status, message = ask((made[0] / "red.png").read_bytes())
    assert status == 422 and "the recording cannot be read" in message
    assert ask(sound, response_format="diarized_json")[0] == 400
    assert ask(sound, library="other")[0] == 404
    assert ask(sound, **{"include[]": "logprobs"})[0] == 400
    assert "json or text" in ask(sound, stream="true", response_format="srt")[1]
    granular = {"timestamp_granularities[]": "word"}
    assert "verbose_json alone" in ask(sound, **granular)[1]


def test_without_the_extra_the_way_out_is_named(served, made):
    answer = served.http.post(
        "/v1/audio/transcriptions", files={"file": (made[0] / "deep.wav").read_bytes()}
    )
    assert answer.status_code == 501
    assert "pip install 'sensorium[speech]'" in answer.json()["error"]["message"]
