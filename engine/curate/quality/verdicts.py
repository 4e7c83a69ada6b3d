"""Verdicts about files: the name and limit of each measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.common.choices import no_choice
from engine.errors import UsageError
from engine.types import Kind


@dataclass(frozen=True, slots=True)
class QualityVerdict:
    """A fault that a file can have."""

    name: str
    kind: Kind
    limit: float
    above: bool
    """True where more than the limit is a fault, False where less is."""
    measure: str
    """Words for the measure, as ``why`` of a finding begins."""
    of_photographs: bool = False
    """True where it is no fault of a drawing: a slide is bright, and a logo long, on purpose."""


VERDICTS = (
    QualityVerdict("blurred", Kind.IMAGE, 0.55, True, "blur (Crete et al. 2007, 0 to 1)", True),
    QualityVerdict("dark", Kind.IMAGE, 0.32, False, "brightness of its brightest hundredth", True),
    QualityVerdict("bright", Kind.IMAGE, 0.90, True, "brightness of its darkest twentieth", True),
    QualityVerdict(
        "flat", Kind.IMAGE, 0.20, False, "contrast between its 1st and 99th hundredth", True
    ),
    QualityVerdict("tiny", Kind.IMAGE, 100, False, "shortest side in pixels", True),
    QualityVerdict("elongated", Kind.IMAGE, 0.35, False, "shorter by longer side", True),
    QualityVerdict(
        "banded", Kind.IMAGE, 0.70, True, "how closely its levels keep to a coarse grid", True
    ),
    QualityVerdict(
        "clipped", Kind.AUDIO, 0.001, True, "share of samples piled up at the loudest level"
    ),
    QualityVerdict(
        "silent", Kind.AUDIO, 0.95, True, "share of its time below the level of silence"
    ),
    QualityVerdict("noisy", Kind.AUDIO, 0.55, True, "flatness of its spectrum (1 is white noise)"),
    QualityVerdict("black", Kind.VIDEO, 0.90, True, "share of its time that is black"),
    QualityVerdict("frozen", Kind.VIDEO, 0.95, True, "share of its time in which nothing moves"),
)
NAMES = tuple(verdict.name for verdict in VERDICTS)


DRAWING = "drawing"
"""The measure that is 1 where a picture is a drawing, and 0 where it is a photograph."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A measure past its limit."""

    verdict: str
    value: float
    limit: float
    why: str


def limits(given: Mapping[str, float]) -> dict[str, float]:
    """Return the limit of every verdict, the given ones in the place of the built-in ones.

    Raises:
        UsageError: there is no such verdict.
    """
    for name in given:
        if name not in NAMES:
            raise UsageError(no_choice("verdict", name, NAMES))
    return {verdict.name: given.get(verdict.name, verdict.limit) for verdict in VERDICTS}


def faults(measured: Mapping[str, float], limit: Mapping[str, float]) -> Iterator[Fault]:
    """Yield the measures that are past their limits."""
    for verdict in VERDICTS:
        value = measured.get(verdict.name)
        if value is None:
            continue
        bound = limit[verdict.name]
        # Who names a limit means it, of drawings too.
        if verdict.of_photographs and measured.get(DRAWING) and bound == verdict.limit:
            continue
        if value > bound if verdict.above else value < bound:
            side = "at most" if verdict.above else "at least"
            why = f"{verdict.measure}: {value:.3g}, and {side} {bound:g} is well"
            yield Fault(verdict.name, value, bound, why)
