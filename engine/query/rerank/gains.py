"""Keep what rerankers that see gained on judgements of a library, in a file beside its catalog."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.common.atomic_write import whole
from engine.common.file_state import os_reason
from engine.errors import LibraryReadOnly

FILE = "rerankers.json"
"""The name of the file in the folder of a library."""
LEAST_QUERIES = 5
"""Queries that are held out at least, before a gain is believed."""


@dataclass(frozen=True, slots=True)
class ModalityGain:
    """The gain of a reranker for hits of one modality, on queries that were held out."""

    queries: int
    """Held-out queries that have a hit of this modality among those that are put in order."""
    before: float
    """Mean reciprocal rank of the first answer in the fused order."""
    after: float
    """The same in the new order."""
    error: float
    """The standard error of the mean of the differences."""
    weight: float
    """Nats that a nat of the model's verdict counts, chosen on the other queries."""
    middle: float
    """Log odds of a document that does not answer, as the model says them: the median."""

    @property
    def used(self) -> bool:
        """True where verdicts count: the gain is above its standard error, on enough queries."""
        gain = self.after - self.before
        return self.queries >= LEAST_QUERIES and gain > 0 and gain > self.error


@dataclass(frozen=True, slots=True)
class RerankEvaluation:
    """The gains of one reranker, by modality."""

    reranker: str
    revision: str
    """The revision of its weights."""
    modalities: Mapping[str, ModalityGain]


def read_gains(library: Path, name: str) -> RerankEvaluation | None:
    """Return what a reranker gained in a library; None where that was never measured."""
    try:
        found = json.loads((library / FILE).read_text())[name]
        gains = {m: ModalityGain(**gain) for m, gain in found["modalities"].items()}
        return RerankEvaluation(name, found["revision"], gains)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def write_gains(library: Path, evaluation: RerankEvaluation) -> None:
    """Keep what a reranker gained, in the place of what it gained before.

    Raises:
        LibraryReadOnly: the library takes no writes.
    """
    file = library / FILE
    try:
        kept: dict[str, Any] = json.loads(file.read_text())
    except (OSError, ValueError):
        kept = {}
    kept[evaluation.reranker] = {
        "revision": evaluation.revision,
        "modalities": {m: asdict(gain) for m, gain in evaluation.modalities.items()},
    }
    try:
        with whole(file) as draft:
            draft.write_text(json.dumps(kept, indent=1))
    except OSError as error:
        raise LibraryReadOnly(f"{file} cannot be written: {os_reason(error)}") from error
