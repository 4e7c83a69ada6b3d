"""The multilingual text tower: multilingual-e5-small, 384-d sentences of some 100 languages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.common.artifact_cache import Damaged, load_cached
from engine.common.npy import save_array
from engine.common.vectors import chunks
from engine.config import Settings
from engine.encoders.compact import unigram
from engine.encoders.compact.e5_file import BEGIN, DIM, END, PAD, UNKNOWN, E5File, dequantised
from engine.encoders.revisions import revision_of
from engine.encoders.runtime.onnx_session import PinnedTower
from engine.encoders.text_length import MOST_CHARACTERS
from engine.encoders.weight_files import E5_SMALL
from engine.types.arrays import Vectors

PREFIX = "query: "
"""The prefix that the model was trained with, of texts that are compared with their like."""
_MAX_TOKENS = 256
_REVISION = 2
"""Revision of the exporting code."""
_WORDS_REVISION = 1
"""Revision of the code that writes the words down: their table, and the tokenizer."""
_CODE = 1
"""Revision of all other code between a text and its vector."""
_TABLE = "words.npy"


class _Words(NamedTuple):
    """The words of the tower, mapped into memory."""

    pieces: unigram.Unigram
    table: NDArray[np.uint8]
    """A row for each piece, in 4 bits, (pieces, bytes)."""


class MultilingualE5:
    """Texts to L2-normalised vectors. Built at first use, so that making one is free."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tower = PinnedTower(settings, "compact/e5", E5_SMALL, _REVISION, _export)
        self._words_key = f"compact/e5-words-{E5_SMALL.sha256[:16]}-r{_WORDS_REVISION}"

    @property
    def revision(self) -> str:
        """Changes whenever the same text would get another vector."""
        return revision_of(
            weights=E5_SMALL.sha256,
            export=_REVISION,
            words=_WORDS_REVISION,
            code=_CODE,
            tokens=_MAX_TOKENS,
            prefix=PREFIX,
        )

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless the tower and its words can be had."""
        self._tower.check()
        if not (self._settings.cache / self._words_key).exists():
            E5_SMALL.locate()

    @cached_property
    def _words(self) -> _Words:
        return load_cached(self._settings, self._words_key, _write_words, _open_words)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed n texts: (n, 384) float32, L2-normalised; texts past 256 tokens are cut."""
        if not texts:
            return np.zeros((0, DIM), np.float32)
        tokens = self.tokens(texts)
        # Sorted by length, a batch holds little padding.
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        vectors = np.empty((len(tokens), DIM), np.float32)
        for rows in chunks(order, self._settings.batch_size):
            vectors[rows] = self._run([tokens[i] for i in rows])
        return vectors

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of the tokens of each text, with the prefix and both ends."""
        found = self._words.pieces.ids([PREFIX + text[:MOST_CHARACTERS] for text in texts])
        return [[BEGIN, *ids[: _MAX_TOKENS - 2], END] for ids in found]

    def knows_word(self, word: str) -> bool:
        """Tell whether a word is one token: it was met often enough to have a meaning here."""
        return len(self._words.pieces.ids([word])[0]) == 1

    def _run(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        """Run one batch through the tower."""
        ids = np.full((len(tokens), max(map(len, tokens))), PAD)
        mask = np.zeros_like(ids)
        for row, sequence in enumerate(tokens):
            ids[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        used, places = np.unique(ids, return_inverse=True)
        words = dequantised(self._words.table[used])[places.reshape(ids.shape)]
        (vectors,) = self._tower.run(words=words, mask=mask)
        return vectors


def _export(weights: Path, out: Path) -> None:
    from engine.encoders.compact.export_e5 import export

    export(weights, out)


def _write_words(folder: Path) -> None:
    """Write the table and the pieces of the checked file, so that it is not hashed again."""
    file = E5File(E5_SMALL.locate())
    special = frozenset({BEGIN, PAD, END, UNKNOWN, len(file.pieces) - 1})
    unigram.write(folder, file.pieces, file.scores, file.characters, special)
    save_array(folder / _TABLE, file.blocks("emb.word"))


def _open_words(folder: Path) -> _Words:
    try:
        table = np.load(folder / _TABLE, "r")
    except (OSError, ValueError, EOFError) as error:
        raise Damaged(str(error)) from error
    return _Words(unigram.Unigram(folder, UNKNOWN), table)
