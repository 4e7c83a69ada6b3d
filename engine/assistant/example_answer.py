"""Answers about a file that was sent along: what it shows, and the moments that are like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from engine.assistant.answer import EXTRACTIVE, CitedAnswer, Searched, cited
from engine.assistant.evidence import Claim, EvidencePassage, passages_of
from engine.assistant.question import LibraryQuestion
from engine.common.text import printable
from engine.errors import ChatFailed
from engine.generate.budget import Spent
from engine.generate.captioner import CaptionStyle, Scene, TemplateCaptioner
from engine.query.describing import Description
from engine.store import Store
from engine.types import SearchResult

_ALIKE = 5
"""Files that are named because they are like it."""
_GUESSED = 0.1
"""Probability from which the likeliest label is told where none is sure."""
_UNKNOWN = {
    "image": "Nothing in the picture is recognised for certain",
    "video": "Nothing in the video is recognised for certain",
    "audio": "Nothing in the sound is recognised for certain",
}
_NONE_ALIKE = "Nothing in this library is similar to it"


@dataclass(frozen=True, slots=True)
class KnownScene:
    """The facts of a file without a model that describes it."""

    scene: Scene
    guess: tuple[str, float] | None = None
    """The likeliest label with its probability, where none is sure."""


@dataclass(frozen=True, slots=True)
class SentExample:
    """A file that was sent along, as far as it is known.

    Attributes:
        scene: makes what is known of it without a model, when that is asked for.
        describe: has a model answer about it; None where none that sees is set up.
    """

    scene: Callable[[], KnownScene]
    describe: Callable[[str], Description] | None


def example_answer(
    question: LibraryQuestion, example: SentExample, found: SearchResult, store: Store
) -> CitedAnswer:
    """Return what a file shows, and the files of the library that are like it, which are cited.

    Args:
        found: the moments that are like it, the likeliest first.
    """
    notes: list[str] = []
    shown, model, spent = _described(question, example, notes)
    hits = [hit for hit in found.hits if hit.likely][:_ALIKE]
    alike = [replace(p, claim=Claim.ALIKE, text="") for p in passages_of(store, hits, "it")]
    sentences: list[tuple[str, list[EvidencePassage]]] = [(text, []) for text in shown]
    sentences += [(passage.sentence, [passage]) for passage in alike]
    if not alike:
        sentences.append((_NONE_ALIKE, []))
    made, used = cited(sentences)
    searched = Searched("what is like it", len(found.hits), len(hits), notes=found.notes)
    return CitedAnswer(question, made, used, model, (searched,), notes=tuple(notes), spent=spent)


def _described(
    question: LibraryQuestion, example: SentExample, notes: list[str]
) -> tuple[Sequence[str], str, Spent]:
    """Return sentences about the file, who made them, and what that took."""
    if example.describe is not None:
        try:
            told = example.describe(question.text)
        except ChatFailed as error:
            notes.append(f"named by labels and text alone: {printable(str(error))}")
        else:
            return [" ".join(told.text.split())], told.model, told.spent
    else:
        notes.append("no model that sees is set up, so labels and texts are named alone")
    return [_known(example.scene())], EXTRACTIVE, Spent()


def _known(known: KnownScene) -> str:
    caption = TemplateCaptioner().caption(known.scene, CaptionStyle.SENTENCE, seconds=0.0)
    if caption:
        return caption.rstrip(".")
    if known.guess is not None and known.guess[1] >= _GUESSED:
        label, probability = known.guess
        return f"{_UNKNOWN[known.scene.kind]}; at best it shows {label} ({probability:.0%})"
    return _UNKNOWN[known.scene.kind]
