"""Verify passages: does what a moment says bear the question?

The cross-encoder reads question and passage together. It reads English alone, and nothing of
what is seen; what it cannot judge has the search's own calibrated line, and the answer says so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.assistant.evidence import WORDED, Claim, EvidencePassage, by_file
from engine.assistant.frames import is_german
from engine.assistant.question import LibraryQuestion, Wanted
from engine.common.lru import LRUCache
from engine.query.calibration.confidence import LIKELY
from engine.query.rerank.cross import ENGLISH_ALONE, Pairs, excerpt, refusal

BEARS = -4.6
"""Log odds from which a passage bears a question: midway between the last right passage and the
first wrong one on one half of ``benchmarks.ask_texts`` (a vet's prescription aside, which the
model does not see). On the other half it keeps 11 of 13 right passages and none of 833 wrong."""


ALONE, TIMES = 0.15, 5.0
"""Confidence from which what is shown is taken where nothing is likely, and how many times that of
the next file it must be: what was asked in many words is seldom likely, and yet stands out.

Chosen on half of 344 sentences about one of 600 photographs each (photos/dev.csv), whose photograph
is right in 12 of 17 cases then; on the other half in 8 of 9. What is likely is right in 15 of 66
and 23 of 79, since many photographs are like it."""


EVIDENT, AHEAD = 7.0, 4.0
"""Nats from which words in another language than the question's are taken without a reader, where
nothing is likely, and nats by which they must be ahead of all other words.

Chosen on half of the questions of ``benchmarks.ask_texts`` in German and Chinese. The right one of
48 texts is the first in 42 of 52 cases, and likely in none; on the other half 9 of 26 are taken,
and nothing for 10 questions without an answer or the 5 whose right text is not the first."""


_WORD, _HAN = re.compile(r"\w+"), re.compile("[\u4e00-\u9fff]")
_SMALL = frozenset(
    ["a", "an", "the", "my", "our", "your", "his", "her", "its", "their", "that", "this", "is",
     "are", "was", "were", "be", "of", "in", "on", "at", "to", "for"]
)  # fmt: skip
TIME_OVER = "the time was over"
"""The reason of passages that nobody had the time to judge."""


_KNOWN = 4096
"""Verdicts that are kept: a conversation asks again, and many files say the same."""


@dataclass(frozen=True, slots=True)
class LeftOutPassage:
    """A passage that is no part of the answer, and the reason."""

    passage: EvidencePassage
    reason: str


@dataclass(frozen=True, slots=True)
class Verified:
    """Passages that bear a question, best first, and those that do not."""

    kept: tuple[EvidencePassage, ...]
    left_out: tuple[LeftOutPassage, ...]
    note: str = ""
    """The reason why nothing was judged; empty where it was."""


class Verifier:
    """Judges passages against questions, and sentences against passages."""

    def __init__(self, pairs: Pairs | None) -> None:
        """``pairs`` is the cross-encoder; None where it is not installed."""
        self._pairs = pairs
        self._known = LRUCache[tuple[str, str], float](_KNOWN)

    def refusal(self, question: str) -> str | None:
        """Return why a question cannot be judged; None where it can."""
        if self._pairs is None:
            return "the cross-encoder is not installed"
        # Names alone can make half of a German question words that it knows.
        return ENGLISH_ALONE if is_german(question) else refusal(self._pairs, question)

    def verdicts(self, asked: str, texts: Sequence[str]) -> list[float]:
        """Return the log odds that each text bears what is asked, which can be judged."""
        if not texts or self._pairs is None:
            return []
        return [self._verdict(self._pairs, asked, excerpt(text, asked)) for text in texts]

    def _verdict(self, pairs: Pairs, asked: str, text: str) -> float:
        # One by one: in a batch a verdict depends on its neighbours by 0.2.
        return self._known.get_or_make((asked, text), lambda: float(pairs.logits(asked, [text])[0]))

    def verify(
        self,
        clauses: Sequence[str],
        passages: Sequence[EvidencePassage],
        *,
        mentioned: str = "",
        ends: float | None = None,
    ) -> Verified:
        """Keep the passages that bear one of the clauses of a question.

        Args:
            mentioned: words of which the passages that have them all bear the question, whatever
                the cross-encoder says: "which video mentions a treasure" is no question to it.
            ends: the time of the monotonic clock from which on no more are judged; the likeliest
                are judged first, and those that are not judged are left out.

        A passage of words counts where it is likely by the search, and borne out by the
        cross-encoder; or where the cross-encoder alone is more sure of it than not.
        """
        judged = [clause for clause in clauses if self.refusal(clause) is None]
        why = "" if judged or not clauses else self.refusal(clauses[0]) or ""
        worded = [passage for passage in passages if passage.claim in WORDED]
        worded.sort(key=lambda passage: -passage.confidence)
        by_moment: dict[object, float] = {}
        late = set()
        for passage in worded if judged else ():
            if ends is not None and by_moment and time.monotonic() >= ends:
                late.add(passage.key)
                continue
            by_moment[passage.key] = max(self.verdicts(c, [passage.text])[0] for c in judged)
        if late:
            why = f"the time was over: {len(late)} passages were not verified, and are left out"
        kept, left_out = [], []
        for passage in passages:
            if passage.key in late:
                left_out.append(LeftOutPassage(passage, TIME_OVER))
                continue
            verdict = by_moment.get(passage.key)
            passage = replace(passage, verdict=verdict)
            reason = _reason(passage)
            if reason and not (passage.claim in WORDED and mentions(passage.text, mentioned)):
                left_out.append(LeftOutPassage(passage, reason))
            else:
                kept.append(passage)
        kept.sort(key=lambda p: -_probability(p))
        return Verified(
            tuple(kept),
            tuple(left_out),
            why if late or not why else f"words were not verified: {why}",
        )


def of_wanted_sort(
    question: LibraryQuestion, passages: Sequence[EvidencePassage]
) -> list[EvidencePassage]:
    """Return the passages of the sort that a question wants."""
    if question.wanted is Wanted.SPEECH:
        return [passage for passage in passages if passage.claim is Claim.SAYS]
    if question.wanted is Wanted.WORDS:
        return [passage for passage in passages if passage.claim in WORDED]
    # What a file shows needs no reader; words in it count where the search is sure of them.
    return [p for p in passages if p.claim not in WORDED or p.confidence >= LIKELY]


def mentions(text: str, subject: str) -> bool:
    """Tell whether a text has all of the words of a subject that say something."""
    return subject in text if _HAN.search(subject) else share_of_words(text, subject) == 1


def share_of_words(text: str, subject: str) -> float:
    """Return the share of a subject's words that a text has, of those that say something."""
    own = {_stem(word) for word in _WORD.findall(text.casefold())}
    asked = {word for word in _WORD.findall(subject.casefold()) if word not in _SMALL}
    return sum(_stem(word) in own for word in asked) / len(asked) if asked else 0.0


