"""A cross-encoder: how well a passage answers a query, read together by one small model.

ms-marco-MiniLM-L-12-v2 (Reimers and Gurevych 2019, trained on MS MARCO; Apache-2.0) in int8.
It is English.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.config import Settings
from engine.encoders.runtime.onnx_session import PinnedTower
from engine.encoders.text_length import MOST_CHARACTERS
from engine.encoders.weight_files import CROSS_ENCODER, CROSS_ENCODER_TOKENIZER

_REVISION = 1
"""Revision of the exporting code."""
_MAX_TOKENS = 256
"""Tokens of a pair; longer ones are cut at the end."""


class CrossEncoder:
    """Pairs of texts to logits. Making one loads nothing.

    A batch is computed as a whole: activations are rounded by the largest of a batch, so a
    logit depends on its neighbours (by 0.2 at most of those looked at), and not on the
    number of threads.
    """

    model = "ms-marco-MiniLM-L-12-v2-int8"

    def __init__(self, settings: Settings) -> None:
        self._tower = PinnedTower(settings, "cross/minilm-l12", CROSS_ENCODER, _REVISION, _export)
        self._lock = Lock()
        self._loaded = False

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless the model and its tokenizer can be had."""
        self._tower.check()
        CROSS_ENCODER_TOKENIZER.locate()

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        return self._loaded

    def load(self) -> None:
        """Load it now instead of at first use.

        Raises:
            EncoderUnavailable: as ``check``.
        """
        with self._lock:
            if not self._loaded:
                self._logits([("a", "b")])
                self._loaded = True

    def share_known(self, text: str) -> float:
        """Return the share of a text's letters that lie in whole words of the vocabulary.

        The vocabulary is that of English; words of other languages fall into pieces. A text
        without letters is known.
        """
        text = text[:MOST_CHARACTERS]
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        pieces: dict[int, list[int]] = {}
        for place, word in enumerate(encoded.word_ids):
            pieces.setdefault(word, []).append(place)
        letters = known = 0
        for places in pieces.values():
            start, end = encoded.offsets[places[0]][0], encoded.offsets[places[-1]][1]
            size = sum(map(str.isalpha, text[start:end]))
            letters += size
            # Chinese signs stand in the vocabulary one by one, as those of no language do.
            whole = len(places) == 1 and encoded.tokens[places[0]] != _UNKNOWN
            known += size * (whole and (size > 1 or text[start:end].isascii()))
        return known / letters if letters else 1.0

    def logits(self, query: str, passages: Sequence[str]) -> NDArray[np.float64]:
        """Return the log odds that each passage answers the query, shape (n,), float64.

        They are of the questions that the model was trained on, of which most passages
        answer none: what has nothing to do with a query lies near -11.3.

        Raises:
            EncoderUnavailable: as ``check``.
        """
        self.load()
        return self._logits([(query, passage) for passage in passages])

    def _logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        begins = [(query[:MOST_CHARACTERS], text[:MOST_CHARACTERS]) for query, text in pairs]
        encoded = self._tokenizer.encode_batch(begins)
        shape = len(encoded), max(len(pair.ids) for pair in encoded)
        ids, mask, types = (np.zeros(shape, np.int64) for _ in range(3))
        for row, pair in enumerate(encoded):
            size = len(pair.ids)
            ids[row, :size], mask[row, :size], types[row, :size] = pair.ids, 1, pair.type_ids
        (logits,) = self._tower.run(input_ids=ids, attention_mask=mask, token_type_ids=types)
        return logits[:, 0].astype(np.float64)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(CROSS_ENCODER_TOKENIZER.locate()))
        tokenizer.enable_truncation(_MAX_TOKENS)
        tokenizer.no_padding()
        return tokenizer


def _export(weights: Path, out: Path) -> None:
    """Copy the graph as it is: the package holds it in ONNX."""
    shutil.copyfile(weights, out)


_UNKNOWN = "[UNK]"
"""The token of a sign that the vocabulary does not have."""
