"""Try a model once: load it, ask it, and say how long that took and what memory. Wiring only."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.common.choices import MEASURED_RERANKERS
from engine.common.memory import resident_bytes
from engine.config import Settings
from engine.errors import SensoriumError, UsageError

if TYPE_CHECKING:
    from engine.encoders.http.client import Spending
    from engine.generate.budget import Billed, Spent

_TEXT = "A dog runs along the beach."
_SECONDS = 600.0
_CROSS = "cross"
_CHATS, _HERE = ("chat", "vision chat"), ("local:", "hf:")
"""Roles of models that nobody meters but who asks, and names of those that run here."""


@dataclass(frozen=True, slots=True)
class ModelTrial:
    """The result of trying a model."""

    name: str
    role: str
    loading: float
    """Seconds of the first answer, with the loading."""
    seconds: float
    """Seconds of the second answer."""
    answer: str
    """The answer, in a few words."""
    memory: int
    """Bytes that this process, and the model's own where it has one, grew by."""
    spent: Spent | Billed | Spending | None = None
    """The cost of a server's model; None for one that runs here."""


def try_model(name: str, role: str | None = None, settings: Settings | None = None) -> ModelTrial:
    """Load a model, and have it embed or answer twice.

    Args:
        name: of an encoder, of a reranker (``cross``, ``vl:NAME``, ``late:NAME``), or of a model
            that plays a role.
        role: where a name has several: ``chat``, ``vision chat``, ``captioner``, ``transcriber``,
            ``aligner``, ``diarizer`` or ``speaker``.

    A server's model is asked within the budget that the settings name.

    Raises:
        UsageError: there is no such model, it is not installed, or plays several roles.
        ChatFailed: it did not answer, or the budget does not reach.
    """
    settings = settings or Settings.load()
    chosen = role or _role_of(name)
    ask = _embed if chosen == "encoder" else _ASKS.get(chosen)
    if ask is None:
        raise UsageError(f"no role is called {chosen!r}; there is {', '.join(_ASKS)}")
    before, began = resident_bytes(), time.monotonic()
    made = _made(name, chosen, settings)
    answer = ask(made)
    loading, began = time.monotonic() - began, time.monotonic()
    ask(made)
    seconds = time.monotonic() - began
    memory = max(0, resident_bytes() - before) + _child(made)
    return ModelTrial(name, chosen, loading, seconds, answer, memory, _spent(made))


def _role_of(name: str) -> str:
    from engine.query.model_roles import adapters

    if name == _CROSS or name.startswith(MEASURED_RERANKERS):
        return "reranker"
    prefix, colon, _ = name.partition(":")
    found = {
        each.role
        for each in adapters()
        if each.prefix == prefix and each.takes_model == bool(colon)
    }
    if prefix == "local":
        return "chat"
    if len(found) > 1:
        roles = ", ".join(f"{'an' if role[0] in 'aeiou' else 'a'} {role}" for role in sorted(found))
        raise UsageError(f"{name} may be {roles}: name its role", arguments=("role",))
    return found.pop() if found else "encoder"


def _made(name: str, role: str, settings: Settings) -> Any:
    if role == "encoder":
        from engine.encoders import registry

        return registry.towers(name, settings)
    if role == "reranker" and name == _CROSS:
        from engine.encoders.cross_encoder import CrossEncoder

        cross = CrossEncoder(settings)
        cross.check()
        return cross
    if role == "reranker":
        from engine.query.rerank.registry import make_seeing

        return make_seeing(name, settings, None)
    from engine.query.model_roles import make

    made = make(role, name, settings)
    if role not in _CHATS or name.startswith(_HERE):
        return made
    from engine.generate.budget import MeteredChat, ModelBudget, Prices

    prices = Prices(settings.llm_price_in, settings.llm_price_out)
    return MeteredChat(made, ModelBudget.of(settings), prices)


def _embed(made: Any) -> str:
    from engine.encoder_trial import embed_once

    return embed_once(made)


