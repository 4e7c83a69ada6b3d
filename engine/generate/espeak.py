"""eSpeak NG: formant voices of a hundred languages, small and quick, with the times of words."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ChatFailed, ExtraMissing, UsageError
from engine.generate.speaker import Speech, SpokenWord

_MISSING = ("speaking by eSpeak NG", "espeak")
_PACKAGE = "espeakng_loader"
_WORDS_PER_MINUTE = 160
_SECONDS = 120.0
"""After which a process that speaks is ended; an hour of speech takes it ten."""
_NO_VOICE = 3


class Espeak:
    """``espeak``. The library is under the GPL, so it runs as a program of its own."""

    name = "espeak"
    voices: Sequence[str] = ("en-us", "en-gb", "de", "fr", "es", "it", "pt", "ja", "cmn")
    """Some of its voices; any code of a language that it knows is one."""

    def check(self) -> None:
        """See that the package is installed, without importing it.

        Raises:
            ExtraMissing: it is not.
        """
        _folder()

    def stream(
        self, text: str, *, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak a text, all of it at once; see ``Speaker.stream``."""
        # It shortens pauses past 80 words a minute and 450; more is no speech.
        rate = int(min(450, max(80, _WORDS_PER_MINUTE * speed)))
        answer, raw = _asked(text, voice or self.voices[0], words_per_minute=rate)
        samples = np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(32768)
        words = tuple(
            SpokenWord(float(start), text[place : place + length])
            for start, place, length in answer["marks"]
        )
        yield Speech(samples, int(answer["rate"]), words)


def phonemes(text: str, voice: str) -> str:
    """Return the sounds of a text in IPA, its punctuation left out.

    Raises:
        ExtraMissing: the package is not installed.
        UsageError: there is no such voice.
    """
    answer, _ = _asked(text, voice, ipa=True)
    return str(answer["ipa"])


def _asked(
    text: str, voice: str, *, words_per_minute: int = _WORDS_PER_MINUTE, ipa: bool = False
) -> tuple[dict[str, Any], bytes]:
    folder = _folder()
    question = {
        "text": text.replace("\0", " ").encode("utf-8", "replace").decode(),
        "voice": voice,
        "words_per_minute": words_per_minute,
        "ipa": ipa,
        "library": str(_library(folder)),
        "data": str(folder / "espeak-ng-data"),
    }
    program = Path(__file__).with_name("espeak_process.py")
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(program)],
            input=json.dumps(question).encode(), capture_output=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ChatFailed(f"eSpeak NG did not speak within {_SECONDS:g} s") from None
    if done.returncode == _NO_VOICE:
        raise UsageError(f"eSpeak NG has no voice {voice!r}; a code of a language is one, as 'de'")
    head, _, raw = done.stdout.partition(b"\n")
    if done.returncode or not head:
        raise ChatFailed("eSpeak NG's process ended")
    return json.loads(head), raw


def _library(folder: Path) -> Path:
    names = ("libespeak-ng.so", "libespeak-ng.dylib")
    return next((folder / name for name in names if (folder / name).exists()), folder / names[0])


def _folder() -> Path:
    spec = find_spec(_PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise ExtraMissing(*_MISSING)
    return Path(folders[0])
