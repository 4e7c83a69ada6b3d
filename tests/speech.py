"""A voice for tests: eSpeak NG, from the package ``espeakng-loader``."""

from __future__ import annotations

import ctypes
import wave
from pathlib import Path

import espeakng_loader

_SYNCHRONOUS, _UTF8 = 2, 1
_DONT_EXIT = 0x8000


def speak(text: str, path: Path) -> Path:
    """Write ``text``, spoken in English, to a WAV file (mono, 16 bit, 22,050 Hz)."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = str(espeakng_loader.get_data_path()).encode()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 500, data, _DONT_EXIT)
    assert rate > 0, "eSpeak NG does not start"
    spoken = bytearray()

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
    def collect(samples, count, _events):
        if samples and count > 0:
            spoken.extend(ctypes.string_at(samples, 2 * count))
        return 0

    library.espeak_SetSynthCallback(collect)
    library.espeak_SetVoiceByName(b"en-us")
    raw = text.encode()
    library.espeak_Synth(raw, len(raw) + 1, 0, 0, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(spoken))
    return path
