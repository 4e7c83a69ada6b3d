"""The assistant of a library: question, searches, passages, verification, answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.assistant.answer import EXTRACTIVE, CitedAnswer, Searched, cited
from engine.assistant.evidence import WORDED, Claim, EvidencePassage, best_of_each, passages_of
from engine.assistant.extractive import Sentences, extractive_sentences
from engine.assistant.prompts import prompt
from engine.assistant.question import LibraryQuestion, Wanted, read_question
from engine.assistant.verification import Verifier
from engine.assistant.writing import model_searches, written_sentences
from engine.common.text import printable
from engine.config import Settings
from engine.errors import ChatFailed, EncoderUnavailable, QuerySyntax, UsageError
from engine.generate.budget import MeteredChat, ModelBudget, Prices, Spent
from engine.query.calibration.confidence import LIKELY
from engine.query.language import build_query, quoted
from engine.store import Store
from engine.types import Group, Query, SearchResult

if TYPE_CHECKING:
    from engine.common.progress import CancelToken
    from engine.generate.chat import Chat

_TOP, _COUNT_TOP = 30, 2_000
"""Moments that a search brings; of a count more, since all of them are the answer."""
_LONGEST = 2_000
"""Characters of a question."""
_LEFT_OUT = 20
"""Passages that were left out, of which the record tells."""

_WORDS = (Wanted.WORDS, Wanted.SPEECH)
"""The kinds of answers that a model may write; counts, files, dates and places are not its."""

RunQuery = Callable[[Query], SearchResult]


@dataclass
class _Record:
    """The record of a question so far."""

    searches: list[Searched] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()


class Assistant:
    """Answers questions about a library. Making one loads nothing.

    Args:
        run: runs a query of the library.
    """

    def __init__(self, store: Store, settings: Settings, run: RunQuery, verifier: Verifier) -> None:
        self._store, self._settings, self._run = store, settings, run
        self._verifier = verifier

    def ask(
        self,
        text: str,
        *,
        chat: Chat | None = None,
        where: Sequence[str] | str = (),
        seconds: float | None = None,
        cancel: CancelToken | None = None,
    ) -> CitedAnswer:
        """Answer a question; errors are those of ``Library.ask``."""
        if not any(map(str.isalnum, text)):
            raise UsageError("the question is empty")
        if len(text) > _LONGEST:
            raise UsageError(f"the question has {len(text):,} characters; {_LONGEST:,} are read")
        question, record = read_question(text), _Record()
        metered = None if chat is None else self._metered(chat, seconds)
        passages = self._searched(question, question.searches, "rules", where, record)
        if metered is not None:
            passages += self._searched_by_model(question, metered, where, record, cancel)
        began = time.perf_counter()
        verified = self._verifier.verify(
            question.clauses, _wanted(question, best_of_each(passages))
        )
        if verified.note and any(p.claim in WORDED for p in verified.kept):
            record.notes.append(verified.note)
        record.took["verify"] = (time.perf_counter() - began) * 1e3
        model, sentences = EXTRACTIVE, extractive_sentences(question, verified.kept)
        if sentences and metered is not None and question.wanted in _WORDS:
            began = time.perf_counter()
            written = self._written(question, verified.kept, metered, record, cancel)
            record.took["write"] = (time.perf_counter() - began) * 1e3
            if written:
                model, sentences = metered.model, written
        made, used = cited(sentences)
        return CitedAnswer(
            question, made, used, model, tuple(record.searches), verified.left_out[:_LEFT_OUT],
            record.dropped, tuple(record.notes), record.prompts, record.took,
            Spent() if metered is None else metered.spent,
        )  # fmt: skip

    def _written(
        self,
        question: LibraryQuestion,
        passages: Sequence[EvidencePassage],
        chat: MeteredChat,
        record: _Record,
        cancel: CancelToken | None,
    ) -> Sentences:
        """Return the sentences of a model that are borne out; none where it failed."""
        record.prompts["answer"] = prompt("answer").version
        try:
            written = written_sentences(question, passages, chat, self._verifier, cancel)
        except ChatFailed as error:
            record.notes.append(_instead(str(error)))
            return []
        record.dropped = written.dropped
        if not written.sentences:
            record.notes.append(_instead("nothing that the model wrote is borne out"))
        return written.sentences

    def _metered(self, chat: Chat, seconds: float | None) -> MeteredChat:
        budget = ModelBudget.of(self._settings)
        if seconds is not None:
            budget = replace(budget, seconds=min(budget.seconds, seconds))
        prices = Prices(self._settings.llm_price_in, self._settings.llm_price_out)
        return MeteredChat(chat, budget, prices)

    def _searched(
        self,
        question: LibraryQuestion,
        searches: Sequence[str],
        by: str,
        where: Sequence[str] | str,
        record: _Record,
    ) -> list[EvidencePassage]:
        began = time.perf_counter()
        passages: list[EvidencePassage] = []
        for text in searches:
            found = self._run(self._query(question, text, where))
            hits = [hit for hit in found.hits if hit.likely]
            record.searches.append(Searched(text, len(found.hits), len(hits), by, found.notes))
            passages += passages_of(self._store, found.hits, question.subject)
        took = (time.perf_counter() - began) * 1e3
        record.took["search"] = record.took.get("search", 0.0) + took
        return passages

    def _query(self, question: LibraryQuestion, text: str, where: Sequence[str] | str) -> Query:
        counts = question.wanted is Wanted.COUNT
        top = _COUNT_TOP if counts else _TOP
        group = Group.ASSET if counts else Group.NONE
        try:
            return build_query(
                text, local=False, kinds=question.kinds, where=where, top=top, group=group
            )
        except QuerySyntax:
            # A question is no query: what the language cannot read stands for itself.
            return build_query(
                quoted(text), local=False, kinds=question.kinds, where=where, top=top, group=group
            )

    def _searched_by_model(
        self,
        question: LibraryQuestion,
        chat: MeteredChat,
        where: Sequence[str] | str,
        record: _Record,
        cancel: CancelToken | None,
    ) -> list[EvidencePassage]:
        """Search for what a model makes of the question, where it wants words."""
        if question.wanted not in _WORDS:
            return []
        record.prompts["searches"] = prompt("searches").version
        try:
            searches = model_searches(question, chat, cancel)
        except ChatFailed as error:
            record.notes.append(f"searched by rules alone: {printable(str(error))}")
            return []
        new = [text for text in searches if text not in question.searches]
        return self._searched(question, [quoted(text) for text in new], chat.model, where, record)


def _instead(reason: str) -> str:
    return f"the passages are quoted as they are: {printable(reason)}"


def _wanted(
    question: LibraryQuestion, passages: Sequence[EvidencePassage]
) -> list[EvidencePassage]:
    """Return the passages of the sort that a question wants."""
    if question.wanted is Wanted.SPEECH:
        return [passage for passage in passages if passage.claim is Claim.SAYS]
    if question.wanted is Wanted.WORDS:
        return [passage for passage in passages if passage.claim in WORDED]
    # What a file shows needs no reader; words in it count where the search is sure of them.
    return [p for p in passages if p.claim not in WORDED or p.confidence >= LIKELY]


def cross_encoder_verifier(settings: Settings) -> Verifier:
    """Return a verifier with the cross-encoder, or without where it is not installed."""
    from engine.encoders.cross_encoder import CrossEncoder

    made = CrossEncoder(settings)
    try:
        made.check()
    except EncoderUnavailable:
        return Verifier(None)
    return Verifier(made)
