"""The parts of a library that a finder works on, and the outcome that it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.common.choices import no_choice
from engine.common.user_path import path_list, resolved
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import PathNotFound, UsageError
from engine.query.language import as_sequence, parse_where
from engine.store import Store
from engine.store.curation_records import Finding
from engine.types import AllOf, Filter, Modality

if TYPE_CHECKING:
    from engine.curate.report_sections import ReportPictures
    from engine.report.page import Section

MakeSections = Callable[["ReportPictures"], Sequence["Section"]]
"""Makes the parts of a report; called only where a report is written."""
_RESEMBLING = (Modality.IMAGE, Modality.KEYFRAME, Modality.SOUND)
"""Modalities whose moments look or sound like each other."""


@dataclass(frozen=True)
class CurationContext:
    """The parts of a library that curation works on."""

    store: Store
    settings: Settings
    towers_now: Callable[[], Towers]
    thumbnail: Callable[[int], bytes]
    """Gives a JPEG of a moment; may raise ``SensoriumError`` or ``KeyError``."""

    @property
    def towers(self) -> Towers:
        """The default encoder and its bridges; weights load at first use."""
        return self.towers_now()


@dataclass(frozen=True)
class CurationOutcome:
    """Findings, before they are recorded."""

    kind: str
    settings: Mapping[str, Any]
    """All that decided what was found, as JSON can hold it."""
    findings: Sequence[Finding]
    generation: int
    """The library's, when the search began."""
    facts: Mapping[str, Any]
    """Figures for the head of a report."""
    sections: MakeSections
    notes: Sequence[str] = ()
    """Remarks, one line each."""
    line: str = ""
    """The result in a sentence; empty for the number of findings."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Further results, as JSON can hold them."""
    problems: Sequence[str] = ()
    """Files that could not be read, and why, one line each."""


def paths_below(store: Store, paths: Sequence[str | Path] | str | Path) -> tuple[str, ...] | None:
    """Return absolute paths; None where none are given.

    Raises:
        PathNotFound: the library holds nothing at, or below, one of them.
    """
    absolute = []
    for path in path_list(paths):
        under = str(resolved(path))
        if next(iter(store.assets([under])), None) is None:
            raise PathNotFound(
                f"nothing of the library is at {path}; index it first: library.index(PATH)"
            )
        absolute.append(under)
    return tuple(absolute) or None


def combined_filter(where: Sequence[str]) -> Filter | None:
    """Parse filter expressions and join them, so that all must be true.

    Raises:
        QuerySyntax: one of them cannot be read.
    """
    parsed = tuple(map(parse_where, as_sequence(where)))
    return AllOf(parsed) if len(parsed) > 1 else (parsed[0] if parsed else None)


def modalities_in(store: Store, names: Sequence[Modality | str] | str) -> list[Modality]:
    """Return the named modalities, or else those in the library that show or sound alike.

    Raises:
        UsageError: there is no such modality, or the library holds none.
    """
    from engine.curate.asset_vectors import present_modalities

    if names:
        return list(dict.fromkeys(map(_modality, as_sequence(names))))
    found = [modality for modality in present_modalities(store) if modality in _RESEMBLING]
    if not found:
        raise UsageError(f"{store.path} holds nothing yet: library.index(PATH)")
    return found


def single_modality(store: Store, name: Modality | str | None) -> Modality:
    """Return the named modality, or the only one in the library.

    Raises:
        UsageError: there are several and none was named, or there is no such modality.
    """
    found = modalities_in(store, [name] if name else ())
    if len(found) > 1:
        raise UsageError(
            f"the library holds {', '.join(found)}: choose one with modality=",
            arguments=("modality",),
        )
    return found[0]


def _modality(name: str) -> Modality:
    try:
        return Modality(name)
    except ValueError:
        raise UsageError(no_choice("modality", name, Modality)) from None
