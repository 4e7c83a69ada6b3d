"""Answers that a chat writes from numbered passages, and what is held against them.

A model writes the words alone. Which moments there are, and their times, come from the index: a
sentence is left out where it cites nothing, where no cited passage bears it, or where it has a
number that is in none of them. What passages say is data, quoted in JSON; sentences that give
orders are not given at all, and each clause that is written must be borne, so that a model which
follows one has nothing of it to write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.assistant.evidence import WORDED, EvidencePassage
from engine.assistant.json_items import JsonItems
from engine.assistant.prompts import prompt
from engine.assistant.question import LibraryQuestion, Wanted
from engine.assistant.verification import BEARS, Verifier, share_of_words
from engine.common.plain_sentences import is_ordering_name, sentences, statements
from engine.errors import ChatFailed
from engine.generate.budget import MeteredChat
from engine.generate.chat import Message, Schema
from engine.query.rerank.base import clean
from engine.query.rerank.cross import excerpt
from engine.store.fulltext.documents import spaced_name

if TYPE_CHECKING:
    from engine.common.progress import CancelToken

_PASSAGES = 8
"""Passages that a model is given; small models lose the thread with more."""
_SENTENCES, _LONGEST = 4, 400
"""Sentences of a model that are read, and characters of each."""
_SEARCHES, _SEARCH = 3, 80
"""Searches that a model may ask for, and characters of each."""
_SEARCH_SHARE = 1 / 3
"""Share of the time for a model's searches: a slow one must still come to answer."""
_ANSWER_TOKENS, _SEARCH_TOKENS = 256, 96
_QUOTE = 0.5
"""Share of a passage's letters from which on its words are a quote of it."""
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_FRAGMENT = 0.25
"""Share of a sentence's letters from which on a clause that is out of it is more than a word."""
_WORDS, _JUDGED = 0.5, 3
"""Share of a clause's words that a passage has to have; else the cross-encoder judges clauses of
so many words."""
_CLAUSE = re.compile(
    r"\s*[;:\u2013\u2014\uff0c\uff1b\uff1a]\s*|,?\s+(?:and|but|while|whereas)\s+|,\s+|[.!?]\s+"
)
_MARK = re.compile(r"\s*\[\d+(?:,\s*\d+)*\]")

_TEXTS = {"type": "array", "items": {"type": "string"}, "maxItems": _SEARCHES}
SEARCHES = Schema(
    "searches",
    {
        "type": "object",
        "properties": {"searches": _TEXTS},
        "required": ["searches"],
        "additionalProperties": False,
    },
)
_SENTENCE = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "cites": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["text", "cites"],
    "additionalProperties": False,
}
SENTENCES = Schema(
    "sentences",
    {
        "type": "object",
        "properties": {"sentences": {"type": "array", "items": _SENTENCE, "maxItems": _SENTENCES}},
        "required": ["sentences"],
        "additionalProperties": False,
    },
)


def model_searches(
    question: LibraryQuestion, chat: MeteredChat, cancel: CancelToken | None
) -> list[str]:
    """Return further searches that a model asks for.

    Raises:
        ChatFailed: it does not answer, or not in the form that was asked for.
    """
    instructions = prompt("searches")
    messages = [
        Message.from_text("system", instructions.text),
        Message.from_text("user", json.dumps({"question": question.text}, ensure_ascii=False)),
    ]
    reply = chat.reply(
        messages, seconds=chat.seconds_left * _SEARCH_SHARE, schema=SEARCHES,
        most_tokens=_SEARCH_TOKENS, cancel=cancel,
    )  # fmt: skip
    texts = _read(reply.text, "searches")
    return [
        clean(text, _SEARCH) for text in texts[:_SEARCHES] if isinstance(text, str) and text.strip()
    ]


OnWritten: TypeAlias = Callable[[str, Sequence[EvidencePassage]], None]


