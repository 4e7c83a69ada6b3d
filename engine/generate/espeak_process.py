"""Speak one text by eSpeak NG, or write its sounds in IPA, and end.

It is a program of its own, which loads a library under the GPL, version 3 or later, and imports
nothing of the engine: the two talk by pipes alone. A JSON object comes on stdin: ``text``,
``voice``, ``words_per_minute``, ``ipa``, ``library``, ``data``. The answer on stdout is a line of
JSON (``rate``, ``marks``: [start in seconds, index of the first letter, letters]; or ``ipa``), and
behind it the samples, 16 bit, little-endian.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

_SYNCHRONOUS, _DONT_EXIT, _UTF8 = 2, 0x8000, 1
_RATE_PARAMETER, _IPA = 1, 2
_END_OF_EVENTS, _WORD = 0, 1
_LEFT_OUT = 3
"""Exit code where the voice is not known."""


class _Event(ctypes.Structure):
    """``espeak_EVENT`` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


def main() -> None:
    """Answer the one question on stdin."""
    asked = json.load(sys.stdin)
    espeak = ctypes.CDLL(asked["library"])
    rate = espeak.espeak_Initialize(_SYNCHRONOUS, 500, asked["data"].encode(), _DONT_EXIT)
    if rate <= 0:
        sys.exit(1)
    if espeak.espeak_SetVoiceByName(asked["voice"].encode()):
        sys.exit(_LEFT_OUT)
    if asked["ipa"]:
        answer, samples = {"ipa": _phonemes(espeak, asked["text"])}, b""
    else:
        answer, samples = _speech(espeak, asked, rate)
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + samples)


def _speech(espeak: Any, asked: dict[str, Any], rate: int) -> tuple[dict[str, Any], bytes]:
    spoken, marks = bytearray(), []

    def collect(samples: Any, count: int, events: Any) -> int:
        place = 0
        while events and events[place].type != _END_OF_EVENTS:
            event = events[place]
            if event.type == _WORD:
                marks.append((event.audio_position / 1000, event.text_position - 1, event.length))
            place += 1
        if samples and count > 0:
            spoken.extend(ctypes.string_at(samples, 2 * count))
        return 0

    callback = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
    )(collect)
    espeak.espeak_SetSynthCallback(callback)
    espeak.espeak_SetParameter(_RATE_PARAMETER, asked["words_per_minute"], 0)
    raw = asked["text"].encode()
    espeak.espeak_Synth(raw, len(raw) + 1, 0, 0, 0, _UTF8, None, None)
    espeak.espeak_Synchronize()
    return {"rate": rate, "marks": marks}, bytes(spoken)


def _phonemes(espeak: Any, text: str) -> str:
    espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p
    rest = ctypes.c_char_p(text.encode())
    clauses = []
    while rest.value:
        found = espeak.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA)
        clauses.append(found.decode() if found else "")
    return " ".join(clauses)


if __name__ == "__main__":
    main()
