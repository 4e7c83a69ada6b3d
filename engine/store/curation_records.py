"""Runs of curation, their findings, and the journal of their acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

STAYS = frozenset({"keeper", "held"})
"""Verdicts of what stays of a group: a run acts on it only where that is asked for."""
SELECTED = "selected"
"""The verdict of what a run chose."""
CURATION_FOLDER = "curation"
"""The folder of a library where runs leave files, and unnamed copies of vectors lie."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a run says of an asset, or of one moment of it."""

    asset_id: int
    moment_id: int | None
    path: str
    """As it was when it was found."""
    verdict: str
    """What it is, in one word: ``duplicate``, ``keeper``, ``blurred``."""
    group: int | None
    """Findings of one run that belong together have the same number, from 1."""
    score: float
    why: str
    """In one line, for people."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of curation, or of something else that finds and acts."""

    run_id: int
    kind: str
    """``duplicates``, ``leaks``, ``classify``."""
    command: str
    """What would make it again."""
    settings: Mapping[str, Any]
    """All that decided what was found, as JSON holds it."""
    created: str
    """ISO 8601, UTC."""
    generation: int
    """Of the library, when it was looked at."""


class Did(StrEnum):
    """What an act does."""

    FOLDER = "folder"
    """Made the folder ``target``."""
    TAG = "tag"
    """Gave the asset at ``source`` the tag ``target``."""
    MOVE = "move"
    """Moved a file from ``source`` to ``target``."""
    HARD_LINK = "hardlink"
    SYMLINK = "symlink"
    """Made ``target``, a link to ``source``."""


class ActState(StrEnum):
    """How far an act has come."""

    INTENDED = "intended"
    """Written down; a crash may have come before or after it was done."""
    DONE = "done"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the journal."""

    did: Did
    source: str
    target: str
    asset_id: int | None = None
    state: ActState = ActState.INTENDED
    ordinal: int = 0
    """Place in the run, in the order in which it is done."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run, with how much it found and did."""

    run: Run
    findings: int
    acts: Mapping[ActState, int] = field(default_factory=dict)

    def acts_in_order(self) -> list[tuple[ActState, int]]:
        """Return how many acts are in each state, in the order of the states."""
        return [(state, self.acts[state]) for state in ActState if state in self.acts]