def _stem(word: str) -> str:
    return word.rstrip("s") if len(word) > 3 else word


def standing_alone(passages: Sequence[EvidencePassage]) -> EvidencePassage | None:
    """Return the passage that shows what was asked, where no other file comes near it."""
    best = {file: max(own, key=lambda p: p.confidence) for file, own in by_file(passages).items()}
    ranked = sorted(best.values(), key=lambda passage: -passage.confidence)
    seen = [passage for passage in ranked if passage.claim not in WORDED]
    if not seen or seen[0] is not ranked[0] or seen[0].confidence < ALONE:
        return None
    others = [passage.confidence for passage in ranked[1:]]
    return seen[0] if not others or seen[0].confidence >= TIMES * others[0] else None


def standing_out(passages: Sequence[EvidencePassage]) -> list[EvidencePassage]:
    """Return the words that one search finds far ahead of all others, with their copies."""
    worded = sorted((p for p in passages if p.claim in WORDED), key=lambda p: -p.nats)
    if not worded or worded[0].nats < EVIDENT:
        return []
    copies = [p for p in worded if _letters(p.text) == _letters(worded[0].text)]
    others = [p.nats for p in worded if p not in copies]
    return copies if not others or worded[0].nats >= others[0] + AHEAD else []


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _probability(passage: EvidencePassage) -> float:
    """Return the more confident of search and cross-encoder, as `Library.rerank` does."""
    if passage.verdict is None:
        return passage.confidence
    return max(passage.confidence, float(1 / (1 + np.exp(-passage.verdict))))


def _reason(passage: EvidencePassage) -> str:
    if _probability(passage) < LIKELY:
        return f"not likely ({passage.confidence:.0%})"
    if passage.verdict is not None and passage.verdict < BEARS:
        return f"does not bear the question ({passage.verdict:.1f})"
    return ""
