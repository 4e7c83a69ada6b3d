"""Recordings are transcribed whole, with times of sentences and words."""

from __future__ import annotations

import pytest

from engine.common.progress import NO_PROGRESS, CancelToken, cancellable
from engine.encoders.protocols import Sentence, Word
from engine.errors import Cancelled
from engine.query.transcription import Transcription, transcribe, with_words
from tests import media_files as make


class Speech:
    """Hears a sentence in each stretch of sound; words too, where they are asked for."""

    rate = 16_000

    def transcribe(self, samples):
        return [Sentence(0.5, 1.5, "Mind the gap.", language="en"), Sentence(1.6, 1.7, " ")]


class Timing(Speech):
    def transcribe_words(self, samples):
        words = (Word(0.5, 0.9, "Mind"), Word(1.0, 1.5, "it."))
        return [Sentence(0.5, 1.5, "Mind it.", words, "en")]


@pytest.fixture
def sound(tmp_path):
    return make.sound(tmp_path / "x.wav", (200, 130.0)) or tmp_path / "x.wav"


def test_every_stretch_is_heard_at_its_time(sound, settings):
    found = transcribe(sound, Speech(), settings, words=False, progress=NO_PROGRESS)
    assert [(s.start, s.end, s.words) for s in found.sentences] == [
        (0.5, 1.5, ()), (120.5, 121.5, ()),
    ]  # fmt: skip
    assert found.text == "Mind the gap. Mind the gap." and found.language == "en"
    assert found.duration == pytest.approx(130, abs=0.1)


def test_words_are_timed_by_the_bridge_or_else_spread(sound, settings):
    timed = transcribe(sound, Timing(), settings, words=True, progress=NO_PROGRESS)
    assert [word.start for word in timed.sentences[1].words] == [120.5, 121.0]
    spread = transcribe(sound, Speech(), settings, words=True, progress=NO_PROGRESS)
    assert [word.text for word in spread.sentences[0].words] == ["Mind", "the", "gap."]
    words = with_words(Sentence(0.0, 1.0, "ab cdef gh")).words
    assert [(w.start, w.end) for w in words] == [(0.0, 0.25), (0.25, 0.75), (0.75, 1.0)]


def test_it_ends_between_two_stretches_where_it_is_cancelled(sound, settings):
    token = CancelToken()

    class Cancelling(Speech):
        def transcribe(self, samples):
            token.cancel()
            return super().transcribe(samples)

    with pytest.raises(Cancelled):
        transcribe(
            sound, Cancelling(), settings, words=False, progress=cancellable(NO_PROGRESS, token)
        )


def test_subtitles_have_hours_and_escape_what_is_markup():
    said = Transcription((Sentence(3661.5, 3662.25, "<b> & so"),), 4000.0)
    assert said.to_srt() == "1\n01:01:01,500 --> 01:01:02,250\n<b> & so\n"
    assert said.to_vtt().endswith("01:01:01.500 --> 01:01:02.250\n&lt;b&gt; &amp; so\n")
    assert said.to_dict()["sentences"] == [{"start": 3661.5, "end": 3662.25, "text": "<b> & so"}]
    assert Transcription((), 1.0).language is None and Transcription((), 1.0).text == ""
