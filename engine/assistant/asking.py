"""One question on its way: searches, passages, verification, sentences."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from engine.assistant.answer import (
    EXTRACTIVE,
    CitedAnswer,
    Searched,
    SentenceCollector,
)
from engine.assistant.answer_sources import AnswerSources, AskOptions
from engine.assistant.counting import count_shown
from engine.assistant.evidence import (
    WORDED,
    EvidencePassage,
    PassageKey,
    best_of_each,
    by_file,
    nearest_files,
    passages_of,
)
from engine.assistant.extractive import Sentences, extractive_sentences
from engine.assistant.kinship import rather_shown
from engine.assistant.named_files import compared, file_of, file_passage, measured, sentences_of
from engine.assistant.packing import central, pack
from engine.assistant.prompts import prompt
from engine.assistant.question import (
    LibraryQuestion,
    Measure,
    Wanted,
    may_be_renamed,
    open_question,
    read_anew,
    renamed,
)
from engine.assistant.record import AnswerRecord, quoted_instead
from engine.assistant.verification import (
    TIME_OVER,
    LeftOutPassage,
    of_wanted_sort,
    standing_alone,
    standing_out,
)
from engine.assistant.writing import SentenceWriter, model_searches
from engine.common.text import printable
from engine.errors import ChatFailed, QuerySyntax
from engine.generate.budget import MeteredChat, ModelBudget, Prices, Spent
from engine.query.language import build_query, quoted
from engine.types import Group, Query
from engine.types.arrays import Vectors

if TYPE_CHECKING:
    from engine.generate.chat import Chat

_TOP, _COUNT_TOP = 30, 2_000
"""Moments that a search brings; of a count more, since all of them are the answer."""
_LEAST_MS = 50.0
"""Milliseconds that a search gets where the time is over, so that there is something to quote."""
_LEFT_OUT = 20
"""Passages that were left out, of which the record tells."""
_SUMMARY, _SUMMED_UP = 4, 3
"""Sentences of a summary, and files that are summed up."""
_SHORT = 8
"""Sentences of files that searches bring whole, so that nothing is to be packed."""
_NEAREST = 5
"""Files that are named where there is no answer. Of 40 questions that were refused and have one
(`benchmarks.ask`), 29 have it there, and 12 in the first of them."""
WINDOW = 1_200
"""Tokens of a recording that a model is given."""
_STANDS_OUT = "no match is likely; this one stands out from all others"
_OF_NAMED_FILES = (Wanted.LENGTH, Wanted.SIZE, Wanted.SUMMARY)
_SHOWN = (Wanted.FILES, Wanted.DATE, Wanted.PLACE)
"""The kinds of answers that are about one file or a few that show something."""
_WORDS = (Wanted.WORDS, Wanted.SPEECH)
"""The kinds of answers that a model may write; counts, files, dates and places are not its."""


class Asking:
    """A question that is being answered."""

    def __init__(
        self, sources: AnswerSources, question: LibraryQuestion, options: AskOptions
    ) -> None:
        self._sources, self._question, self._options = sources, question, options
        self._asked, self._record = question, AnswerRecord()
        self._collector = SentenceCollector(options.on_sentence, stop=question.frames.stop)
        self._standing_out: set[PassageKey] = set()
        self._chat = None if options.chat is None else self._metered(options.chat)
        self._model_searches: Sequence[str] | None = None
        self._ends = None if options.seconds is None else time.monotonic() + options.seconds

    def answer(self) -> CitedAnswer:
        """Search, verify and write."""
        if (answer := self._of_named_files()) is not None:
            return answer
        passages = self._searched(self._question.searches, "rules")
        kept = self._verified(passages)
        if self._chat is not None and not kept and self._question.wanted in _WORDS:
            # A model of this machine takes as long for searches as for the answer.
            kept = self._verified([*passages, *self._searched_by_model(self._chat)])
        if self._chat is not None and self._question.wanted in _WORDS:
            recording = self._recording()
            given = best_of_each([*kept, *self._packed(recording)]) if recording else kept
            if given:
                self._write(given, self._chat, whole=bool(recording))
        if self._collector.sentences and self._chat is not None:
            return replace(self._made(), model=self._chat.model)
        if not kept and (other := read_anew(self._question)) is not None:
            self._question = other
            kept = self._verified(self._searched(other.searches, "rules"))
        if not kept and self._chat is not None:
            kept = self._shown_by_model(self._chat)
        return self.answer_from(kept)

    def _shown_by_model(self, chat: MeteredChat) -> Sequence[EvidencePassage]:
        """Return what likely shows what a model takes the question to be about."""
        if not may_be_renamed(self._asked):
            return []
        for name in self._suggested(chat):
            if (shown := renamed(self._asked, name)) is None:
                continue
            before, self._question = self._question, shown
            found = self._verified(self._searched(shown.searches, chat.model), alone=False)
            if found:
                return found
            self._question = before
        return []

    def answer_about(self, passages: Sequence[EvidencePassage]) -> CitedAnswer:
        """Answer a question about files that are known, by any passages of them."""
        wanted, store = self._question.wanted, self._sources.store
        files = [own[0] for own in by_file(passages).values()]
        if wanted in (Wanted.LENGTH, Wanted.SIZE):
            self._collect(measured(store, files, Measure(wanted), self._question.frames))
            return self._made()
        if wanted is Wanted.SUMMARY:
            return self._summarized(files)
        return self.answer_from(passages)

    def _of_named_files(self) -> CitedAnswer | None:
        """Answer about the files that the question names; None where it names none."""
        question = self._question
        if question.wanted is Wanted.COMPARE:
            pair = [file_of(self._found, name) for name in question.compared]
            both = [passage for passage in pair if passage is not None]
            if len(both) == 2:
                self._collect(compared(self._sources.store, both, question))
            return self._made()
        if question.wanted not in _OF_NAMED_FILES:
            return None
        passage = file_of(self._found, question.subject)
        if passage is not None:
            answer = self.answer_about([passage])
            if answer.found:
                return answer
        # It names no file: "how long is the hike" asks for what is said of it.
        self._question = open_question(question.text)
        return None

    def _found(self, name: str) -> list[EvidencePassage]:
        return self._searched([quoted(name)], "rules")

    def _summarized(self, files: Sequence[EvidencePassage]) -> CitedAnswer:
        """Quote the sentences that say the most of some files, or have a model sum them up."""
        wrote = EXTRACTIVE
        for file in files[:_SUMMED_UP]:
            sentences = sentences_of(self._sources.store, file)
            if not sentences:
                continue
            if self._chat is not None:
                before = len(self._collector.sentences)
                self._write(self._packed(sentences), self._chat, whole=True)
                if len(self._collector.sentences) > before:
                    wrote = self._chat.model
            if not self._collector.sentences:
                with self._record.timed("choose"):
                    own, vectors = self._vectors_of(sentences)
                    places = central(vectors, _SUMMARY) if own else []
                chosen = [own[place] for place in places] or sentences[:_SUMMARY]
                frames = self._question.frames
                self._collect([(passage.worded(frames), [passage]) for passage in chosen])
        return replace(self._made(), model=wrote)

    def _recording(self) -> list[EvidencePassage]:
        """Return all that is said in the files that the question is about, where that is much.

        A model that is asked about one recording reads what of all of it fits its window.
        """
        paths = self._options.scope.only
        files = list(islice(self._sources.store.assets(paths), _SUMMED_UP + 1)) if paths else []
        if not files or len(files) > _SUMMED_UP:
            return []
        found = [
            passage for file in files
            for passage in sentences_of(self._sources.store, file_passage(file))
        ]  # fmt: skip
        return found if len(found) > _SHORT else []

    def _packed(self, sentences: Sequence[EvidencePassage]) -> list[EvidencePassage]:
        """Return the sentences that fit a model's window, those that bear most on the question."""
        own, vectors = self._vectors_of(sentences)
        if not own:
            return [*sentences[:_SUMMARY]]
        with self._record.timed("pack"):
            asked = self._sources.embed(self._question.text)
            packed = pack(self._question.text, asked, [p.text for p in own], vectors, WINDOW)
        self._record.notes.append(str(packed))
        return [own[place] for place in packed.chosen]

    def _vectors_of(
        self, passages: Sequence[EvidencePassage]
    ) -> tuple[list[EvidencePassage], Vectors]:
        rows = self._sources.vectors([passage.moment_id for passage in passages])
        own = [passage for passage in passages if passage.moment_id in rows]
        stacked = [rows[passage.moment_id] for passage in own]
        return own, np.stack(stacked) if stacked else np.zeros((0, 0), np.float32)

    def answer_from(self, passages: Sequence[EvidencePassage]) -> CitedAnswer:
        """Answer from passages that bear the question, without a search."""
        self._collect(extractive_sentences(self._question, passages))
        return self._made()

    def _collect(self, sentences: Sentences) -> None:
        for text, borne_by in sentences:
            self._collector.add(text, borne_by)

    def quote(self, passages: Sequence[EvidencePassage]) -> CitedAnswer:
        """Return the passages as they are, a sentence each."""
        for passage in passages:
            self._collector.add(passage.worded(self._question.frames), [passage])
        return self._made()

    def _made(self) -> CitedAnswer:
        record = self._record
        return CitedAnswer(
            self._question, tuple(self._collector.sentences), tuple(self._collector.passages),
            searches=tuple(record.searches), left_out=record.left_out[:_LEFT_OUT],
            dropped=tuple(record.dropped), notes=tuple(record.notes), prompts=record.prompts,
            took_ms=record.took, spent=Spent() if self._chat is None else self._chat.spent,
            nearest=() if self._collector.sentences else (*nearest_files(record.found, _NEAREST),),
        )  # fmt: skip

    def _verified(
        self, passages: Sequence[EvidencePassage], *, alone: bool = True
    ) -> Sequence[EvidencePassage]:
        """Return the passages that bear the question, best first.

        Args:
            alone: where none is likely, the one that stands out from all others does.
        """
        with self._record.timed("verify"):
            found = of_wanted_sort(self._question, best_of_each(passages))
            rather = self._rather_shown(found)
            counted, wanted, others = count_shown(
                self._question, [p for p in found if p.key not in rather], self._sources.rivals
            )
            verified = self._sources.verifier.verify(
                self._question.clauses, wanted, ends=self._ends,
                mentioned=self._mentioned,
            )  # fmt: skip
        # Where the time was over, nothing that is kept says so.
        late = any(left.reason == TIME_OVER for left in verified.left_out)
        if verified.note and (late or any(p.claim in WORDED for p in verified.kept)):
            self._record.notes.append(verified.note)
        kept = [*counted, *verified.kept]
        if alone and not kept and self._question.wanted in _SHOWN:
            best = standing_alone(found)
            if best is not None and best.key not in rather:
                kept = [best]
                self._record.notes.append(_STANDS_OUT)
        if not kept and self._question.wanted in _WORDS and self._unread:
            kept = [p for p in found if p.key in self._standing_out]
            self._record.notes += [_STANDS_OUT] * bool(kept)
        near_kin = (LeftOutPassage(p, rather[p.key]) for p in found if p.key in rather)
        left = (*near_kin, *others, *verified.left_out)
        self._record.left_out = tuple(each for each in left if each.passage not in kept)
        return kept

    def _rather_shown(self, passages: Sequence[EvidencePassage]) -> dict[PassageKey, str]:
        """Return why some passages do not show what is asked for, by their keys."""
        if self._question.wanted not in (*_SHOWN, Wanted.COUNT):
            return {}
        return rather_shown(self._question.subject, passages, self._sources.store)

    @property
    def _unread(self) -> bool:
        """True where the cross-encoder can read none of the question."""
        return all(map(self._sources.verifier.refusal, self._question.clauses))

    @property
    def _mentioned(self) -> str:
        """The words that are enough for a passage: of what is said, or of files that are known."""
        known = self._question.wanted is Wanted.WORDS and self._options.scope.only
        return self._question.subject if known or self._question.wanted is Wanted.SPEECH else ""

    def _write(
        self, passages: Sequence[EvidencePassage], chat: MeteredChat, *, whole: bool = False
    ) -> None:
        """Have a model write; what of it is borne out is collected."""
        record = self._record
        record.prompts["answer"] = prompt("answer").version

        def collect(text: str, borne_by: Sequence[EvidencePassage]) -> None:
            self._collector.add(text, borne_by, chat.model)

        writer = SentenceWriter(
            self._question, passages, self._sources.verifier, collect, whole=whole
        )
        with record.timed("write"):
            try:
                writer.write(chat, self._options.cancel)
            except ChatFailed as error:
                record.notes.append(
                    f"the model ended early: {printable(str(error))}" if writer.kept
                    else quoted_instead(str(error))
                )  # fmt: skip
            else:
                if not writer.kept:
                    record.notes.append(quoted_instead("nothing that the model wrote is borne out"))
        record.dropped += writer.dropped

    def _metered(self, chat: Chat) -> MeteredChat:
        settings, seconds = self._sources.settings, self._options.seconds
        budget = ModelBudget.of(settings)
        if seconds is not None:
            budget = replace(budget, seconds=min(budget.seconds, seconds))
        prices = Prices(settings.llm_price_in, settings.llm_price_out)
        return MeteredChat(chat, budget, prices)

    def _searched(self, searches: Sequence[str], by: str) -> list[EvidencePassage]:
        passages: list[EvidencePassage] = []
        with self._record.timed("search"):
            for text in searches:
                if self._left == 0 and passages:
                    self._record.notes.append(f"the time was over before the search: {text}")
                    continue
                found = self._sources.run(self._query(text))
                hits = [hit for hit in found.hits if hit.likely]
                self._record.searches.append(
                    Searched(text, len(found.hits), len(hits), by, found.notes)
                )
                own = passages_of(self._sources.store, found.hits, self._question.subject)
                self._standing_out.update(passage.key for passage in standing_out(own))
                passages += own
        self._record.found += passages
        return passages

    def _query(self, text: str) -> Query:
        counts = self._question.wanted is Wanted.COUNT
        top = _COUNT_TOP if counts else _TOP
        group = Group.ASSET if counts else Group.NONE
        kinds, where = self._question.kinds, self._options.where
        try:
            query = build_query(text, local=False, kinds=kinds, where=where, top=top, group=group)
        except QuerySyntax:
            # A question is no query: what the language cannot read stands for itself.
            query = build_query(
                quoted(text), local=False, kinds=kinds, where=where, top=top, group=group
            )
        if self._left is not None:
            query = replace(query, deadline_ms=max(self._left * 1e3, _LEAST_MS))
        return self._options.scope.narrowed(query)

    @property
    def _left(self) -> float | None:
        """Seconds that are left for the whole answer; None where nothing bounds it."""
        return None if self._ends is None else max(self._ends - time.monotonic(), 0.0)

    def _searched_by_model(self, chat: MeteredChat) -> list[EvidencePassage]:
        """Search for what a model makes of the question."""
        new = [text for text in self._suggested(chat) if text not in self._question.searches]
        return self._searched([quoted(text) for text in new], chat.model)

    def _suggested(self, chat: MeteredChat) -> Sequence[str]:
        """Return the searches that a model makes of the question, which it is asked for once."""
        if self._model_searches is None:
            self._record.prompts["searches"] = prompt("searches").version
            try:
                self._model_searches = model_searches(self._question, chat, self._options.cancel)
            except ChatFailed as error:
                self._record.notes.append(f"searched by rules alone: {printable(str(error))}")
                self._model_searches = []
        return self._model_searches
