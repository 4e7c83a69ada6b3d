"""Encoders by name. Nothing is imported before it is asked for."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from engine.config import Settings
from engine.encoders.base import ScreenBridge, SpeechBridge
from engine.encoders.towers import Towers
from engine.errors import EncoderUnavailable

DEFAULT = "compact"
_FAKE = "fake"
_OPEN_CLIP = "open_clip:"
_NAMES = "compact, open_clip:MODEL/PRETRAINED, or the folder of an open_clip model"


def towers(name: str, settings: Settings) -> Towers:
    """The towers that ``--encoder name`` stands for. Weights load at first use.

    Raises:
        EncoderUnavailable: no encoder has that name.
    """
    name = normalised(name)
    if name == _FAKE:
        from engine.encoders.fake import fake_towers

        return fake_towers()
    from engine.encoders.compact.sounds import CompactSounds

    sounds = CompactSounds(settings, settings.sound_head)
    bridges = speech_bridge(settings), screen_bridge(settings)
    if name == DEFAULT:
        from engine.encoders.compact.encoder import CompactEncoder

        return Towers(CompactEncoder(settings), sounds, *bridges)
    if name.startswith(_OPEN_CLIP) or _folder(name):
        from engine.encoders.openclip import OpenClipEncoder

        return Towers(OpenClipEncoder(name, settings), sounds, *bridges)
    raise EncoderUnavailable(f"no encoder is called {name!r}; there is {_NAMES}")


def normalised(name: str) -> str:
    """The one name of an encoder: of a folder its absolute path, of others what it is.

    A library is opened from anywhere, so this is the name that it keeps, and the one
    to compare with. A folder that happens to be called as an encoder is ``./compact``.
    """
    if name in (DEFAULT, _FAKE) or name.startswith(_OPEN_CLIP):
        return name
    return str(_folder(name) or name)


def _folder(name: str) -> Path | None:
    """The folder that a name means, absolute; None where it means none."""
    try:
        path = Path(name).expanduser()
        return path.resolve() if name and path.is_dir() else None
    except (OSError, RuntimeError):  # too long for a path, or of a user who has no home
        return None


def speech_bridge(settings: Settings) -> SpeechBridge | None:
    """The speech bridge, where speech is wanted and the extra is installed."""
    if not settings.speech or not speech_installed():
        return None
    from engine.encoders.speech import WhisperSpeech

    return WhisperSpeech(settings)


def speech_installed() -> bool:
    """Whether the packages of the extra ``speech`` and the weights are there."""
    from engine.encoders.weights import WHISPER

    return find_spec("faster_whisper") is not None and all(w.find() for w in WHISPER)


def screen_bridge(settings: Settings) -> ScreenBridge | None:
    """The screen bridge, where text is to be read and the extra is installed."""
    if not settings.ocr or not ocr_installed():
        return None
    from engine.encoders.screen import RapidScreen

    return RapidScreen()


def ocr_installed() -> bool:
    """Whether the package of the extra ``ocr`` is there, with the models that are read."""
    from engine.encoders.weights import PADDLE_OCR

    return all(w.find() for w in PADDLE_OCR)
