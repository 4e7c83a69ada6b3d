"""Runs of curation, their findings, and the journal of their acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

STAYS = frozenset({"keeper", "held"})
"""Verdicts of files that stay: a run acts on them only where that is asked for."""
SELECTED = "selected"
"""The verdict of files that a run chose."""
CURATION_FOLDER = "curation"
"""The folder of a library where runs leave files, and unnamed copies of vectors lie."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement of a run about an asset, or about one moment of it."""

    asset_id: int
    moment_id: int | None
    path: str
    """The asset's path when the run looked at it."""
    verdict: str
    """The finding in one word: ``duplicate``, ``keeper``, ``blurred``."""
    group: int | None
    """Findings of one run that belong together have the same number, from 1."""
    score: float
    why: str
    """The reason in one line, for people."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of curation, or of something else that finds and acts."""

    run_id: int
    kind: str
    """``duplicates``, ``leaks``, ``classify``."""
    command: str
    """The command line that would repeat the run."""
    settings: Mapping[str, Any]
    """All settings that decided the result, as JSON holds them."""
    created: str
    """ISO 8601, UTC."""
    generation: int
    """The library's generation when the run looked at it."""


class ActKind(StrEnum):
    """The kind of an act."""

    FOLDER = "folder"
    """Made the folder ``target``."""
    TAG = "tag"
    """Gave the asset at ``source`` the tag ``target``."""
    UNTAG = "untag"
    """Took the tag ``target`` from the asset at ``source``."""
    CAPTION = "caption"
    """Gave the asset at ``source``, which had none, the caption ``target``."""
    MOVE = "move"
    """Moved a file from ``source`` to ``target``."""
    HARD_LINK = "hardlink"
    SYMLINK = "symlink"
    """Made ``target``, a link to ``source``."""


class ActState(StrEnum):
    """The progress of an act."""

    INTENDED = "intended"
    """Written down; a crash may have come before or after it was done."""
    DONE = "done"
    UNDONE = "undone"
    FAILED = "failed"
    """It never happened. Libraries of older versions have ``UNDONE`` here."""


OF_TAGS = frozenset({ActKind.TAG, ActKind.UNTAG, ActKind.CAPTION})
"""Kinds of acts that touch no file."""
NOTHING_TO_UNDO = frozenset({ActState.UNDONE, ActState.FAILED})
"""States of acts of which nothing is left to take back."""


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the journal."""

    kind: ActKind
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
