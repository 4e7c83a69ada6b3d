"""The weight of a local chat's verdicts in reranking, on texts made up for its choice.

    python -m benchmarks.rerank_verdict [--model local:qwen] [--kept FILE]

The fused score is that of MiniLM alone, as in `rerank_weight`, and the first few of a question are
judged, as in a search. A row is a weight; nats are what a softmax over all moments lacks to being
sure of the right one. Half of the questions choose, and the others are only looked at. The log
odds are kept in FILE as they come, and are not asked for again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, command, conclude, machine
from benchmarks.rerank_texts import MOMENTS, QUESTIONS
from benchmarks.rerank_weight import fused_odds
from engine.config import Settings
from engine.generate.llama import LlamaChat
from engine.query.rerank.base import clean
from engine.query.rerank.verdict import CANDIDATES, PASSAGE, log_odds, question

_WEIGHTS = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
_LINES = (-0.2, 0.0, 0.2, 0.4)
"""Log odds up to which a verdict says nothing."""
_SECONDS = 900.0

_Odds = Mapping[int, float]


def judged(top: NDArray[np.intp], right: int) -> list[int]:
    """The first few moments of a question, the right one among them."""
    few = top[:CANDIDATES].tolist()
    return few if right in few else [*few[:-1], right]


def asked(chat: LlamaChat, place: int, moments: list[int]) -> _Odds:
    """The log odds of some moments for a question."""
    words = list(MOMENTS.values())
    return {
        moment: log_odds(
            chat.first_words(
                question(QUESTIONS[place][0], clean(words[moment], PASSAGE)), seconds=_SECONDS
            )
        )
        for moment in moments
    }  # fmt: skip


def all_odds(
    chat: LlamaChat, fused: NDArray[np.float64], right: NDArray[np.intp], kept: Path | None
) -> dict[int, _Odds]:
    """The log odds of all questions, by place; those that are in ``kept`` are read."""
    found: dict[int, _Odds] = {}
    if kept is not None and kept.exists():
        for line in kept.read_text("utf-8").splitlines():
            place, odds = json.loads(line)
            found[place] = {int(moment): value for moment, value in odds.items()}
    for place in range(len(QUESTIONS)):
        if place not in found:
            top = np.argsort(-fused[place], kind="stable")
            found[place] = asked(chat, place, judged(top, int(right[place])))
            if kept is not None:
                with kept.open("a", encoding="utf-8") as file:
                    print(json.dumps([place, found[place]]), file=file)
    return found


def rows_of(
    fused: NDArray[np.float64], right: NDArray[np.intp], odds: Mapping[int, _Odds]
) -> Iterator[Row]:
    """A row for each line below which nothing is meant, and each weight."""
    places = np.array(sorted(odds))
    chooses = places % 2 == 0
    wrong = [v for p in places[chooses] for m, v in odds[p].items() if m != right[p]]
    for line in _LINES:
        share = float(np.mean(np.array(wrong) < line))
        for weight in _WEIGHTS:
            scores = fused[places].copy()
            for row, place in enumerate(places):
                for moment, value in odds[place].items():
                    scores[row, moment] += weight * max(value - line, 0.0)
            cells = [_figures(scores[half], right[places[half]]) for half in (chooses, ~chooses)]
            yield f"{line:+.2f} ({share:.0%})", weight, *cells, None


def _figures(scores: NDArray[np.float64], right: NDArray[np.intp]) -> str:
    """R@1, MRR and nats a question."""
    if not len(scores):
        return ""
    of_right = scores[np.arange(len(right)), right][:, None]
    ranks = (scores > of_right).sum(axis=1) + 1
    nats = min(
        np.log(np.exp(s * (scores - of_right)).sum(axis=1)).mean() for s in np.geomspace(0.1, 3, 60)
    )
    return f"{(ranks == 1).mean():.3f} / {(1 / ranks).mean():.3f} / {nats:.3f}"


@command(__doc__)
@click.option("--model", default="local:qwen", show_default=True)
@click.option("--kept", type=click.Path(path_type=Path))
def main(model: str, kept: Path | None) -> None:
    settings = Settings.from_env()
    right = np.array([list(MOMENTS).index(answer) for _, answer in QUESTIONS])
    fused = fused_odds(settings, right)
    odds = all_odds(LlamaChat(model, settings), fused, right, kept)
    conclude(
        f"{len(odds)} questions, {len(MOMENTS)} moments, verdicts of {model}; {machine()}.",
        ("line", "weight", "chosen on: R@1 / MRR / nats", "other half"),
        list(rows_of(fused, right, odds)),
    )


if __name__ == "__main__":
    main()