def _judge(made: Any) -> str:
    from engine.encoder_trial import judge_once, judge_text_once
    from engine.encoders.cross_encoder import CrossEncoder

    return judge_text_once(made) if isinstance(made, CrossEncoder) else judge_once(made)


def _chat(made: Any) -> str:
    from engine.generate.chat import Message

    asked = [Message.from_text("user", "Say hello in one short sentence.")]
    return str(made.reply(asked, seconds=_SECONDS, most_tokens=24).text)


def _vision(made: Any) -> str:
    from engine.generate.chat import ChatImage, ChatMedia, Message, Text
    from engine.generate.speaker import Speech

    # A chat template may leave out what its model has no sense for, without a word.
    parts: tuple[Any, ...] = (Text("Say hello in one short sentence."),)
    if getattr(made, "sees", False):
        parts = Text("What colour is this?"), ChatImage(_red())
    elif getattr(made, "hears_samples", False):
        tone = ChatMedia(Speech(_tone(), 16_000).to_wav(), "audio/wav")
        parts = tone, Text("What do you hear?")
    asked = [Message("user", parts)]
    return str(made.reply(asked, seconds=_SECONDS, most_tokens=24).text)


def _caption(made: Any) -> str:
    from engine.generate.captioner import CaptionStyle, Scene

    scene = Scene("image", ("a red square",), pictures=lambda: [_red()])
    return str(made.caption(scene, CaptionStyle.SENTENCE, seconds=_SECONDS))


def _speaker(made: Any) -> str:
    from engine.generate.speaker import speak

    return f"{speak(made, _TEXT).seconds:.1f} s of speech"


def _transcriber(made: Any) -> str:
    samples, kind = _speech(made.rate)
    heard = " ".join(sentence.text for sentence in made.transcribe(samples))
    return f"{heard!r} in {len(samples) / made.rate:.1f} s of {kind}"


def _speech(rate: int) -> tuple[Any, str]:
    """Return a sentence as eSpeak NG speaks it; where it is not installed, a tone."""
    import numpy as np

    from engine.generate.espeak import Espeak
    from engine.generate.speaker import speak

    try:
        speech = speak(Espeak(), _TEXT)
    except SensoriumError:
        return (0.3 * np.sin(np.arange(2 * rate) / 20)).astype(np.float32), "a tone"
    times = np.arange(round(speech.seconds * rate)) / rate
    places = np.arange(len(speech.samples)) / speech.rate
    return np.interp(times, places, speech.samples).astype(np.float32), "speech"


def _aligner(made: Any) -> str:
    from engine.encoders.protocols import Sentence

    timed = made.align(_tone(), Sentence(0.0, 2.0, _TEXT))
    return f"{len(timed.words)} words timed"


def _diarizer(made: Any) -> str:
    return f"{len(made.turns(_tone()))} turns in a tone of 2 s"


def _tone() -> Any:
    import numpy as np

    return (0.3 * np.sin(np.arange(2 * 16_000) / 20)).astype(np.float32)


_ASKS: dict[str, Callable[[Any], str]] = {
    "reranker": _judge,
    "chat": _chat,
    "vision chat": _vision,
    "captioner": _caption,
    "transcriber": _transcriber,
    "aligner": _aligner,
    "diarizer": _diarizer,
    "speaker": _speaker,
}


def _red() -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (64, 64), (220, 30, 30)).save(stream, "JPEG")
    return stream.getvalue()


def _spent(made: Any) -> Spent | Billed | Spending | None:
    """Return what a server's model has cost; None of one that runs here."""
    asked = getattr(made, "encoder", made)  # of towers
    spent: Spent | Billed | Spending | None = getattr(asked, "spent", None)
    return spent


def _child(made: Any) -> int:
    """Return the resident bytes of a model's own process; 0 where it has none."""
    server = getattr(made, "server", None)
    pid = getattr(server, "pid", None)
    return resident_bytes(pid) if pid else 0