class SentenceWriter:
    """Has a chat write sentences from passages, and holds each to them as it comes.

    Args:
        on_written: called with each sentence that passages bear, and with those.
    """

    def __init__(
        self,
        question: LibraryQuestion,
        passages: Sequence[EvidencePassage],
        verifier: Verifier,
        on_written: OnWritten,
        *,
        whole: bool = False,
    ) -> None:
        """``passages`` are those that bear the question, best first.

        ``whole`` gives all of them, which were packed for the window, and else the first ones.
        """
        self._question = question
        self._verifier, self._on_written = verifier, on_written
        chosen = passages if whole else passages[:_PASSAGES]
        pairs = [(passage, _bearing(passage, question, verifier)) for passage in chosen]
        self._given = [passage for passage, shown in pairs if shown is not None]
        self._shown = [shown for _, shown in pairs if shown is not None]
        self._seen: list[tuple[str, list[int]]] = []
        self.kept = 0
        """Sentences that were borne out."""
        self.dropped: list[str] = []
        """Those that were not, with the reason."""

    def write(self, chat: MeteredChat, cancel: CancelToken | None = None) -> None:
        """Ask the chat.

        Raises:
            ChatFailed: it does not answer, or not in the form that was asked for, or there is
                nothing that it may be given. Sentences that came before that are kept.
        """
        if not self._shown:
            raise ChatFailed("all that they say are orders, which no model is given")
        question, items = self._question, JsonItems("sentences")
        numbered = enumerate(self._shown, 1)
        asked = {
            "passages": [_given(number, passage, question) for number, passage in numbered],
            "question": question.text,
        }
        messages = [
            Message.from_text("system", prompt("answer").text),
            Message.from_text("user", json.dumps(asked, ensure_ascii=False)),
        ]

        def read(piece: str) -> None:
            for item in items.feed(piece):
                self._take(item)

        reply = chat.reply(
            messages, schema=SENTENCES, most_tokens=_ANSWER_TOKENS, on_text=read, cancel=cancel
        )
        for item in _read(reply.text, "sentences"):
            self._take(item)

    def _take(self, item: object) -> None:
        """Judge a sentence, once: those that were streamed come again with the whole."""
        text, cites = sentence = _sentence(item)
        if sentence in self._seen or len(self._seen) >= _SENTENCES:
            return
        self._seen.append(sentence)
        given = {id(shown): whole for shown, whole in zip(self._shown, self._given, strict=True)}
        shown = [self._shown[number - 1] for number in cites if 1 <= number <= len(given)]
        reason, left = _held(self._question, text, shown, self._verifier)
        if reason:
            self.dropped.append(f"{reason}: {text[:120]}")
        else:
            self.kept += 1
            self._on_written(text, [given[id(passage)] for passage in left])


def _bearing(
    passage: EvidencePassage, question: LibraryQuestion, verifier: Verifier
) -> EvidencePassage | None:
    """Return a passage with the sentences that a model is shown of it; None where there are none.

    Those are statements, and of them the ones that bear the question; a summary is of all. Of a
    file that answers and goes on with an order, the model so never sees the order: written beside
    a true sentence, its words would pass for borne out.
    """
    if passage.claim not in WORDED:
        return passage
    plain = statements(passage.text)
    if not plain:
        return None
    passage = replace(passage, text=" ".join(plain))
    if question.wanted is Wanted.SUMMARY:
        return passage
    asked = [clause for clause in question.clauses if verifier.refusal(clause) is None]
    if not asked or len(plain) < 2:
        return passage
    judged = [part for part in plain if verifier.refusal(part) is None]
    verdicts = [max(verifier.verdicts(clause, [part])[0] for clause in asked) for part in judged]
    kept = [part for part, verdict in zip(judged, verdicts, strict=True) if verdict >= BEARS]
    return replace(passage, text=" ".join(kept)) if kept else passage


