"""The part of the facade that answers questions about what the library holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.common.progress import CancelToken
from engine.common.user_path import expanded
from engine.errors import PathNotFound
from engine.library.exchange import ExchangingLibrary

if TYPE_CHECKING:
    from engine.assistant.answer import CitedAnswer, OnSentence
    from engine.assistant.answer_sources import AskOptions
    from engine.assistant.conversation import Conversation
    from engine.assistant.service import Assistant
    from engine.assistant.verification import Verifier
    from engine.types.arrays import Vectors


class AskingLibrary(ExchangingLibrary):
    """A library that is asked, once or in a conversation. Wiring only."""

    def ask(
        self,
        question: str,
        *,
        model: str | None = None,
        where: Sequence[str] | str = (),
        seconds: float | None = None,
        on_sentence: OnSentence | None = None,
        cancel: CancelToken | None = None,
    ) -> CitedAnswer:
        """Answer a question by sentences that cite moments of this library.

        Without a model the sentences are what moments say, or are found to show. With one it
        writes them from numbered passages, and is held to those; whatever it fails at, the
        passages are quoted instead, and a note of the answer says so.

        Args:
            model: such as ``local:qwen`` or ``openai:MODEL``, or ``extractive`` for none; None for
                ``answer_model`` of the settings, which is none by default.
            where: only files of which these filters are true.
            seconds: for the whole answer; what is not done by then is left out, and a note says
                so. By default the model alone is bounded, by ``llm_seconds``.
            on_sentence: called with each sentence once it is verified, in the order of the
                answer, with the moments that it cites.

        Raises:
            UsageError: the question is empty, or the model is not installed or configured.
            QuerySyntax: a filter cannot be read.
            Cancelled: ``cancel`` was.
        """
        options = self._ask_options(model, where)
        return self._assistant.ask(
            question, replace(options, seconds=seconds, on_sentence=on_sentence, cancel=cancel)
        )

    def chat(
        self,
        about: str | Path | Sequence[str | Path] = (),
        *,
        model: str | None = None,
        where: Sequence[str] | str = (),
        saved: str | Path | Mapping[str, Any] | None = None,
    ) -> Conversation:
        """Begin a conversation, whose questions may refer to the answers before them.

        ``conversation.ask(text)`` answers like ``ask``; "the second one", "and after that?",
        "show me" and "I meant the beach" mean what was answered before.

        Args:
            about: files and folders of the library; all of it by default.
            model: as for ``ask``.
            where: as for ``ask``.
            saved: a file that ``Conversation.save`` wrote, or its ``to_dict()``, to go on with.

        Raises:
            PathNotFound: nothing of the library is there.
            UsageError: ``saved`` cannot be read, or the model is not installed or configured.
        """
        from engine.assistant.conversation import read_conversation

        named = [about] if isinstance(about, str | Path) else about
        paths = [str(expanded(path)) for path in named]
        for path in paths:
            if next(iter(self.store.assets([path])), None) is None:
                raise PathNotFound(f"{path}: nothing there is in this library")
        document = (
            saved if saved is None or isinstance(saved, Mapping) else read_conversation(saved)
        )
        return self._assistant.converse(self._ask_options(model, where), paths, document)

    def _ask_options(self, model: str | None, where: Sequence[str] | str) -> AskOptions:
        from engine.assistant.answer import EXTRACTIVE
        from engine.assistant.answer_sources import AskOptions
        from engine.generate.chats import make_chat

        named = model or self.settings.answer_model
        writes = named not in ("", EXTRACTIVE)
        return AskOptions(make_chat(named, self.settings) if writes else None, where)

    @cached_property
    def _assistant(self) -> Assistant:
        from engine.assistant.answer_sources import AnswerSources
        from engine.assistant.rivals import rival_names
        from engine.assistant.service import Assistant

        return Assistant(
            AnswerSources(
                self.store, self.settings, self.run, self._verifier,
                rival_names(self.store, self.searcher, lambda: self.towers, self.settings),
                self._vectors_of, lambda text: self.embed([text])[0],
            )
        )  # fmt: skip

    @cached_property
    def _verifier(self) -> Verifier:
        from engine.assistant.service import cross_encoder_verifier

        return cross_encoder_verifier(self.settings)

    def _vectors_of(self, moment_ids: Sequence[int]) -> dict[int, Vectors]:
        from engine.query.moment_vectors import moment_vectors

        shared = self.towers.shared
        rows = moment_vectors(self.searcher, [*self.store.records(moment_ids).values()], [shared])
        return {number: own[shared.name] for number, own in rows.items() if shared.name in own}
