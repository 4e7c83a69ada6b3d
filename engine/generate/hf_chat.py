"""Chats that see, watch or hear, by ``AutoModelForMultimodalLM`` of transformers."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.common.progress import CancelToken
from engine.config import Settings
from engine.errors import ChatFailed, EncoderUnavailable
from engine.generate.chat import ChatImage, ChatMedia, Message, Reply, Schema, Text, Usage
from engine.generate.hf_models import (
    GenerationStops,
    load_model,
    model_source,
    require_transformers,
)
from engine.generate.speaker import of_wav

_MOST_TOKENS = 512
_RATE = 16_000
"""Samples a second of what these models hear."""
_WATCHES = ("video_llama_3", "video_llava")
"""Kinds of models that were trained on the frames of a video as one input: VideoLLaMA
3 (Zhang et al. 2025), which reads the time of each frame, and Video-LLaVA (Lin et al. 2023)."""
_THINKER = "thinker_config"
"""The part that writes of a model that also speaks (Qwen3-Omni); only it is loaded."""
_TICKS = 10.0
"""Places a second by which the times of frames are given: VideoLLaMA 3 reads tenths."""


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
        return "vision_config" in self._writer

    @property
    def hears_samples(self) -> bool:
        """True if the model has a tower of sounds, which takes samples at 16 kHz."""
        return "audio_config" in self._writer

    @property
    def _writer(self) -> dict[str, Any]:
        """The configuration of what writes; the whole one but in a model that also speaks."""
        writer: dict[str, Any] = self._config.get(_THINKER, self._config)
        return writer

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
        stops = GenerationStops(seconds, cancel)
        processor, model = self._loaded
        inputs = self._inputs(processor, messages)
        asked = int(inputs["input_ids"].shape[1])
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
        if _THINKER not in self._config:
            return load_model(self.model, self._model, "AutoModelForMultimodalLM")
        processor, whole = load_model(
            self.model, self._model, "AutoModelForMultimodalLM", enable_audio_output=False
        )
        return processor, whole.thinker

    def _inputs(self, processor: Any, messages: Sequence[Message]) -> Any:
        """Return the tensors of a chat. Pictures of a model that watches are one video."""
        if self._config.get("model_type") not in _WATCHES:
            return processor.apply_chat_template(
                [_message(message) for message in messages],
                add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
            )  # fmt: skip
        watched = [_frames(message) for message in messages]
        stills = [
            _image(part)
            for message, frames in zip(messages, watched, strict=True)
            for part in message.parts
            if isinstance(part, ChatImage) and not frames
        ]
        asked = processor.apply_chat_template(
            [_with_video(*turn) for turn in zip(messages, watched, strict=True)],
            add_generation_prompt=True, tokenize=False,
        )  # fmt: skip
        videos = [frames for frames in watched if frames]
        shown: dict[str, Any] = {"images": stills} if stills else {}
        if videos:
            shown["videos"] = [list(map(_pixels, frames)) for frames in videos]
            shown["video_metadata"] = [_times(frames) for frames in videos]
        return processor(text=[asked], return_tensors="pt", **shown)


def _frames(message: Message) -> list[ChatImage]:
    """Return the pictures of a message that are one video; a picture of no time is a still."""
    shown = [part for part in message.parts if isinstance(part, ChatImage)]
    return shown if len(shown) > 1 or any(part.seconds is not None for part in shown) else []


def _with_video(message: Message, frames: Sequence[ChatImage]) -> dict[str, Any]:
    """Return a message whose frames stand as one video where the first of them did."""
    content = [
        {"type": "video"} if part in frames else _part(part)
        for part in message.parts
        if part not in frames[1:]
    ]
    return {"role": message.role, "content": content}


def _times(frames: Sequence[ChatImage]) -> dict[str, Any]:
    """Return what a processor of videos is told of frames that were chosen already."""
    times = [float(place) if f.seconds is None else f.seconds for place, f in enumerate(frames)]
    places = [round(time * _TICKS) for time in times]
    return {"total_num_frames": max(places) + 1, "fps": _TICKS, "frames_indices": places}


def _pixels(part: ChatImage) -> Any:
    import numpy as np

    return np.asarray(_image(part))


def _image(part: ChatImage) -> Any:
    from PIL import Image

    return Image.open(io.BytesIO(part.jpeg)).convert("RGB")


def _message(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": [_part(part) for part in message.parts]}


def _part(part: object) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, ChatImage):
        return {"type": "image", "image": _image(part)}
    assert isinstance(part, ChatMedia)
    if part.mime != "audio/wav":
        raise ChatFailed(f"this model is not asked about {part.mime}")
    sound = of_wav(part.content)
    if sound.rate != _RATE:
        raise ChatFailed(f"this model hears sound at {_RATE} Hz")
    return {"type": "audio", "audio": sound.samples}
