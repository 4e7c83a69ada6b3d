"""Wiring of questions about a file that is sent along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.assistant.answer import EXTRACTIVE
from engine.assistant.example_answer import KnownScene, SentExample, example_answer
from engine.assistant.question import read_question
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.generate.captioner import Scene
from engine.library.captions import SURE, SeenLabels
from engine.query.example_values import example_part
from engine.query.examples import resolve_examples
from engine.query.known_media import KnownMedia
from engine.query.language import SimilarOptions
from engine.query.prepare import ExampleFile, naming_file
from engine.store import Store
from engine.types import Group, Kind, PartKind, Query, SearchResult
from engine.types.examples import Example

if TYPE_CHECKING:
    from engine.assistant.answer import CitedAnswer, OnSentence
    from engine.common.progress import CancelToken
    from engine.query.describing import Description

_QUESTION = "What is this?"
"""The question of whoever sends a file without one."""
_TOP = 10


def answer_about_example(
    example: Example,
    text: str,
    store: Store,
    settings: Settings,
    towers: Towers,
    labels: SeenLabels,
    similar: Callable[..., SearchResult],
    options: SimilarOptions,
    seconds: float | None,
    on_sentence: OnSentence | None,
    cancel: CancelToken | None,
) -> CitedAnswer:
    """Answer a question about a file; errors are those of ``Library.ask_example``."""
    question = read_question(text.strip() or _QUESTION)
    part = example_part(example, PartKind.FILE, "example")
    with resolve_examples(Query((part,)), settings) as (query, files):
        (known,) = query.parts
        file = files[known.value]
        with naming_file(known.value):
            found = similar(file.path, top=_TOP, group=Group.ASSET, kinds=question.kinds, **options)
            media = KnownMedia(file.path, towers, settings)
            sent = SentExample(
                lambda: _scene(media, labels),
                _describer(file, settings, towers, seconds, cancel),
                settings.vision_model or EXTRACTIVE,
            )
            return example_answer(question, sent, found, store, on_sentence)


def _scene(media: KnownMedia, labels: SeenLabels) -> KnownScene:
    """Return what is known of a file without a model that describes."""
    kind = media.media.kind
    seen: list[tuple[str, float]] = []
    if kind is not Kind.AUDIO:
        seen = labels.seen_in(media.frames[0].image)
    sure = tuple(label for label, probability in seen if probability >= SURE)
    scene = Scene(
        kind.value, tuple(media.heard) if kind is Kind.AUDIO else sure,
        on_screen=" ".join(media.on_screen), speech=media.transcription.text,
    )  # fmt: skip
    return KnownScene(scene, seen[0] if seen else None)


def _describer(
    file: ExampleFile,
    settings: Settings,
    towers: Towers,
    seconds: float | None,
    cancel: CancelToken | None,
) -> Callable[[str, Callable[[str], None]], Description] | None:
    """Return what has the model of the settings that sees answer; None where there is none."""
    if not settings.vision_model:
        return None
    from engine.generate.budget import MeteredChat, ModelBudget, Prices
    from engine.query import model_roles as registry
    from engine.query.describing import MediaConversation

    chat = registry.make("vision chat", settings.vision_model, settings)
    budget = ModelBudget.of(settings)
    if seconds is not None:
        budget = replace(budget, seconds=min(budget.seconds, seconds))
    prices = Prices(settings.llm_price_in, settings.llm_price_out)
    talk = MediaConversation(file.path, MeteredChat(chat, budget, prices), towers, settings)
    return lambda question, on_text: talk.ask(question, on_text=on_text, cancel=cancel)
