"""Charts as SVG inside of the page: a curve, bars, a map of points, a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.common.markup import Html, element, join
from engine.report.axes import BOTTOM, LEFT, RIGHT, TOP, Axis, axis, frame, svg, text
from engine.report.style import COLOURS, colour

_WIDTH, _HEIGHT = 640.0, 360.0
"""Pixels of a chart."""
_LINE = 20.0
"""Height of a line of a legend, or of a bar."""
_LONGEST = 32
"""Characters of a label that a chart has room for."""
_NAMED = 60
"""Rows of a matrix past which their names would not be legible."""


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a chart: its name and its points (x, y)."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a map, with the number of its group and what it says when pointed at."""

    x: float
    y: float
    group: int | None = None
    title: str = ""


def shortened(label: str, most: int = _LONGEST) -> str:
    """Cut a label to a length."""
    return label if len(label) <= most else label[: most - 1] + "…"


# --- curves -------------------------------------------------------------------------


def curve(
    series: Sequence[Series], *, x: str, y: str, mark: float | None = None, from_zero: bool = False
) -> Html:
    """Draw lines over one x axis.

    Args:
        x, y: the names of the axes.
        mark: an x that a dashed line marks, such as a threshold.
        from_zero: whether the y axis begins at 0.
    """
    points = [point for line in series for point in line.points]
    marked = [] if mark is None else [mark]
    across = axis([px for px, _ in points] + marked, LEFT, _WIDTH - RIGHT, x)
    heights = [py for _, py in points] + ([0.0] if from_zero else [])
    up = axis(heights, _HEIGHT - BOTTOM, TOP + 8, y)
    parts = [frame(across, up), *(_line(line, n, across, up) for n, line in enumerate(series))]
    if mark is not None:
        dashes = f"M{across.at(mark):g} {up.start:g}V{up.end:g}"
        parts.append(element("path", d=dashes, stroke="var(--faint)", stroke_dasharray="4 4"))
    names = [line.name for line in series] if len(series) > 1 else []
    tall = _HEIGHT + _LINE * len(names)
    return svg(_WIDTH, tall, *parts, _legend(names, _HEIGHT), label=f"{y} over {x}")


def _line(series: Series, number: int, across: Axis, up: Axis) -> Html:
    """Draw a line through the finite points of a series, with a dot on each."""
    places = [(across.at(x), up.at(y), x, y) for x, y in series.points if np.isfinite([x, y]).all()]
    along = " ".join(f"{px:g},{py:g}" for px, py, _, _ in places)
    line = element("polyline", points=along, fill="none", stroke=colour(number), stroke_width=2)
    dots = [_dot(px, py, number, f"{series.name}: {x:g}, {y:g}") for px, py, x, y in places]
    return join([line, *dots])


def _dot(x: float, y: float, group: int | None, title: str, radius: float = 3.0) -> Html:
    tooltip = element("title", title) if title else Html("")
    return element("circle", tooltip, cx=f"{x:g}", cy=f"{y:g}", r=f"{radius:g}", fill=colour(group))


def _legend(names: Sequence[str], top: float) -> Html:
    parts = []
    for number, name in enumerate(names):
        y = top + _LINE * number + 10
        parts.append(_dot(LEFT, y, number, "", 5.0))
        parts.append(text(LEFT + 12, y + 4, shortened(name)))
    return join(parts)


# --- bars ---------------------------------------------------------------------------


def bars(values: Sequence[tuple[str, float]], *, of: str = "") -> Html:
    """Draw horizontal bars, one for each value; negative ones point to the left.

    Args:
        of: the subject of the values, for screen readers.
    """
    left, right = 236.0, 70.0
    across = axis([0.0, *(value for _, value in values)], left, _WIDTH - right)
    zero, parts = across.at(0.0), []
    for number, (name, value) in enumerate(values):
        y, at = number * _LINE, across.at(value)
        parts.append(text(left - 8, y + 14, shortened(name), text_anchor="end"))
        size = {"width": f"{abs(at - zero):g}", "height": f"{_LINE - 6:g}"}
        paint = colour(0 if value >= 0 else 1)
        parts.append(element("rect", x=f"{min(zero, at):g}", y=f"{y + 3:g}", fill=paint, **size))
        parts.append(text(max(zero, at) + 6, y + 14, f"{value:.4g}", class_="faint"))
    return svg(_WIDTH, max(_LINE * len(values), 1.0), *parts, label=of)


