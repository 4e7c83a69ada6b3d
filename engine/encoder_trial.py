"""Have an encoder or a reranker that sees embed one input of each kind. Wiring only."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from engine.encoders.cross_encoder import CrossEncoder
from engine.encoders.towers import Towers
from engine.errors import SensoriumError
from engine.query.rerank.seeing import PairModel
from engine.types import Modality

_TEXT = "a red boat in the harbour"
_SECONDS = 2.0
"""Seconds of the sound that is embedded."""


def embed_once(towers: Towers) -> str:
    """Embed a text, and a picture and a sound where they are taken; say how long each took.

    Raises:
        EncoderUnavailable: the model cannot be loaded.
        SensoriumError: a vector is not finite.
    """
    towers.check()
    space, name = towers.shared, towers.encoder.name
    picture = _picture()
    acts: dict[str, Callable[[], object]] = {
        "text": lambda: towers.embed_queries(space.name, [_TEXT])
    }
    if towers.modalities & {Modality.IMAGE, Modality.KEYFRAME}:
        acts["image"] = lambda: (
            towers.submit_pictures([towers.prepare_picture(picture)]).result().vectors[space.name]
        )
    if towers.has_sound_tower and Modality.SOUND in towers.modalities:
        beats = 2 * np.pi * 440 * np.arange(round(_SECONDS * towers.sound.rate)) / towers.sound.rate
        window = towers.sound.prepare((0.3 * np.sin(beats)).astype(np.float32))
        acts["sound"] = lambda: towers.sound.listen([window]).features
    return f"a vector of {space.dim} numbers; {_took(acts, name)}"


def judge_once(pairs: PairModel) -> str:
    """Judge a picture, and a text where it reads, for a query; otherwise as ``embed_once``."""
    picture = _picture()
    acts: dict[str, Callable[[], object]] = {"image": lambda: pairs.logits(_TEXT, [picture])}
    if pairs.reads:
        acts["text"] = lambda: pairs.logits(_TEXT, [_TEXT])
    return _took(acts, pairs.name)


def judge_text_once(cross: CrossEncoder) -> str:
    """Judge a text for a query; otherwise as ``embed_once``."""
    return _took({"text": lambda: cross.logits(_TEXT, [_TEXT])}, "cross")


def _took(acts: dict[str, Callable[[], object]], name: str) -> str:
    """Return how long each act took once it was done before."""
    parts = []
    for kind, act in acts.items():
        if not np.isfinite(np.asarray(act())).all():
            raise SensoriumError(f"{name} gave a number that is not finite; it cannot be used here")
        began = time.perf_counter()
        act()
        parts.append(f"one {kind} {(time.perf_counter() - began) * 1e3:.0f} ms")
    return ", ".join(parts)


def _picture() -> Image.Image:
    ramp = np.linspace(0, 255, 640, dtype=np.uint8)[np.newaxis].repeat(480, axis=0)
    return Image.fromarray(np.stack([ramp, ramp[:, ::-1], 255 - ramp], axis=2))
