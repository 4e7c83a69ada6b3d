"""The weight of the log likelihood ratio in reranking, on texts made up for its choice.

    python -m benchmarks.rerank_weight

The fused score is that of MiniLM alone, as log odds against the pairs that do not belong
together. A row is a weight; nats are what a softmax over all moments lacks to being sure
of the right one, after one common scale was fitted to the scores.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, command, conclude, machine
from benchmarks.rerank_texts import MOMENTS, QUESTIONS
from engine.config import Settings
from engine.encoders.compact.text import MiniLM
from engine.generate.lm import LocalLM
from engine.query.rerank.base import Budget, Document
from engine.query.rerank.likelihood import Likelihood

_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0)
_SCALES = np.geomspace(0.1, 3, 60)
_NATS = 1.81
"""Of log odds, a deviation of a logistic background."""

_Scores = NDArray[np.float64]


def fused_odds(settings: Settings, right: NDArray[np.intp]) -> _Scores:
    """Log odds of each question (row) and moment (column)."""
    tower = MiniLM(settings)
    cosines = tower.embed([q for q, _ in QUESTIONS]) @ tower.embed(list(MOMENTS.values())).T
    others = np.ones(cosines.shape, bool)
    others[np.arange(len(right)), right] = False
    background = cosines[others]
    return _NATS * (cosines.astype(float) - background.mean()) / background.std()


def _ratios(settings: Settings) -> tuple[_Scores, float]:
    """Log likelihood ratios in nats, and seconds that one took."""
    lm = LocalLM(settings)
    lm.load()
    reranker = Likelihood(lm, weight=1.0)
    documents = [Document(i, 0.0, words) for i, words in enumerate(MOMENTS.values())]
    budget = Budget(candidates=len(documents), seconds=600)
    results = [reranker.rerank(question, documents, budget) for question, _ in QUESTIONS]
    rows = [[result.scores[i] for i in range(len(documents))] for result in results]
    return np.array(rows), sum(r.seconds for r in results) / len(rows) / len(documents)


def _row(weight: float, scores: _Scores, right: NDArray[np.intp]) -> Row:
    of_right = scores[np.arange(len(right)), right][:, None]
    ranks = (scores > of_right).sum(axis=1) + 1
    nats = min(np.log(np.exp(s * (scores - of_right)).sum(axis=1)).mean() for s in _SCALES)
    recalls = [f"{(ranks <= k).mean():.3f}" for k in (1, 5)]
    return (weight, *recalls, f"{(1 / ranks).mean():.3f}", f"{nats:.3f}", None)


@command(__doc__)
def main() -> None:
    settings = Settings.from_env()
    right = np.array([list(MOMENTS).index(answer) for _, answer in QUESTIONS])
    fused = fused_odds(settings, right)
    ratios, seconds = _ratios(settings)
    conclude(
        f"{len(QUESTIONS)} questions, {len(MOMENTS)} moments, {seconds * 1000:.0f} ms a"
        f" candidate, {machine()}",
        ("weight", "R@1", "R@5", "MRR", "nats a question"),
        [_row(weight, fused + weight * ratios, right) for weight in _WEIGHTS],
    )


if __name__ == "__main__":
    main()
