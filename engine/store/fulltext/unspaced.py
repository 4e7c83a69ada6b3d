"""Words of scripts that do not part them by spaces, so that full text search finds them.

A run of such characters is written as its single characters and its pairs, as Lucene's
CJKBigramFilter does, and asked for by its pairs; a single character by itself. So 会议 is found
in 我们明天开会议 by any index that knows words, and neither a dictionary nor a model decides
where one ends. Marks that stand on letters, as vowels do in Hindi and Thai, are left out: the
parsers of both databases would part words at them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_RUN = re.compile(
    "["
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\uac00-\ud7a3"  # Hangul: its words carry their particles
    "\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1050-\u108f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
    "]+"
)


class _WithoutMarks(dict[int, int | None]):
    """A table of ``str.translate`` that takes marks away, filled as characters come."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.category(chr(code)) in ("Mn", "Mc") else code
        return self[code]


_marks = _WithoutMarks()


def folded(text: str) -> str:
    """Return a text in NFC without the marks that are no part of a character."""
    return text if text.isascii() else unicodedata.normalize("NFC", text).translate(_marks)


def to_index(text: str) -> str:
    """Return ``folded`` text in which runs without spaces are parted into singles and pairs."""
    return _RUN.sub(lambda run: f" {' '.join(_singles_and_pairs(run[0]))} ", folded(text))


def to_ask(text: str) -> str:
    """Return ``folded`` text in which runs without spaces are parted as they are asked for."""
    return _RUN.sub(lambda run: f" {' '.join(_pairs(run[0]) or run[0])} ", folded(text))


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _singles_and_pairs(run: str) -> Iterator[str]:
    yield from run
    yield from _pairs(run)
