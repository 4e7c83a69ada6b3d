"""Cut texts into the pieces of a unigram model: SentencePiece's best path (Kudo 2018).

The library ``tokenizers`` does the same, but takes two seconds to build its tree of 250,000
pieces, in every process. Here they are sorted and mapped into memory, which opens in a
millisecond.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.common.artifact_cache import Damaged
from engine.common.lru import LRUCache
from engine.common.npy import save_array

_SPACE = "\u2581"
"""The character that a piece begins with where a word begins."""
_WORD = re.compile(f"{_SPACE}[^{_SPACE}]*")
_BELOW_ALL = 10.0
"""Nats by which an unknown character lies below the least probable piece, as in SentencePiece."""
_REMEMBERED = 50_000
"""Words whose pieces are kept in memory."""
_AT_ONCE = 20_000
"""Characters whose parts are looked up at once: some 30 MB of them."""
_LONGEST_WORD = 1_000
"""Characters of a run without a space that are cut together; longer ones come in parts."""
_PIECES, _IDS, _SCORES, _CHARACTERS = "pieces.npy", "ids.npy", "scores.npy", "characters.json"


class Unigram:
    """Texts to ids of pieces, from a folder that ``write`` has made."""

    def __init__(self, folder: Path, unknown: int) -> None:
        """Open a folder; raise ``Damaged`` where it does not hold what ``write`` wrote."""
        try:
            self._pieces = np.load(folder / _PIECES, "r")
            self._ids = np.load(folder / _IDS, "r")
            self._scores = np.load(folder / _SCORES, "r")
            characters = json.loads((folder / _CHARACTERS).read_bytes())
        except (OSError, ValueError, EOFError) as error:
            raise Damaged(str(error)) from error
        if not len(self._pieces) == len(self._ids) == len(self._scores) > 0:
            raise Damaged("its arrays do not belong together")
        self._characters = {int(code): text for code, text in characters["changed"].items()}
        self._longest = characters["longest"]
        self._unknown = unknown
        self._worst = float(self._scores.min()) - _BELOW_ALL
        self._known: LRUCache[str, tuple[int, ...]] = LRUCache(_REMEMBERED)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of the pieces of each text, in order."""
        words = [self._words(text) for text in texts]
        found: dict[str, tuple[int, ...]] = {}
        for word in {word for of_text in words for word in of_text}:
            if (ids := self._known.get(word)) is not None:
                found[word] = ids
        missing = list({w: None for of_text in words for w in of_text if w not in found})
        for group in _groups(missing):
            for word, ids in zip(group, self._cut(group), strict=True):
                found[word] = ids
                self._known.put(word, ids)
        return [[i for word in of_text for i in found[word]] for of_text in words]

    def _words(self, text: str) -> list[str]:
        """Part a text at its spaces; a piece never reaches over one."""
        plain = " ".join(text.translate(self._characters).split())
        words = _WORD.findall(_SPACE + plain.replace(" ", _SPACE))
        return [
            word[first : first + _LONGEST_WORD]
            for word in words
            for first in range(0, len(word), _LONGEST_WORD)
        ]

    def _cut(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """Return the ids of words that have not been seen, all looked up at once."""
        parts = [
            (word, first, last)
            for word, text in enumerate(words)
            for first in range(len(text))
            for last in range(first + 1, min(first + self._longest, len(text)) + 1)
        ]
        rows = self._find([words[word][first:last] for word, first, last in parts])
        steps: list[list[tuple[int, int, int]]] = [[] for _ in words]
        for (word, first, last), row in zip(parts, rows.tolist(), strict=True):
            if row >= 0:
                steps[word].append((first, last, row))
        return [self._best_path(len(word), found) for word, found in zip(words, steps, strict=True)]

    def _find(self, parts: Sequence[str]) -> NDArray[np.int64]:
        """Return the row of each part among the sorted pieces; -1 where it is none."""
        if not parts:
            return np.zeros(0, np.int64)
        width = self._pieces.dtype.itemsize
        encoded = [part.encode("utf-8", "replace") for part in parts]
        keys = np.array([key if len(key) <= width else b"" for key in encoded], f"S{width}")
        rows = np.minimum(np.searchsorted(self._pieces, keys), len(self._pieces) - 1)
        return np.where((self._pieces[rows] == keys) & (keys != b""), rows, -1)

    def _best_path(self, length: int, steps: Sequence[tuple[int, int, int]]) -> tuple[int, ...]:
        """Return the ids of the most probable way through a word (Viterbi).

        Args:
            length: characters of the word.
            steps: (first, last, row) of each piece in it, by ``first`` ascending.
        """
        scores = [0.0] + [-np.inf] * length
        came = [(0, -1)] * (length + 1)
        at = 0
        for here in range(length):
            while at < len(steps) and steps[at][0] == here:
                _, last, row = steps[at]
                at += 1
                if (score := scores[here] + float(self._scores[row])) > scores[last]:
                    scores[last], came[last] = score, (here, row)
            if (score := scores[here] + self._worst) > scores[here + 1]:
                scores[here + 1], came[here + 1] = score, (here, -1)
        ids: list[int] = []
        while length:
            length, row = came[length]
            piece = self._unknown if row < 0 else int(self._ids[row])
            # Unknown characters side by side are one unknown piece.
            if not (piece == self._unknown and ids and ids[-1] == piece):
                ids.append(piece)
        return tuple(reversed(ids))


def _groups(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield words in groups that have near ``_AT_ONCE`` characters."""
    first = size = 0
    for at, word in enumerate(words):
        size += len(word)
        if size >= _AT_ONCE:
            yield words[first : at + 1]
            first, size = at + 1, 0
    if first < len(words):
        yield words[first:]


def write(
    folder: Path,
    pieces: Sequence[bytes],
    scores: NDArray[np.float32],
    characters: Mapping[str, str],
    special: frozenset[int],
) -> None:
    """Write a folder that ``Unigram`` opens.

    Args:
        pieces: in UTF-8; the place of one is its id.
        scores: log probabilities, (pieces,).
        characters: what a character becomes before a text is cut, of those that change.
        special: ids of tokens that no text holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ids = sorted((i for i in range(len(pieces)) if i not in special), key=pieces.__getitem__)
    kept = [pieces[i] for i in ids]
    save_array(folder / _PIECES, np.array(kept))
    save_array(folder / _IDS, np.array(ids, np.int32))
    save_array(folder / _SCORES, scores[ids])
    about = {
        "longest": max(len(piece.decode()) for piece in kept),
        "changed": {ord(char): text for char, text in characters.items()},
    }
    (folder / _CHARACTERS).write_text(json.dumps(about))