# --- maps ---------------------------------------------------------------------------


def scatter(dots: Sequence[Dot], names: Sequence[str] = (), *, side: float = 560.0) -> Html:
    """Draw a map of points, coloured by group; ``names`` are those of the groups, in order.

    Its axes have one scale and no ticks, since nothing but nearness means anything on it.
    Past some 10,000 points a page becomes slow; give a sample then.
    """
    wide, tall = _Extent.of([d.x for d in dots]), _Extent.of([d.y for d in dots])
    scale = (side - 24) / max(wide.length, tall.length, 1e-12)
    radius = float(np.clip(40 / np.sqrt(max(len(dots), 1)), 1.2, 4.0))
    parts = [
        _dot(
            side / 2 + (d.x - wide.middle) * scale, side / 2 - (d.y - tall.middle) * scale,
            d.group, d.title, radius,
        )
        for d in dots
    ]  # fmt: skip
    listed = names[:COLOURS]
    legend = _legend(listed, side)
    return svg(side, side + _LINE * len(listed) + 4, *parts, legend, label="map of points")


@dataclass(frozen=True, slots=True)
class _Extent:
    middle: float
    length: float

    @classmethod
    def of(cls, values: Sequence[float]) -> _Extent:
        low, high = min(values, default=0.0), max(values, default=0.0)
        return cls((low + high) / 2, high - low)


# --- matrices -----------------------------------------------------------------------


def matrix(
    values: NDArray[np.float64] | NDArray[np.int64],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    down: str = "",
    across: str = "",
) -> Html:
    """Draw a matrix (n, m): cells as dark as their share of their row's sum.

    Cells of zero are left out.

    Args:
        down, across: the names of rows and columns.
    """
    named = max(len(rows), len(columns)) <= _NAMED
    cell = float(np.clip(640 / max(len(rows), len(columns), 1), 2, 26))
    left, top = (190.0, 150.0) if named else (40.0, 40.0)
    sums = np.maximum(np.abs(values).sum(axis=1, keepdims=True), 1e-12)
    shares = np.abs(values) / sums
    parts = [
        _cell(
            left + j * cell, top + i * cell, cell, float(shares[i, j]), i == j,
            f"{rows[i]} → {columns[j]}: {values[i, j]:g}",
        )
        for i, j in zip(*np.nonzero(values), strict=True)
    ]  # fmt: skip
    if named:
        parts += _names(rows, columns, left, top, cell)
    width, height = left + len(columns) * cell, top + len(rows) * cell
    edge = f"M{left:g} {top:g}H{width:g}V{height:g}H{left:g}Z"
    parts.append(element("path", d=edge, class_="axis"))
    parts.append(text(left, 14, f"{across} →"))
    parts.append(text(4, top - 8, f"{down} ↓"))
    beside = 90.0 if named else 4.0  # what the names above the last columns lean over
    return svg(width + beside, height + 4, *parts, label=f"{down} by {across}")


def _cell(x: float, y: float, side: float, share: float, diagonal: bool, title: str) -> Html:
    return element(
        "rect", element("title", title), x=f"{x:g}", y=f"{y:g}", width=f"{side:g}",
        height=f"{side:g}", fill=colour(0 if diagonal else 1),
        fill_opacity=f"{0.15 + 0.85 * share:.3f}",
    )  # fmt: skip


def _names(
    rows: Sequence[str], columns: Sequence[str], left: float, top: float, cell: float
) -> list[Html]:
    middle = cell / 2 + 4
    beside = [
        text(left - 6, top + i * cell + middle, shortened(name, 26), text_anchor="end")
        for i, name in enumerate(rows)
    ]
    above = [
        text(
            0, 0, shortened(name, 20),
            transform=f"translate({left + i * cell + middle:g} {top - 6:g}) rotate(-60)",
        )
        for i, name in enumerate(columns)
    ]  # fmt: skip
    return beside + above
