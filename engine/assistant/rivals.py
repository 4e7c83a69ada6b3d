"""Other names for what a picture shows: is it rather a horse than the dog that is asked about?

The names are the things of the bank of phrases that stands for queries nobody has asked, whose
vectors every library has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.query.calibration.phrase_vectors import phrase_vectors
from engine.query.calibration.phrases import thing_phrases
from engine.query.moment_vectors import moment_vectors
from engine.query.search import Searcher
from engine.store import Store

MOST_BETTER = 2
"""Names that may fit a moment better than the one that is asked about, where it is counted.

Of 0 to 11, chosen with ``COUNTED`` on half of the names that people gave 172 photographs
(photos/dev.csv). There 46 % of what is shown is counted, and 86 % of what is counted is shown;
by the line of searches alone it is 35 % and 85 %. On the other half 52 % and 75 %, for 32 % and
79 %; the counts are 29 off in all, for 42.
"""
COUNTED = 0.1
"""The calibrated probability from which such a moment is counted, where another is likely."""

RivalNames: TypeAlias = Callable[[str, Sequence[int]], dict[int, list[str]]]
"""Return for moments the names that fit them better than a subject, the best first."""


def rival_names(
    store: Store, searcher: Searcher, towers: Callable[[], Towers], settings: Settings
) -> RivalNames:
    """Make the function that names what moments rather show; nothing is loaded before it runs."""

    def better(subject: str, moment_ids: Sequence[int]) -> dict[int, list[str]]:
        encoder = towers()
        shared, names = encoder.shared, thing_phrases()
        bank = phrase_vectors(encoder, settings)
        if len(bank) < len(names):
            return {}
        records = [*store.records(moment_ids).values()]
        rows = moment_vectors(searcher, records, [shared])
        seen = {number: own[shared.name] for number, own in rows.items() if shared.name in own}
        if not seen:
            return {}
        asked = encoder.embed_queries(shared.name, [subject])
        centre = bank.mean(axis=0)
        scores = np.stack([*seen.values()]) @ _around(bank[: len(names)], centre).T
        own_score = np.stack([*seen.values()]) @ _around(asked, centre)[0]
        return {
            number: [names[place] for place in np.argsort(-row) if row[place] > mine]
            for number, row, mine in zip(seen, scores, own_score, strict=True)
        }

    return better


def _around(rows: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    moved = rows - centre
    made: NDArray[np.float32] = moved / np.maximum(np.linalg.norm(moved, axis=1), 1e-9)[:, None]
    return made


def named_rightly(
    subject: str, confidences: dict[int, float], rivals: RivalNames, line: float
) -> dict[int, str]:
    """Return for moments why they are not counted as a subject; empty where they are.

    Args:
        confidences: calibrated probabilities of moments, by their numbers.
        line: the probability from which a moment is likely.
    """
    least = COUNTED if max(confidences.values(), default=0.0) >= line else line
    candidates = [number for number, sure in confidences.items() if sure >= least]
    better = rivals(subject, candidates) if candidates else {}
    verdicts = {}
    for number, sure in confidences.items():
        names = better.get(number)
        if sure < least or (names is None and sure < line):
            verdicts[number] = f"not likely ({sure:.0%})"
        elif names is not None and len(names) > MOST_BETTER:
            verdicts[number] = f"rather shows \u201c{' '.join(names[0].split())}\u201d"
        else:
            verdicts[number] = ""
    return verdicts
