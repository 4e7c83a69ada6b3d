"""Three hours of speech and 500 keyframes in a window: is the right passage in it, and how soon?

    python -m benchmarks.ask_packing [--encoder NAME]

The transcript is made here: 2,700 sentences of four seconds, of templates filled with everyday
words, among which one for each of 20 questions of ask_texts stands somewhere. Many a filler shares
words with a question. The keyframes are near to phrases of things, as those of videos are. The
window is the one that `ask` gives a model, 1,200 tokens.
"""

from __future__ import annotations

import time

import click
import numpy as np

from benchmarks.ask_texts import QUESTIONS
from benchmarks.common import at_least, at_most, command, conclude, machine, stop
from benchmarks.rerank_texts import MOMENTS
from engine.assistant.asking import WINDOW
from engine.assistant.packing import pack
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.towers import Towers
from engine.query.calibration.phrases import thing_phrases
from engine.query.everyday_words import everyday_words
from engine.types.arrays import Vectors

_SENTENCES, _KEYFRAMES, _ASKED = 2_700, 500, 20
_NOISE = 0.6
_FILLERS = (
    "Then we talked about the {a} for a while.", "I am not sure that the {a} matters to the {b}.",
    "Somebody asked when the {a} comes back.", "The {a} was on the table next to the {b}.",
    "She said that they had to buy a new {a}.", "It took {n} minutes to find the {a}.",
    "We should look at the {a} again on Monday.", "What happened to the {a} is another question.",
    "There were {n} of them in the {a}.", "He does not like the {a}, but he likes the {b}.",
    "The {a} costs {n} euros, which is less than the {b}.", "And so on, as I said before.",
    "Let me show you the {a} on the next slide.", "The first {a} was made {n} years ago.",
)  # fmt: skip


def _transcript(draw: np.random.Generator) -> tuple[list[str], dict[str, int]]:
    """Return the sentences, and the place of the right one by its question."""
    words = sorted(everyday_words())
    texts = []
    for _ in range(_SENTENCES):
        a, b = draw.choice(words, 2)
        filler = _FILLERS[int(draw.integers(len(_FILLERS)))]
        texts.append(filler.format(a=a, b=b, n=int(draw.integers(2, 90))))
    asked = [(question, right) for question, right in QUESTIONS if right][:_ASKED]
    places = draw.choice(_SENTENCES, len(asked), replace=False)
    found = {}
    for (question, right), place in zip(asked, places.tolist(), strict=True):
        texts[place] = MOMENTS[right]
        found[question] = place
    return texts, found


def _keyframes(towers: Towers, draw: np.random.Generator) -> Vectors:
    rows = towers.embed_queries(towers.shared.name, thing_phrases())
    near = rows[draw.integers(len(rows), size=_KEYFRAMES)]
    noisy = near + _NOISE * draw.normal(size=near.shape) / np.sqrt(near.shape[1])
    made: Vectors = (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)
    return made


@command(__doc__)
@click.option("--encoder", default=registry.MULTILINGUAL, show_default=True)
def main(encoder: str) -> None:
    draw = np.random.default_rng(19)
    towers = registry.towers(encoder, Settings.load())
    texts, right = _transcript(draw)
    click.echo(f"embedding {len(texts):,} sentences", err=True)
    spoken = towers.embed_texts(texts).vectors[towers.shared.name]
    vectors = np.concatenate([spoken, _keyframes(towers, draw)])
    whole = [*texts, *[""] * _KEYFRAMES]
    inside, within, took = [], [], []
    for question, place in right.items():
        asked = towers.embed_queries(towers.shared.name, [question])[0]
        began = time.perf_counter()
        packed = pack(question, asked, whole, vectors, WINDOW)
        took.append((time.perf_counter() - began) * 1e3)
        inside.append(place in packed.chosen)
        within.append(packed.tokens <= WINDOW)
        if not inside[-1]:
            click.echo(f"left out: {question} {texts[place]}", err=True)
    if not inside:
        stop("there are no questions")
    slowest = max(took)
    table = [
        ("questions whose right passage is in the window", f"{sum(inside)} of {len(inside)}",
         at_least(sum(inside) / len(inside), 0.95)),
        ("packs that fit the window", f"{sum(within)} of {len(within)}",
         at_least(sum(within) / len(within), 1.0)),
        ("the slowest pack, ms", f"{slowest:.0f}", at_most(slowest, 200.0)),
        ("median, ms", f"{np.median(took):.0f}", None),
    ]  # fmt: skip
    conclude(
        f"{_SENTENCES:,} sentences and {_KEYFRAMES} keyframes in {WINDOW:,} tokens ({machine()})",
        ["", "figure"], table,
    )  # fmt: skip


if __name__ == "__main__":
    main()
