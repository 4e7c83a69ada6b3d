"""Encoders by name. Nothing is imported before it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

from engine.common.user_path import folder_of
from engine.config import Settings
from engine.encoders import plugins
from engine.encoders.http import names as served
from engine.encoders.openclip import names
from engine.encoders.pe_av import names as pe_av
from engine.encoders.protocols import Encoder, ScreenBridge, SoundBridge, SpeechBridge
from engine.encoders.sentence_transformer import names as of_sentences
from engine.encoders.towers import Towers
from engine.errors import EncoderUnavailable

COMPACT = "compact"
MULTILINGUAL = "compact-multilingual"
_CLAP = "clap:"
_SENTENCE = "st:"
_NAMES = (
    "compact-multilingual, compact, open_clip:MODEL/PRETRAINED, hf-hub:ORG/NAME, st:NAME,"
    " clap:NAME, pe-av:NAME, http:URL#MODEL, or the folder of an open_clip"
    " model; `sensorium models` lists them"
)


def towers(name: str, settings: Settings, recorded: Iterable[str] = ()) -> Towers:
    """Return the towers that ``--encoder name`` stands for. Weights load at first use.

    Args:
        recorded: revisions of spaces that a library has of this encoder. Where they name the
            first sound head, as those of older libraries do, it is the one that is used.

    Raises:
        EncoderUnavailable: no encoder has that name.
    """
    if name.startswith(_CLAP):
        from engine.encoders.clap import ClapEncoder

        clap = ClapEncoder(name, settings)
        return Towers(clap, clap)
    if name.startswith(pe_av.PREFIX):
        from engine.encoders.pe_av.encoder import PeAvEncoder

        heard = PeAvEncoder(name, settings)
        return Towers(heard, heard)
    made = _made(name, settings)
    if isinstance(made, Towers):
        return made
    if name.startswith(_SENTENCE) or served.is_one(name):
        return _with_own_ears(made, name, settings, recorded)
    sounds = _sound_bridge(name, settings, recorded)
    return Towers(made, sounds, speech_bridge(settings), screen_bridge(settings))


def _with_own_ears(encoder: Any, name: str, settings: Settings, recorded: Iterable[str]) -> Towers:
    """Make towers of an encoder that may hear, which only its model can tell."""
    from engine.encoders.hearing import OwnOrBridged

    sounds = OwnOrBridged(encoder, lambda: _sound_bridge(name, settings, recorded))
    return Towers(encoder, sounds, speech_bridge(settings), screen_bridge(settings))


def _sound_bridge(name: str, settings: Settings, recorded: Iterable[str]) -> SoundBridge:
    """Make the sound bridge of an encoder.

    ``compact`` keeps the head of twenty words, whose revision its libraries record.
    """
    from engine.encoders.compact.sounds import HEAD_60, CompactSounds

    first = CompactSounds(settings, settings.sound_head)
    if settings.sound_head is not None or normalised(name) == COMPACT:
        return first
    if any(first.revision in revision.split("+") for revision in recorded):
        return first
    return CompactSounds(settings, HEAD_60)


def encoder(name: str, settings: Settings) -> Encoder:
    """Return the encoder alone. Weights load at first use, the code of a plugin at once.

    Raises:
        EncoderUnavailable: no encoder has that name.
    """
    made = _made(name, settings)
    return made.encoder if isinstance(made, Towers) else made


def default_encoder() -> str:
    """Return the encoder of a new library: the multilingual one where its weights are installed."""
    from engine.encoders.weight_files import E5_SMALL

    return MULTILINGUAL if E5_SMALL.find() else COMPACT


def _made(name: str, settings: Settings) -> Encoder | Towers:
    """Make the encoder of a name; a plugin may bring towers with bridges of its own."""
    name = normalised(name)
    if served.is_one(name):
        from engine.encoders.http.encoder import HttpEncoder

        return HttpEncoder(name, settings)
    if name.startswith(_SENTENCE):
        from engine.encoders.sentence_transformer.encoder import SentenceTransformerEncoder

        return SentenceTransformerEncoder(name, settings)
    if name.startswith(pe_av.PREFIX):
        from engine.encoders.pe_av.encoder import PeAvEncoder

        return PeAvEncoder(name, settings)
    if name.startswith(_CLAP):
        from engine.encoders.clap import ClapEncoder

        return ClapEncoder(name, settings)
    if name == COMPACT:
        from engine.encoders.compact.encoder import CompactEncoder

        return CompactEncoder(settings)
    if name == MULTILINGUAL:
        from engine.encoders.compact.multilingual import CompactMultilingual

        return CompactMultilingual(settings)
    source = names.parse(name)
    if source is not None and source.name == name:
        from engine.encoders.openclip.encoder import OpenClipEncoder

        return OpenClipEncoder(name, settings)
    if plugin := plugins.find(name):
        return plugin.build(settings)
    raise EncoderUnavailable(f"no encoder is called {name!r}; there is {_NAMES}")


def normalised(name: str) -> str:
    """Return the one name of an encoder: the absolute path of a folder, else its own name.

    A library is opened from anywhere, so this is the name that it keeps, and the one
    to compare with. A folder that happens to be called as an encoder is ``./compact``.
    """
    if name in (COMPACT, MULTILINGUAL):
        return name
    try:
        if served.is_one(name):
            return served.parse(name).name
        if name.startswith(_SENTENCE):
            return of_sentences.parse(name).name
        if name.startswith(pe_av.PREFIX):
            return pe_av.parse(name).name
    except EncoderUnavailable:
        return name  # as below
    if name.startswith(_CLAP):
        model = name.removeprefix(_CLAP)
        return f"{_CLAP}{folder_of(model) or model}"
    try:
        source = names.parse(name)
    except EncoderUnavailable:
        return name  # half a name is nothing's, and is complained of when it is built
    hidden = isinstance(source, names.Folder) and "/" not in name and plugins.find(name)
    return name if source is None or hidden else source.name


def speech_bridge(settings: Settings) -> SpeechBridge | None:
    """Make the speech bridge, where speech is wanted and the extra is installed."""
    if not settings.speech or not speech_installed():
        return None
    from engine.encoders.speech import WhisperSpeech

    return WhisperSpeech(settings)


def speech_installed() -> bool:
    """Tell whether the packages of the extra ``speech`` and the weights are there."""
    from engine.encoders.weight_files import WHISPER

    return find_spec("faster_whisper") is not None and all(w.find() for w in WHISPER)


def screen_bridge(settings: Settings) -> ScreenBridge | None:
    """Make the screen bridge, where text is to be read and the extra is installed."""
    if not settings.ocr or not ocr_installed():
        return None
    from engine.encoders.screen import RapidScreen

    return RapidScreen(settings)


def ocr_installed() -> bool:
    """Tell whether the package of the extra ``ocr`` is there, with the models that are read."""
    from engine.encoders.weight_files import PADDLE_OCR

    return all(w.find() for w in PADDLE_OCR)
