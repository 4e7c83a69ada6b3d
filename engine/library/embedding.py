"""Vectors of texts and of examples in the default space of a library. Wiring only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.common.progress import Progress
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import EmptyMedia, ExtraMissing, UsageError
from engine.query.example_values import example_part
from engine.query.examples import resolve_examples
from engine.query.prepare import (
    PreparedExample,
    embed_prepared,
    media_type,
    naming_file,
    prepare_picture,
    prepare_sound,
)
from engine.query.transcription import Transcription, transcribe
from engine.types import Kind, PartKind, Query
from engine.types.arrays import Vectors
from engine.types.examples import Example

if TYPE_CHECKING:
    from PIL.Image import Image

    from engine.query.describing import Description


def embed_texts(texts: Sequence[str], towers: Towers) -> Vectors:
    """Return unit vectors (n, dim) of texts in the shared space."""
    if not texts:
        return np.zeros((0, towers.shared.dim), np.float32)
    return towers.embed_queries(towers.shared.name, texts)


def prepare_example(example: Example, towers: Towers, settings: Settings) -> PreparedExample:
    """Decode a picture, a video or a sound for ``embed_examples``.

    Errors are those of ``Library.prepare_example``.
    """
    part = example_part(example, PartKind.FILE, "example")
    with resolve_examples(Query((part,)), settings) as (query, files):
        (known,) = query.parts
        prepare = prepare_sound if known.asked is PartKind.AUDIO else prepare_picture
        with naming_file(known.value):
            return prepare(files[known.value], towers, settings)


def embed_examples(prepared: Sequence[PreparedExample], towers: Towers) -> Vectors:
    """Return the unit vectors (n, dim) of examples in the shared space, encoded together."""
    if not prepared:
        return np.zeros((0, towers.shared.dim), np.float32)
    return np.stack([rows[towers.shared.name] for rows in embed_prepared(prepared, towers)])


def describe_example(
    example: Example,
    question: str,
    towers: Towers,
    settings: Settings,
    model: str | None,
    on_text: Callable[[str], None] | None,
    progress: Progress,
    seen_in: Callable[[Image], Sequence[str]],
) -> Description:
    """Answer one question about a picture, a video or a sound.

    Errors are those of ``Library.ask_file``.
    """
    from engine.generate.budget import MeteredChat, ModelBudget, Prices
    from engine.generate.chats import make_chat
    from engine.query import model_roles as registry
    from engine.query.describing import MediaConversation

    part = example_part(example, PartKind.FILE, "example")
    # A file that is not there is told before a model that is not there: it is the nearer mistake.
    with resolve_examples(Query((part,)), settings) as (query, files):
        name = model or settings.vision_model
        chat = registry.make("vision chat", name, settings) if name else make_chat(None, settings)
        prices = Prices(settings.llm_price_in, settings.llm_price_out)
        metered = MeteredChat(chat, ModelBudget.of(settings), prices)
        (known,) = query.parts
        with naming_file(known.value):
            path = files[known.value].path
            talk = MediaConversation(path, metered, towers, settings, progress, seen_in=seen_in)
            return talk.ask(question, on_text=on_text)


def transcribe_example(
    example: Example,
    towers: Towers,
    settings: Settings,
    words: bool,
    progress: Progress,
    transcriber: str | None = None,
    aligner: str | None = None,
    diarizer: str | None = None,
) -> Transcription:
    """Return what is said in a sound or a video.

    Errors are those of ``Library.transcribe``.
    """
    from engine.query import model_roles as registry

    speech = towers.speech
    if transcriber:
        speech = registry.make("transcriber", transcriber, settings)
    if speech is None:
        if not settings.speech:
            raise UsageError("speech is turned off: the setting speech, or SENSORIUM_SPEECH, is 0")
        raise ExtraMissing("transcribing", "speech")
    timing = registry.make("aligner", aligner, settings) if aligner else None
    telling = registry.make("diarizer", diarizer, settings) if diarizer else None
    part = example_part(example, PartKind.FILE, "example")
    with resolve_examples(Query((part,)), settings) as (query, files):
        (known,) = query.parts
        with naming_file(known.value):
            path = files[known.value].path
            if media_type(path).kind is Kind.IMAGE:
                raise EmptyMedia("a picture has no sound")
            return transcribe(
                path, speech, settings, words=words or timing is not None, progress=progress,
                aligner=timing, diarizer=telling,
            )  # fmt: skip
