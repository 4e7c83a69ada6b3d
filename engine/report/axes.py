"""Axes of charts: scales, ticks, and the frame around a plot."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from engine.common.markup import Html, element, join

_TICKS = 6
"""Ticks of an axis, about."""
LEFT, RIGHT, TOP, BOTTOM = 60.0, 20.0, 14.0, 46.0
"""Room around the plot for ticks and names."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Values in [low, high] on pixels from ``start`` to ``end``, which may run backwards."""

    low: float
    high: float
    start: float
    end: float
    name: str = ""

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    def ticks(self) -> list[float]:
        """Return round values on the axis, some six of them."""
        step = round_step(self.high - self.low)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(number * step, 12) for number in range(first, last + 1)]


def round_step(width: float) -> float:
    """Return the distance of ticks over a width: 1, 2 or 5 times a power of ten."""
    rough = width / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)


def axis(values: Iterable[float], start: float, end: float, name: str = "") -> Axis:
    """Make an axis that holds all finite values; of none, or of one, it still has a width."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    if high - low < 1e-12 * max(abs(low), abs(high), 1.0):
        low, high = low - 0.5, high + 0.5
    return Axis(low, high, start, end, name)


def svg(width: float, height: float, *parts: Html, label: str = "") -> Html:
    """Make a drawing; ``label`` is for screen readers."""
    return element(
        "svg", *parts, viewBox=f"0 0 {width:g} {height:g}", width=f"{width:g}",
        height=f"{height:g}", role="img", aria_label=label or None,
    )  # fmt: skip


def text(x: float, y: float, content: object, **attributes: object) -> Html:
    """Place text; ``text_anchor`` says which end of it lies at ``x``."""
    return element("text", content, x=f"{x:g}", y=f"{y:g}", **attributes)


def frame(across: Axis, up: Axis) -> Html:
    """Draw the lines, ticks and names of two axes."""
    parts = [
        element(
            "path", d=f"M{across.start:g} {up.end:g}V{up.start:g}H{across.end:g}", class_="axis"
        )
    ]
    for value in across.ticks():
        at = across.at(value)
        parts.append(text(at, up.start + 16, f"{value:g}", text_anchor="middle", class_="faint"))
    for value in up.ticks():
        at = up.at(value)
        parts.append(element("path", d=f"M{across.start:g} {at:g}H{across.end:g}", class_="axis"))
        parts.append(
            text(across.start - 6, at + 4, f"{value:g}", text_anchor="end", class_="faint")
        )
    middle = (across.start + across.end) / 2
    parts.append(text(middle, up.start + 36, across.name, text_anchor="middle"))
    parts.append(text(across.start, up.end - 3, up.name))
    return join(parts)
