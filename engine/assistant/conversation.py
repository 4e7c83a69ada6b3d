"""A conversation about a library: questions that refer to the answers before them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from engine.assistant.alike import alike_passages
from engine.assistant.answer import CitedAnswer, OnSentence
from engine.assistant.answer_sources import AnswerSources, AskOptions
from engine.assistant.asking import Asking
from engine.assistant.evidence import EvidencePassage, beside
from engine.assistant.frames import listed_names
from engine.assistant.question import LibraryQuestion, Wanted, checked_question
from engine.assistant.references import ResolvedTurn, Turn, resolve
from engine.assistant.scope import FileScope
from engine.common.text import printable
from engine.errors import InvalidQuery, UsageError

if TYPE_CHECKING:
    from engine.common.progress import CancelToken

MOST_TURNS = 20
"""Turns that are remembered, the last ones."""
_VERSION = 1
_OF_FILES = (Wanted.DATE, Wanted.PLACE, Wanted.LENGTH, Wanted.SIZE, Wanted.SUMMARY)
"""Kinds of answers that are facts of the files themselves."""


class Conversation:
    """Questions one after another, of which a later one may refer to what was answered before.

    ``Library.chat`` makes it. It is used by one thread at a time.
    """

    def __init__(
        self,
        sources: AnswerSources,
        options: AskOptions,
        about: Sequence[str] = (),
        saved: Mapping[str, Any] | None = None,
    ) -> None:
        """Errors are those of ``Library.chat``."""
        self._sources, self._options = sources, options
        self._about = tuple(about)
        self._turns: deque[Turn] = deque(maxlen=MOST_TURNS)
        if saved is not None:
            self._restore(saved)

    @property
    def about(self) -> tuple[str, ...]:
        """The files and folders that it is about; empty for all of the library."""
        return self._about

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns that are remembered, the last one last."""
        return tuple(self._turns)

    def ask(
        self,
        text: str,
        *,
        seconds: float | None = None,
        on_sentence: OnSentence | None = None,
        cancel: CancelToken | None = None,
    ) -> CitedAnswer:
        """Answer a question, which may refer to the answers before it.

        "The second one", "and after that?", "show me", "I meant the beach" and pronouns mean
        what the last answer cited; a note of the answer says how it was understood.

        Args:
            seconds: for the whole answer; by default that of the settings, for the model alone.
            on_sentence: called with each sentence once it is verified.

        Raises:
            UsageError: the question is empty or too long.
            QuerySyntax: a filter cannot be read.
            Cancelled: ``cancel`` was.
        """
        resolved = resolve(checked_question(text), self._turns)
        scope = resolved.scope if resolved.scope.only else replace(
            resolved.scope, only=self._about
        )  # fmt: skip
        options = replace(
            self._options, scope=scope, seconds=seconds, on_sentence=on_sentence, cancel=cancel
        )
        asking = Asking(self._sources, resolved.question, options)
        answer = self._answered(asking, resolved)
        if resolved.failed:
            answer = replace(answer, absent=f"{resolved.note[0].upper()}{resolved.note[1:]}.")
        elif resolved.note:
            answer = replace(answer, notes=(resolved.note, *answer.notes))
            if resolved.scope.only and not answer.found:
                frames = resolved.question.frames
                names = listed_names([PurePath(path).name for path in scope.only], frames)
                answer = replace(answer, absent=frames.not_in.format(names=printable(names)))
        if not resolved.failed:
            self._turns.append(self._turn(text, resolved, answer))
        return answer

    def _turn(self, text: str, resolved: ResolvedTurn, answer: CitedAnswer) -> Turn:
        question, scope = answer.question, resolved.scope
        if resolved.recalled and not resolved.scope.only and self._turns:
            # "The second one" asks nothing: what it is about is what was asked before.
            question, scope = self._turns[-1].question, self._turns[-1].scope
        return Turn(text, question, scope, answer.text, answer.passages)

    def _answered(self, asking: Asking, resolved: ResolvedTurn) -> CitedAnswer:
        if resolved.failed:
            return asking.quote(())
        if resolved.step:
            (moment,) = resolved.recalled
            return asking.quote(beside(self._sources.store, moment, resolved.step))
        if resolved.alike:
            return self._alike(asking, resolved)
        if not resolved.scope.only:
            return asking.quote(resolved.recalled) if resolved.recalled else asking.answer()
        if resolved.question.wanted in _OF_FILES:
            return asking.answer_about(resolved.recalled)
        return asking.answer()

    def _alike(self, asking: Asking, resolved: ResolvedTurn) -> CitedAnswer:
        """Answer by what is like a moment, or say that nothing is."""
        (moment,), frames = resolved.recalled, resolved.question.frames
        try:
            found = alike_passages(
                self._sources.store, self._sources.run, moment, kinds=resolved.question.kinds,
                where=self._options.where, scope=FileScope(self._about),
            )  # fmt: skip
        except InvalidQuery as error:
            return replace(asking.quote(()), absent=f"{printable(str(error))}{frames.stop}")
        nothing = frames.none_alike[0].upper() + frames.none_alike[1:] + frames.stop
        return replace(asking.quote(found), absent=nothing)

    # --- kept -----------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return what ``Library.chat(saved=...)`` goes on with, for JSON."""
        return {
            "version": _VERSION, "about": [*self._about],
            "turns": [
                {
                    "text": turn.text, "question": turn.question.to_dict(), "answer": turn.answer,
                    "scope": {"only": [*turn.scope.only], "but_not": [*turn.scope.but_not]},
                    "citations": [passage.to_dict() for passage in turn.passages],
                }
                for turn in self._turns
            ],
        }  # fmt: skip

    def save(self, path: str | Path) -> None:
        """Write it to a JSON file, which appears whole or not at all.

        Raises:
            UsageError: it cannot be written there.
        """
        from engine.common.atomic_write import check_place, written

        check_place(Path(path))
        with written(Path(path)) as draft:
            text = json.dumps(self.to_dict(), ensure_ascii=False, indent=1)
            draft.write_text(text + "\n", "utf-8")

    def _restore(self, saved: Mapping[str, Any]) -> None:
        try:
            if saved["version"] != _VERSION:
                raise UsageError(
                    f"the conversation is of version {saved['version']}; this reads {_VERSION}"
                )
            self._about = self._about or tuple(map(str, saved["about"]))
            self._turns.extend(map(_turn, saved["turns"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise UsageError("the conversation cannot be read: it is none that was saved") from None


def _turn(saved: Mapping[str, Any]) -> Turn:
    scope = FileScope(tuple(saved["scope"]["only"]), tuple(saved["scope"]["but_not"]))
    passages = tuple(map(EvidencePassage.from_dict, saved["citations"]))
    question = LibraryQuestion.from_dict(saved["question"])
    return Turn(str(saved["text"]), question, scope, str(saved["answer"]), passages)


def read_conversation(path: str | Path) -> dict[str, Any]:
    """Read a conversation that was saved.

    Raises:
        UsageError: it is not there, or is none.
    """
    try:
        document = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is no conversation that was saved") from None
    if not isinstance(document, dict):
        raise UsageError(f"{path} is no conversation that was saved")
    return document
