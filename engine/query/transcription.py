"""Transcribe a whole recording, with times, by the speech bridge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from engine.common.progress import Progress
from engine.common.shown_as_text import ShownAsText
from engine.config import Settings
from engine.encoders.protocols import Sentence, SpeechBridge, TimesWords, Word
from engine.encoders.speech import shifted
from engine.generate.budget import Billed
from engine.query.aligners import WordAligner
from engine.query.diarizers import Diarizer, whole_recording, with_speakers

_SECONDS = 120.0
"""Sound that the bridge is given at a time; between two of them a call can be cancelled."""


@dataclass(frozen=True, slots=True)
class Transcription(ShownAsText):
    """The sentences of a recording, with times."""

    sentences: tuple[Sentence, ...]
    """In their order, with times in seconds."""
    duration: float
    """Seconds of the recording."""
    spent: Billed | None = None
    """The cost of a server's transcriber; None for one that runs here."""

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """All sentences."""
        return " ".join(sentence.text for sentence in self.sentences)

    def to_srt(self) -> str:
        """Return subtitles in the format SubRip."""
        return "\n".join(
            f"{at}\n{_time(s.start, ',')} --> {_time(s.end, ',')}\n{s.text}\n"
            for at, s in enumerate(self.sentences, 1)
        )

    def to_vtt(self) -> str:
        """Return subtitles in the format WebVTT."""
        cues = (
            f"{_time(s.start, '.')} --> {_time(s.end, '.')}\n{_escaped(s.text)}\n"
            for s in self.sentences
        )
        return "\n".join(["WEBVTT\n", *cues])

    def to_dict(self) -> dict[str, Any]:
        """Return it as a document of JSON."""
        return {
            "text": self.text, "language": self.language, "duration": round(self.duration, 3),
            "sentences": [
                _span(s.start, s.end, s.text)
                | ({"speaker": s.speaker} if s.speaker is not None else {})
                | ({"words": [_span(w.start, w.end, w.text) for w in s.words]} if s.words else {})
                for s in self.sentences
            ],
        } | ({} if self.spent is None else {"spent": self.spent.to_dict()})  # fmt: skip

    @property
    def language(self) -> str | None:
        """The code of the language that most of it is in; None where that is not known."""
        spoken: dict[str, float] = {}
        for sentence in self.sentences:
            if sentence.language is not None:
                seconds = sentence.end - sentence.start
                spoken[sentence.language] = spoken.get(sentence.language, 0.0) + seconds
        return max(spoken, key=lambda code: spoken[code], default=None)


def transcribe(
    path: Path,
    speech: SpeechBridge,
    settings: Settings,
    *,
    words: bool,
    progress: Progress,
    aligner: WordAligner | None = None,
    diarizer: Diarizer | None = None,
) -> Transcription:
    """Transcribe a sound, or the sound of a video.

    Args:
        words: give each sentence its words.
        aligner: times the words, in the place of the transcriber.
        diarizer: tells who says each sentence.

    Raises:
        MediaError: it cannot be read, or has no sound.
    """
    from engine.media.audio import probe_audio

    duration = probe_audio(path).duration
    progress.start("transcribing", round(duration), "seconds")
    sentences = tuple(_sentences(path, speech, settings, words, progress, aligner))
    if diarizer is not None and sentences:
        turns = diarizer.turns(whole_recording(path, diarizer.rate))
        sentences = with_speakers(sentences, turns)
    return Transcription(sentences, duration, getattr(speech, "spent", None))


def _sentences(
    path: Path,
    speech: SpeechBridge,
    settings: Settings,
    words: bool,
    progress: Progress,
    aligner: WordAligner | None,
) -> Iterator[Sentence]:
    from engine.media.audio import is_silent, read_audio

    heard_until = 0
    for chunk in read_audio(path, speech.rate, _SECONDS):
        progress.advance(round(chunk.start) - heard_until)
        heard_until = round(chunk.start)
        if is_silent(chunk.samples, speech.rate, settings.silence_db):
            continue  # recognisers make up words where there is nothing to hear
        if words and aligner is None and isinstance(speech, TimesWords):
            heard = speech.transcribe_words(chunk.samples)
        else:
            heard = speech.transcribe(chunk.samples)
        for sentence in heard:
            if sentence.text.strip():
                if words and aligner is not None:
                    sentence = aligner.align(chunk.samples, sentence)
                whole = sentence if sentence.words or not words else with_words(sentence)
                yield shifted(whole, chunk.start)


def with_words(sentence: Sentence) -> Sentence:
    """Return a sentence with its words, whose times are spread by their letters."""
    texts = sentence.text.split()
    ends = np.cumsum([0, *map(len, texts)]) / max(1, sum(map(len, texts)))
    times = sentence.start + (sentence.end - sentence.start) * ends
    words = tuple(
        Word(float(start), float(end), text)
        for (start, end), text in zip(pairwise(times), texts, strict=True)
    )
    return Sentence(sentence.start, sentence.end, sentence.text, words, sentence.language)


def _span(start: float, end: float, text: str) -> dict[str, Any]:
    return {"start": round(start, 3), "end": round(end, 3), "text": text}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(seconds: float, point: str) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"
