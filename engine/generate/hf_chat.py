"""Chats that see, or hear, by ``AutoModelForMultimodalLM`` of transformers."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.common.progress import CancelToken
from engine.config import Settings
from engine.errors import ChatFailed, EncoderUnavailable
from engine.generate.chat import ChatImage, ChatMedia, Message, Reply, Schema, Text, Usage
from engine.generate.hf_models import loading, model_source, require_transformers
from engine.generate.speaker import of_wav

_MOST_TOKENS = 512
_RATE = 16_000
"""Samples a second of what these models hear."""


class HfChat:
    """``hf:NAME``, a model with a chat template. Making one loads nothing; one question at a time.

    Args:
        model: a folder, or the hub's name of a model that is on disk.
    """

    def __init__(self, model: str, settings: Settings) -> None:
        self.model = f"hf:{model}"
        self._model, self._settings = model, settings
        self._lock = threading.Lock()

    @property
    def sees(self) -> bool:
        """True if the model has a tower of pictures."""
        return "vision_config" in self._config

    @property
    def hears_samples(self) -> bool:
        """True if the model has a tower of sounds, which takes samples at 16 kHz."""
        return "audio_config" in self._config

    @cached_property
    def _config(self) -> dict[str, Any]:
        file = Path(model_source(self._model)) / "config.json"
        try:
            config: dict[str, Any] = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise EncoderUnavailable(f"{self.model} has no config.json that can be read") from error
        return config

    def check(self) -> None:
        """See that it can be had, without loading it.

        Raises:
            ExtraMissing: transformers is not installed.
            EncoderUnavailable: the model is not on this machine.
        """
        require_transformers()
        model_source(self._model)

    def reply(
        self,
        messages: Sequence[Message],
        *,
        seconds: float,
        schema: Schema | None = None,
        most_tokens: int | None = None,
        on_text: Callable[[str], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Reply:
        """Answer a chat, as ``Chat.reply`` says; the likeliest token each time.

        A schema is asked for by the question alone: the caller checks what comes.

        Raises:
            ChatFailed: the time was over.
            Cancelled: ``cancel`` was.
        """
        import torch

        del schema
        deadline = time.monotonic() + seconds
        processor, model = self._loaded
        inputs = processor.apply_chat_template(
            [_message(message) for message in messages],
            add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
        )  # fmt: skip
        asked = int(inputs["input_ids"].shape[1])
        stops = _Stops(deadline, cancel)
        with self._lock, torch.inference_mode():
            ids = model.generate(
                **inputs, max_new_tokens=most_tokens or _MOST_TOKENS, do_sample=False,
                stopping_criteria=stops.criteria(),
            )  # fmt: skip
        if cancel is not None:
            cancel.check()
        if stops.late:
            raise ChatFailed(f"the model did not answer within {seconds:g} s")
        new = ids[0, asked:]
        text = processor.decode(new, skip_special_tokens=True).strip()
        if on_text is not None:
            on_text(text)
        return Reply(text, self.model, Usage(asked, len(new)))

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        source = model_source(self._model)
        with loading(self.model):
            from transformers import AutoModelForMultimodalLM, AutoProcessor

            here = {"local_files_only": True}
            processor = AutoProcessor.from_pretrained(source, **here)
            model = AutoModelForMultimodalLM.from_pretrained(source, use_safetensors=True, **here)
        return processor, model.eval()


class _Stops:
    """Ends the writing of a text by time, or by another thread, and remembers which."""

    def __init__(self, deadline: float, cancel: CancelToken | None) -> None:
        self.late = False
        self._deadline, self._cancel = deadline, cancel

    def criteria(self) -> Any:
        """Return it as ``generate`` takes it."""
        from transformers import StoppingCriteriaList

        return StoppingCriteriaList([self])

    def __call__(self, ids: Any, *_: Any, **__: Any) -> Any:
        import torch

        self.late = self.late or time.monotonic() > self._deadline
        over = self.late or (self._cancel is not None and self._cancel.cancelled)
        return torch.full((ids.shape[0],), over, dtype=torch.bool)


def _message(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": [_part(part) for part in message.parts]}


def _part(part: object) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, ChatImage):
        from PIL import Image

        return {"type": "image", "image": Image.open(io.BytesIO(part.jpeg)).convert("RGB")}
    assert isinstance(part, ChatMedia)
    if part.mime != "audio/wav":
        raise ChatFailed(f"this model is not asked about {part.mime}")
    sound = of_wav(part.content)
    if sound.rate != _RATE:
        raise ChatFailed(f"this model hears sound at {_RATE} Hz")
    return {"type": "audio", "audio": sound.samples}
