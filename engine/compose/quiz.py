"""A quiz out of sentences that moments bear: a word is left out, and one of several fits. Pure."""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.assistant.evidence import EvidencePassage
from engine.compose.chinese_words import chinese_words

MOST = 10
"""Questions of a quiz."""
_OPTIONS = 4
_FEWEST_OPTIONS = 3
_WORDS = 5
"""Words of a sentence from which on one may be left out."""
_CHARACTERS = 8
"""Characters of a sentence without spaces from which on a word of it may be left out."""
_LONGEST = 240
"""Characters of a question."""
_STEM = 5
"""Letters by which two words count as forms of one."""
_WORD = re.compile(r"[^\W\d_]{4,}(?:-[^\W\d_]+)*|\d+(?:[.,:]\d+)*")
_SENTENCE = re.compile(
    r"(?:[^.!?\u3002\uff01\uff1f]+(?:[.!?]+(?!\s)[^.!?\u3002\uff01\uff1f]+)*)[.!?\u3002\uff01\uff1f]*"
)
_EMPTY = frozenset(
    {
        *("about", "above", "after", "again", "along", "among", "around", "because", "before"),
        *("below", "between", "could", "during", "every", "from", "have", "however", "into"),
        *("many", "more", "most", "much", "must", "other", "over", "should", "since", "some"),
        *("such", "than", "that", "their", "them", "then", "there", "these", "they", "this"),
        *("those", "through", "toward", "under", "until", "upon", "were", "what", "when"),
        *("where", "which", "while", "will", "with", "within", "without", "would", "your"),
    }
)
"""Words that ask for grammar, and for nothing of the topic."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of scripts that put no spaces between words."""


@dataclass(frozen=True, slots=True)
class QuizQuestion:
    """A question whose answer a moment bears."""

    text: str
    """The question, or a sentence with ``blank`` between ``before`` and ``after``."""
    before: str
    after: str
    options: tuple[str, ...]
    answer: int
    """The place of the right option, from 0."""
    passage: EvidencePassage

    @property
    def is_cloze(self) -> bool:
        """True where a word of a sentence is left out."""
        return not self.text


def cloze_questions(
    passages: Sequence[EvidencePassage], topic: str, most: int = MOST
) -> list[QuizQuestion]:
    """Return questions, one of each sentence; the same passages give the same questions.

    The word that is left out is rare among the sentences, and none of the topic's own. The other
    options are words of other sentences that look alike.
    """
    sentences = [
        (sentence.strip(), passage)
        for passage in passages
        for sentence in _SENTENCE.findall(passage.text)
    ]
    each = [{word for _, word in _words(text)} for text, _ in sentences]
    counts = Counter(_stem(word) for own in each for word in own)
    asked = {_stem(word) for _, word in _words(topic)}
    words = sorted(set().union(*each) - _EMPTY)
    found: list[QuizQuestion] = []
    used: set[int] = set()
    for text, passage in sentences:
        if len(found) == most:
            break
        question = (
            None if passage.moment_id in used else _cloze(text, passage, counts, asked, words)
        )
        if question is not None:
            used.add(passage.moment_id)
            found.append(question)
    return found


def _cloze(
    text: str,
    passage: EvidencePassage,
    counts: Counter[str],
    asked: set[str],
    words: Sequence[str],
) -> QuizQuestion | None:
    here, unspaced = _words(text), _UNSPACED.search(text) is not None
    enough = len(text) >= _CHARACTERS if unspaced else len(text.split()) >= _WORDS
    if not enough or len(text) > _LONGEST:
        return None
    stems = Counter(_stem(word) for _, word in here)
    fit = [(at, w) for at, w in here if stems[_stem(w)] == 1 and _asks(w, asked)]
    elsewhere = [w for w in words if _stem(w) not in stems and not (unspaced and w in text)]
    chooser = random.Random(hashlib.blake2b(text.encode()).digest())  # noqa: S311
    for at, word in sorted(fit, key=lambda m: (counts[_stem(m[1])], -len(m[1]), m[0])):
        others = _alike(word, elsewhere, at=at)
        picked = chooser.sample(others, min(len(others), _OPTIONS - 1))
        if len(picked) + 1 < _FEWEST_OPTIONS:
            continue
        options = [word, *picked]
        chooser.shuffle(options)
        before, after = text[:at], text[at + len(word) :]
        return QuizQuestion("", before, after, tuple(options), options.index(word), passage)
    return None


def _words(text: str) -> list[tuple[int, str]]:
    """Return the words that may be left out, each with its place: of Chinese the known ones."""
    if _UNSPACED.search(text):
        return chinese_words(text)
    return [(match.start(), match[0]) for match in _WORD.finditer(text)]


def _asks(word: str, asked: set[str]) -> bool:
    return word.casefold() not in _EMPTY and _stem(word) not in asked


def _alike(word: str, words: Sequence[str], at: int) -> list[str]:
    """Return a few words of the sort and about the length of one, each form once."""
    number, capital = word[0].isdigit(), word[0].isupper() and at > 0
    unspaced = _UNSPACED.match(word) is not None
    words = [w for w in words if (_UNSPACED.match(w) is not None) == unspaced]
    sort = [w for w in words if w[0].isdigit() == number and (number or w[0].isupper() == capital)]
    near = sorted(sort, key=lambda w: (abs(len(w) - len(word)), w))
    forms = {_stem(w): w for w in reversed(near)}
    chosen = [w for w in near if forms[_stem(w)] == w]
    if at == 0 and word[0].isupper():
        chosen = [w[0].upper() + w[1:] for w in chosen]
    return chosen[: 3 * (_OPTIONS - 1)]


def _stem(word: str) -> str:
    return word.casefold()[:_STEM]


def sentences_of(text: str) -> Iterator[str]:
    """Yield the sentences of a text."""
    yield from (part.strip() for part in _SENTENCE.findall(text) if part.strip())
