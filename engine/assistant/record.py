"""The record of how an answer comes about, while it is made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.assistant.answer import Searched
from engine.assistant.evidence import EvidencePassage
from engine.assistant.verification import LeftOutPassage
from engine.common.text import printable


@dataclass
class AnswerRecord:
    """The record of a question so far."""

    searches: list[Searched] = field(default_factory=list)
    found: list[EvidencePassage] = field(default_factory=list)
    """All that the searches found, likely or not."""
    notes: list[str] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)
    left_out: tuple[LeftOutPassage, ...] = ()
    dropped: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time of the block to a stage's."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.took[stage] = self.took.get(stage, 0.0) + (time.perf_counter() - began) * 1e3


def quoted_instead(reason: str) -> str:
    """Return the note that says why a model's words are not there."""
    return f"the passages are quoted as they are: {printable(reason)}"
