"""Text into speech, by the voice that the settings name. Wiring only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.config import Settings
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.generate.speaker import Speech


def speak(
    text: str,
    out: str | Path | None = None,
    *,
    speaker: str | None = None,
    voice: str | None = None,
    speed: float = 1.0,
    settings: Settings | None = None,
) -> Speech:
    """Speak a text; returns the sound, with the times of its words where the voice knows them.

    Args:
        out: a WAV file to write; None for none.
        speaker: ``espeak``, ``kokoro``, ``hf:NAME`` or ``openai:MODEL``; None for the one that
            the settings name.
        voice: one of its voices; None for its first.
        speed: 2 is twice as fast.

    Raises:
        UsageError: there is no such speaker or voice, nothing to say, or no place for the file.
        ExtraMissing: a package that it needs is not installed.
        EncoderUnavailable: its weights are not on this machine.
        ChatFailed: a server did not speak.
    """
    from engine.common.atomic_write import check_place
    from engine.common.user_path import expanded
    from engine.generate.speaker import speak as spoken
    from engine.query import model_roles as registry

    settings = settings or Settings.load()
    path = None if out is None else expanded(out)
    if path is not None:
        check_place(path)
    model = registry.make("speaker", speaker or settings.speaker, settings)
    speech = spoken(model, text, voice=voice, speed=speed)
    if path is not None:
        speech.save(path)
    return speech


def voices(speaker: str | None = None, *, settings: Settings | None = None) -> tuple[str, ...]:
    """Return the voices of a speaker, the default one first; empty where only its server knows.

    Errors are those of ``speak``.
    """
    from engine.query import model_roles as registry

    settings = settings or Settings.load()
    return tuple(registry.make("speaker", speaker or settings.speaker, settings).voices)


_PLAYERS = (
    ("paplay",), ("aplay", "-q"), ("afplay",), ("mpv", "--really-quiet"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"),
)  # fmt: skip
"""Programs that play a WAV file and end with it."""
_PLAYED = 0.5
"""The share of a sound's length that playing it takes at least."""


def play(speech: Speech) -> None:
    """Play what was spoken by a program of the system, until it ends.

    Raises:
        UsageError: there is none, it fails, or ends before it can have played: so some do, without
            an error, where there is no sound device.
    """
    import shutil
    import subprocess
    import time
    from tempfile import TemporaryDirectory

    command = next((each for each in _PLAYERS if shutil.which(each[0])), None)
    if command is None:
        raise UsageError(
            "no program to play sound with is installed, such as aplay or mpv; write it to a file"
        )
    with TemporaryDirectory(prefix="sensorium-speech-") as folder:
        file = Path(folder) / "answer.wav"
        file.write_bytes(speech.to_wav())
        began = time.monotonic()
        # What libraries below the player print is no line of this program.
        done = subprocess.run(
            [*command, str(file)], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    if done.returncode or time.monotonic() - began < _PLAYED * speech.seconds:
        raise UsageError(
            f"{command[0]} could not play it; is there a sound device? Write it to a file"
        )
