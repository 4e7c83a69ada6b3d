"""Answers as plain text that grows, with the places of its citations, within limits of a caller."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.common.text import printable
from engine.server.asking.joined_answer import AnsweredSentence, JoinedAnswer, LibraryCitation

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+|[^\w\s]")
"""A word, a mark, or a character of a script without spaces: these stand for tokens."""


def count_tokens(text: str) -> int:
    """Count the words and marks of a text, which stand for the tokens of a model."""
    return sum(1 for _ in _TOKEN.finditer(text))


@dataclass(frozen=True, slots=True)
class TextCitation:
    """The place of a citation in the text, in characters, and the moment that it names."""

    begin: int
    end: int
    url: str
    title: str


class CitedText:
    """The text of an answer, which ends where its caller wants it to.

    Args:
        url_of: where the page shows a moment.
        stop: texts before which it ends.
        most_tokens: the number of words and marks after which it ends; None for no limit.
    """

    def __init__(
        self,
        url_of: Callable[[LibraryCitation], str],
        stop: Sequence[str] = (),
        most_tokens: int | None = None,
    ) -> None:
        self._url_of, self._stop, self._most = url_of, stop, most_tokens
        self._whole = ""
        self._sent = 0
        self._cites: list[TextCitation] = []
        self._known: dict[int, TextCitation] = {}
        self.reason: str | None = None
        """``stop`` or ``length`` once it has ended."""

    @property
    def text(self) -> str:
        """The text so far."""
        return self._whole[: self._sent]

    @property
    def citations(self) -> list[TextCitation]:
        """The citations in the text so far."""
        return [each for each in self._cites if each.end <= self._sent]

    def add(self, answered: AnsweredSentence) -> str:
        """Add a sentence; returns the text that is to be sent now."""
        for citation in answered.citations:
            place = printable(citation.passage.where)
            self._known[citation.number] = TextCitation(0, 0, self._url_of(citation), place)
        self._append(f" {answered.sentence}" if self._whole else str(answered.sentence), marks=True)
        return self._visible(last=False)

    def add_whole(self, answer: JoinedAnswer) -> None:
        """Add all of an answer, which is finished then."""
        new = {each.number: each for each in answer.citations}
        for sentence in answer.sentences:
            cites = tuple(new.pop(number) for number in sentence.cites if number in new)
            self.add(AnsweredSentence(sentence, cites))
        self.finish(answer)

    def finish(self, answer: JoinedAnswer) -> str:
        """Add the sources and the notes; returns the rest of the text."""
        if not self._whole:
            self._append(answer.text)
            self._append("".join(f"\n{line}" for line in answer.nearest_lines()))
        sources = [f"[{each.number}] {printable(each.passage.where)}" for each in answer.citations]
        if sources:
            self._append("\n\n" + "\n".join(sources))
        if answer.notes:
            notes = "; ".join(map(printable, answer.notes))
            self._append(f"\n\nNote: {notes}.")
        rest = self._visible(last=True)
        self.reason = self.reason or "stop"
        return rest

    def _append(self, text: str, *, marks: bool = False) -> None:
        if marks:
            # The numbers are behind the words: one in a quotation is no citation.
            tail = re.search("(?:\\[\\d+\\])+[.\u3002]$", text)
            for mark in re.finditer(r"\[(\d+)\]", tail[0]) if tail else ():
                known = self._known[int(mark[1])]
                begin = len(self._whole) + (tail.start() if tail else 0) + mark.start()
                end = begin + len(mark[0])
                self._cites.append(TextCitation(begin, end, known.url, known.title))
        self._whole += text

    def _visible(self, *, last: bool) -> str:
        """Return what may be sent of the text that was not, and end it where it must."""
        if self.reason is not None:
            return ""
        end = len(self._whole)
        for token in [*_TOKEN.finditer(self._whole)][self._most :] if self._most else ():
            end, self.reason = len(self._whole[: token.start()].rstrip()), "length"
            break
        stops = [at for each in self._stop if (at := self._whole.find(each)) >= 0]
        if stops and min(stops) <= end:
            end, self.reason = min(stops), "stop"
        elif not last and self.reason is None:
            end -= max((_begun(self._whole, each) for each in self._stop), default=0)
        sent, self._sent = self._sent, max(self._sent, end)
        return self._whole[sent : self._sent]


def _begun(text: str, stop: str) -> int:
    """Return how many characters at the end of a text may be the beginning of a stop."""
    return next((n for n in range(len(stop) - 1, 0, -1) if text.endswith(stop[:n])), 0)
