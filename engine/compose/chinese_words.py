"""Find words in Chinese sentences, which no spaces part: those of a table of words, the longest."""

from __future__ import annotations

import re
from functools import cache

from engine.encoders.compact.lexicon import Lexicon

_LONGEST, _SHORTEST = 6, 2
"""Characters of a word. Single ones are too often a part of another word."""
_RUN = re.compile("[\u3400-\u9fff]+")
_NUMBER = re.compile("[零一二三四五六七八九十百千万亿两]{2,}")
_GRAMMAR = (
    "可以 什么 因为 所以 没有 我们 他们 她们 你们 这个 那个 如果 但是 就是 还是 时候 自己 一个 一些"
    " 已经 不是 所有 然后"
)
_EMPTY = frozenset(_GRAMMAR.split())
"""Words that ask for grammar."""


@cache
def _lexicon() -> Lexicon:
    return Lexicon()


def chinese_words(text: str) -> list[tuple[int, str]]:
    """Return the words of a text that are known, each with its place, from left to right."""
    found: list[tuple[int, str]] = []
    for run in _RUN.finditer(text):
        at = run.start()
        while at < run.end() - 1:
            word = _word_at(text, at, run.end())
            if word:
                found.append((at, word))
            at += len(word) or 1
    return found


def _word_at(text: str, at: int, end: int) -> str:
    if number := _NUMBER.match(text, at, end):
        return number[0]
    for length in range(min(_LONGEST, end - at), _SHORTEST - 1, -1):
        word = text[at : at + length]
        if word not in _EMPTY and _lexicon().name(word) is not None:
            return word
    return ""
