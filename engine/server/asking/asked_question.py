"""A question to libraries, as every dialect asks it: with files, earlier turns, and a deadline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from engine.assistant.answer import CitedAnswer, OnSentence, StreamedSentence
from engine.assistant.conversation import Conversation
from engine.common.progress import CancelToken
from engine.errors import EmptyMedia, ExtraMissing, InvalidQuery
from engine.library.facade import Library
from engine.server.asking.conversations import Conversations
from engine.server.asking.joined_answer import AnswerJoiner, JoinedAnswer, OnAnswered
from engine.server.dialects.inputs import MediaInput
from engine.server.routes.unreadable import unreadable

SECONDS = 120.0
"""Seconds that an answer may take, from the arrival of its question."""
WAITING = 16
"""Questions that wait while others are answered."""
_KEPT_BACK = 10.0
"""Seconds of them in which what was found is still quoted and sent."""
_LEAST = 5.0
"""Seconds that an answer has where its question has waited for long."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that is sent along, and its place in the request."""

    media: MediaInput
    param: str


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question, and whom it is put to."""

    text: str
    libraries: Sequence[tuple[str, Library]]
    conversations: Conversations
    where: tuple[str, ...] = ()
    files: tuple[SentFile, ...] = ()
    earlier: tuple[str, ...] = ()
    """The questions before it, the first first."""
    about: tuple[str, ...] = ()
    """Paths of the files that it is about; empty for all."""
    seconds: float | None = None
    """Seconds that the answer may take, where the caller bounds them."""
    until: float = field(default_factory=lambda: time.monotonic() + SECONDS)
    """The end of its time, on the monotonic clock."""

    def answer(self, on_answered: OnAnswered, cancel: CancelToken) -> JoinedAnswer:
        """Answer it; sentences are handed on as they are made.

        Raises:
            Problem: a file cannot be read.
            SensoriumError: as ``Library.ask`` and ``Library.ask_example`` say.
        """
        joiner = AnswerJoiner(on_answered, several=len(self.libraries) > 1)
        text, files = self._heard(cancel)
        for place, (name, library) in enumerate(self.libraries):
            tell = partial(joiner.add_sentence, name)
            if not files:
                joiner.add_answer(name, self._asked(library, text, tell, cancel))
            for file in files:
                # What a file shows is told once; each library has its own that are like it.
                on_sentence = tell if place == 0 else partial(_tell_cited, tell)
                joiner.add_answer(name, self._about(library, file, on_sentence, cancel))
        return joiner.joined()

    def _asked(
        self, library: Library, text: str, on_sentence: OnSentence, cancel: CancelToken
    ) -> CitedAnswer:
        def ask(talk: Conversation) -> CitedAnswer:
            seconds = self._seconds
            return talk.ask(text, seconds=seconds, on_sentence=on_sentence, cancel=cancel)

        return self.conversations.go_on(library, self.about, self.where, self.earlier, text, ask)

    def _heard(self, cancel: CancelToken) -> tuple[str, tuple[SentFile, ...]]:
        """Return the question in words: a sound that comes without any is the question."""
        spoken = [file for file in self.files if file.media.kind == "audio"]
        if self.text or len(self.files) != 1 or not spoken:
            return self.text, self.files
        library = self.libraries[0][1]
        try:
            words = library.transcribe(_content(spoken[0].media), cancel=cancel).text
        except (ExtraMissing, EmptyMedia):
            words = ""
        except InvalidQuery as error:
            raise _unreadable(error, spoken[0]) from error
        return (words, ()) if any(map(str.isalnum, words)) else ("", self.files)

    def _about(
        self, library: Library, file: SentFile, on_sentence: OnSentence, cancel: CancelToken
    ) -> CitedAnswer:
        try:
            return library.ask_example(
                _content(file.media), self.text, where=self.where, seconds=self._seconds,
                on_sentence=on_sentence, cancel=cancel,
            )  # fmt: skip
        except InvalidQuery as error:
            raise _unreadable(error, file) from error

    @property
    def _seconds(self) -> float:
        left = max(_LEAST, self.until - time.monotonic() - _KEPT_BACK)
        return left if self.seconds is None else min(left, self.seconds)


def _content(media: MediaInput) -> str | bytes:
    return media.url or media.content or b""


def _unreadable(error: InvalidQuery, file: SentFile) -> Exception:
    reason = str(error).partition(": ")[2] or str(error)
    return unreadable(error, f"{file.param} cannot be read: {reason}", file.param)


def _tell_cited(on_sentence: OnSentence, streamed: StreamedSentence) -> None:
    if streamed.passages:
        on_sentence(streamed)
