"""Rerank by likelihood: how much likelier do a moment's words make the query?

UPR (Sachan et al. 2022, "Improving Passage Retrieval with Zero-Shot Question
Generation") ranks by log p(query | words). Here what the model says without any words
is taken off, which leaves a log likelihood ratio, in nats like the fused log odds, and
evidence adds up in log odds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.query.rerank.base import Document, clean
from engine.query.rerank.pointwise import Pointwise, Verdicts

WEIGHT = 0.3
"""The weight of the ratio. Chosen on ``benchmarks.rerank_texts``, made up for it: without,
the right answers lack 1.25 nats a question of certainty, at 0.5, the best, 1.03, and less
than 1.06 from 0.3 to 1. The least of those is taken, because so small a model is often
wrong. The whole sum is taken and no mean over tokens: a longer query says more, and its
ratio should."""
_WORDS = 600
"""Characters of a document's words that are looked at."""


class Likelihoods(Protocol):
    """A model that says how likely a text is."""

    model: str

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        ...

    def is_prepared(self) -> bool:
        """Tell whether it loads in seconds."""
        ...

    def load(self) -> None:
        """Load it now."""
        ...

    def log_likelihoods(self, prompts: Sequence[str], continuation: str) -> NDArray[np.float64]:
        """log p(continuation | prompt) in nats, shape (n,)."""
        ...


class Likelihood(Pointwise):
    """``lm``: the fused score plus a weighted log likelihood ratio."""

    def __init__(self, model: Likelihoods, *, weight: float = WEIGHT) -> None:
        super().__init__(_LikelihoodJudge(model), weight=weight)


class _LikelihoodJudge:
    """Log likelihood ratios of a query, with a moment's words against without any."""

    name = "lm"

    def __init__(self, model: Likelihoods) -> None:
        self._model = model
        self.model = model.model

    @property
    def description(self) -> str:
        """The name of the model in a line of progress."""
        first = "" if self._model.is_prepared() else "; the first time takes half a minute"
        return f"the language model{first}"

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        return self._model.is_loaded()

    def load(self) -> None:
        """Load it now."""
        self._model.load()

    def refusal(self, query: str) -> str | None:
        """Return None: any query has a likelihood."""

    def passage(self, _: str, document: Document) -> str:
        """Return the words that the query is read after."""
        return clean(document.words, _WORDS)

    def judging(self, query: str) -> Verdicts:
        """Return the ratios for one query; what it has without any words is asked once."""
        (alone,) = self._model.log_likelihoods([prompt("")], f" {query}")

        def ratios(passages: Sequence[str]) -> NDArray[np.float64]:
            logs = self._model.log_likelihoods(list(map(prompt, passages)), f" {query}")
            return logs - float(alone)

        return ratios


def prompt(words: str) -> str:
    """Return the text that the query is read after."""
    return f"{clean(words, _WORDS)}\nSearch query:"
