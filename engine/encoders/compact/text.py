"""The text tower: all-MiniLM-L6-v2, a 384-d sentence space."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from engine.common.vectors import chunks
from engine.config import Settings
from engine.encoders.revisions import revision_of
from engine.encoders.runtime.onnx_session import PinnedTower
from engine.encoders.text_length import MOST_CHARACTERS
from engine.encoders.weight_files import MINILM, MINILM_TOKENIZER
from engine.types.arrays import Vectors

DIM = 384
_MAX_TOKENS = 256
_REVISION = 1
"""Revision of the exporting code."""
_CODE = 1
"""Revision of all other code between a text and its vector."""


class MiniLM:
    """Texts to L2-normalised vectors. Built at first use, so that making one is free."""

    def __init__(self, settings: Settings) -> None:
        self._batch_size = settings.batch_size
        self._tower = PinnedTower(settings, "compact/minilm", MINILM, _REVISION, _export)

    @property
    def revision(self) -> str:
        """Changes whenever the same text would get another vector."""
        return revision_of(
            weights=MINILM.sha256,
            tokenizer=MINILM_TOKENIZER.sha256,
            export=_REVISION,
            code=_CODE,
            tokens=_MAX_TOKENS,
        )

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless the tower and its tokenizer can be had."""
        self._tower.check()
        MINILM_TOKENIZER.locate()

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(MINILM_TOKENIZER.locate()))
        tokenizer.enable_truncation(_MAX_TOKENS)
        tokenizer.no_padding()
        return tokenizer

    def knows_word(self, word: str) -> bool:
        """Tell whether a word is one token: it was met often enough to have a meaning here."""
        return self._tokenizer.token_to_id(word.lower()) is not None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed n texts: (n, 384) float32, L2-normalised; texts past 256 tokens are cut."""
        if not texts:
            return np.zeros((0, DIM), np.float32)
        begins = [text[:MOST_CHARACTERS] for text in texts]
        tokens = [e.ids for e in self._tokenizer.encode_batch(begins)]
        # Sorted by length, a batch holds little padding.
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        vectors = np.empty((len(tokens), DIM), np.float32)
        for rows in chunks(order, self._batch_size):
            vectors[rows] = self._run([tokens[i] for i in rows])
        return vectors

    def _run(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        """Run one batch through the tower."""
        ids = np.zeros((len(tokens), max(map(len, tokens))), np.int64)
        mask = np.zeros_like(ids)
        for row, sequence in enumerate(tokens):
            ids[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        (vectors,) = self._tower.run(ids=ids, mask=mask)
        return vectors


def _export(weights: Path, out: Path) -> None:
    from engine.encoders.compact.export_text import export

    export(weights, out)
