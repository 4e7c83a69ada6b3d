"""Answers about a file that was sent along: what it shows, and the moments that are like it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.assistant.answer import (
    EXTRACTIVE,
    CitedAnswer,
    OnSentence,
    Searched,
    SentenceCollector,
)
from engine.assistant.evidence import Claim, passages_of
from engine.assistant.frames import AnswerFrames, frames_of
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
_GUESSED = 0.3
"""Probability from which the likeliest label is told where none is sure.

Of half of 172 photographs (photos/dev.csv) people named it in 3 of 17 below, and in 7 of 12 from
there to one half; of the other half in 1 of 14, and in 3 of 12. A zebra was told as a horse."""
_SURE = re.compile("\\s*[(\uff08][{]sure[}][)\uff09]")
"""The part of a frame that says how sure a claim is; labels of a scene are all sure."""
_END = re.compile("(?<=[.!?])\\s+|(?<=[\u3002\uff01\uff1f])|\n+")
"""The end of a sentence that a model writes."""


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
        describe: has a model answer about it, piece by piece; None where none is set up.
        model: the name of that model.
    """

    scene: Callable[[], KnownScene]
    describe: Callable[[str, Callable[[str], None]], Description] | None
    model: str = EXTRACTIVE


def example_answer(
    question: LibraryQuestion,
    example: SentExample,
    found: SearchResult,
    store: Store,
    on_sentence: OnSentence | None = None,
) -> CitedAnswer:
    """Return what a file shows, and the files of the library that are like it, which are cited.

    Args:
        found: the moments that are like it, the likeliest first.
        on_sentence: called with each sentence as it is made.
    """
    notes: list[str] = []
    frames = question.frames
    collector = SentenceCollector(on_sentence, stop=frames.stop)
    model, spent = _describe(question, example, collector, notes)
    hits = [hit for hit in found.hits if hit.likely][:_ALIKE]
    for passage in passages_of(store, hits, "it"):
        alike = replace(passage, claim=Claim.ALIKE, text="")
        collector.add(alike.worded(frames), [alike], model)
    if not hits:
        collector.add(_capitalised(frames.none_alike), [], model)
    searched = Searched("what is like it", len(found.hits), len(hits), notes=found.notes)
    return CitedAnswer(
        question, tuple(collector.sentences), tuple(collector.passages), model, (searched,),
        notes=tuple(notes), spent=spent,
    )  # fmt: skip


def _describe(
    question: LibraryQuestion, example: SentExample, collector: SentenceCollector, notes: list[str]
) -> tuple[str, Spent]:
    """Add sentences about the file, and return who made them, and what that took."""
    if example.describe is None:
        notes.append("no model that sees is set up, so labels and texts are named alone")
    else:
        writing = _Sentences(lambda text: collector.add(text, [], example.model))
        try:
            description = example.describe(question.text, writing.add)
        except ChatFailed as error:
            notes.append(f"the model did not describe it: {printable(str(error))}")
        else:
            writing.end(description.text)
            return example.model, description.spent
        if collector.sentences:
            return example.model, Spent()
    collector.add(_known(example.scene(), question.frames), [])
    return EXTRACTIVE, Spent()


class _Sentences:
    """Cuts what a model writes into sentences, which are handed on when they are whole."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._rest = ""
        self._begun = False

    def add(self, piece: str) -> None:
        """Add a piece of the text."""
        self._begun = True
        *whole, self._rest = _END.split(self._rest + piece)
        for sentence in whole:
            self._tell(sentence)

    def end(self, text: str) -> None:
        """Hand on what is left; all of it, where no piece of it came."""
        self._tell(self._rest if self._begun else text)

    def _tell(self, sentence: str) -> None:
        if words := printable(" ".join(sentence.split())):
            self._on_text(words)


def _known(known: KnownScene, frames: AnswerFrames) -> str:
    """Return a sentence of what a file shows and says; the captions of the template are English."""
    scene, sent = known.scene, frames.sent[known.scene.kind]
    if frames is frames_of(""):
        caption = TemplateCaptioner().caption(scene, CaptionStyle.SENTENCE, seconds=0.0)
    else:
        sure = "sounds" if scene.kind == "audio" else "shows"
        parts = (sure, ", ".join(scene.labels)), ("reads", scene.on_screen), ("says", scene.speech)
        caption = "; ".join(
            _SURE.sub("", frames.claims[claim]).format(
                name=frames.on_sent if claim == "reads" else sent, text=text
            )
            for claim, text in parts if text
        )  # fmt: skip
    if caption:
        return _capitalised(caption.rstrip("."))
    sentence = frames.unknown.format(sent=sent)
    if known.guess is not None and known.guess[1] >= _GUESSED:
        label, probability = known.guess
        at_best = frames.at_best.format(sentence=sentence, label=label, sure=f"{probability:.0%}")
        return _capitalised(at_best)
    return _capitalised(sentence)


def _capitalised(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
