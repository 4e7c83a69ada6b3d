"""The text tower: all-MiniLM-L6-v2, a 384-d sentence space."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from engine.config import Settings
from engine.encoders import onnx
from engine.encoders.weights import MINILM, MINILM_TOKENIZER
from engine.types import Vectors

DIM = 384
_MAX_TOKENS = 256
_REVISION = 1
"""Of the exporting code; the rest of the key is the hash of the weights."""


class MiniLM:
    """Texts to L2-normalised vectors. Built at first use, so that making one is free."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _session(self) -> Any:
        key = f"compact/minilm-{MINILM.sha256[:16]}-r{_REVISION}"
        return onnx.tower(self._settings, key, self._export)

    @staticmethod
    def _export(out: Any) -> None:
        from engine.encoders.compact.export_text import export

        export(MINILM.locate(), out)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(MINILM_TOKENIZER.locate()))
        tokenizer.enable_truncation(_MAX_TOKENS)
        tokenizer.no_padding()
        return tokenizer

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed n texts: (n, 384) float32, L2-normalised; texts past 256 tokens are cut."""
        if not texts:
            return np.zeros((0, DIM), np.float32)
        tokens = [e.ids for e in self._tokenizer.encode_batch(list(texts))]
        # Sorted by length, a batch holds little padding.
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        vectors = np.empty((len(tokens), DIM), np.float32)
        for first in range(0, len(order), self._settings.batch_size):
            rows = order[first : first + self._settings.batch_size]
            vectors[rows] = self._run([tokens[i] for i in rows])
        return vectors

    def _run(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        """One batch through the tower."""
        ids = np.zeros((len(tokens), max(map(len, tokens))), np.int64)
        mask = np.zeros_like(ids)
        for row, sequence in enumerate(tokens):
            ids[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        vectors: Vectors = self._session.run(None, {"ids": ids, "mask": mask})[0]
        return vectors