def _given(number: int, passage: EvidencePassage, question: LibraryQuestion) -> dict[str, Any]:
    text = excerpt(passage.text, question.text)
    name = (
        f"file {number}"
        if is_ordering_name(passage.path, spaced_name(passage.path))
        else passage.name
    )
    return {"number": number, "file": name, passage.claim.value: text}


def _read(answer: str, key: str) -> list[Any]:
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        raise ChatFailed("the model's answer is no JSON, or was cut off") from None
    items = document.get(key) if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise ChatFailed(f"the model's answer has no {key}")
    return items


def _sentence(item: object) -> tuple[str, list[int]]:
    if not isinstance(item, dict):
        return "", []
    text, cites = item.get("text"), item.get("cites")
    numbers = [n for n in cites if type(n) is int] if isinstance(cites, list) else []
    words = clean(_MARK.sub("", text), _LONGEST) if isinstance(text, str) else ""
    return words, list(dict.fromkeys(numbers))


def _held(
    question: LibraryQuestion, text: str, borne_by: Sequence[EvidencePassage], verifier: Verifier
) -> tuple[str, list[EvidencePassage]]:
    """Return why a sentence is dropped, or nothing and the passages that bear it."""
    if not any(map(str.isalpha, text)):
        return "no sentence", []
    if not borne_by:
        return "cites nothing", []
    known = " ".join(f"{p.text} {p.name} {p.date}" for p in borne_by) + f" {question.text}"
    numbers = set(_NUMBER.findall(known))
    if strange := [number for number in _NUMBER.findall(text) if number not in numbers]:
        return f"{strange[0]} is in no passage that it cites", []
    if verifier.refusal(text) is not None:
        # What cannot be judged is left to stand only where it repeats a passage.
        left = [p for p in borne_by if _repeats(text, p)]
        return ("" if left else "could not be verified"), left
    if (clause := _unborne(text, borne_by, verifier)) is not None:
        return f"no citation bears \u201c{clause[:60]}\u201d", []
    asks = question.wanted is not Wanted.SUMMARY and verifier.refusal(question.text) is None
    if asks and not _bears(question.text, text, verifier):
        return "does not bear the question", []
    left = [
        p for p in borne_by if _bears(text, p.text if p.claim in WORDED else p.sentence, verifier)
    ]
    return ("" if left else "its citations do not bear it"), left


def _unborne(text: str, borne_by: Sequence[EvidencePassage], verifier: Verifier) -> str | None:
    """Return the first clause that no cited passage bears; None where each is borne.

    A passage bears a clause that has its words, or by the cross-encoder; and none that is a word or
    two out of one of its sentences, which may be all that an order wants.
    """
    clauses = [part for part in _CLAUSE.split(text) if any(map(str.isalpha, part))]
    shown = [p.text if p.claim in WORDED else p.sentence for p in borne_by]
    parts = [_letters(part) for text in shown for part in sentences(text)]
    for clause in clauses if len(clauses) > 1 else ():
        own = _letters(clause)
        whole = [part for part in parts if own in part]
        if whole and len(own) < _FRAGMENT * min(map(len, whole)):
            return clause
        share = max(share_of_words(each, clause) for each in shown)
        # Of a word or two the cross-encoder knows nothing, and is sure all the same.
        judged = share < _WORDS and len(clause.split()) >= _JUDGED
        if not (
            any(_bears(each, clause, verifier) for each in shown) if judged else share >= _WORDS
        ):
            return clause
    return None


def _bears(asked: str, text: str, verifier: Verifier) -> bool:
    return verifier.verdicts(asked, [text])[0] >= BEARS


def _repeats(text: str, passage: EvidencePassage) -> bool:
    """Tell whether a sentence is a good part of what a passage says, word for word.

    A word out of it is no quote: a passage that orders a word would be obeyed so.
    """
    own, whole = _letters(text), _letters(passage.text)
    return own in _letters(passage.sentence) and len(own) >= _QUOTE * len(whole)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
