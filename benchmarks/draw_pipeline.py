"""Draw the picture of docs/performance.md from the figures of ``benchmarks.pipeline``.

    python -m benchmarks.pipeline --data DIR --save
    python -m benchmarks.draw_pipeline docs/pipeline.svg

For each encoder two bars of milliseconds a picture: the stages one after another, each on
all cores, and `index`, in which they share the cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import click

from benchmarks.results import details_of

_WIDTH, _LEFT, _RIGHT = 760, 130, 90
_BAR, _GAP, _TOP, _BETWEEN = 24, 6, 46, 26
_COLOURS = {"decode": "#4c78a8", "prepare": "#72b7b2", "encode": "#f58518", "index": "#54595f"}
_NAMES = {"decode": "decode", "prepare": "resize and crop", "encode": "encode", "index": "`index`"}
_STAGES = ("decode", "prepare", "encode")


def svg(figures: dict[str, Any]) -> str:
    """The picture as a document of its own, which no style sheet has to help."""
    encoders, count = figures["encoders"], figures["pictures"]
    longest = max(max(_together(taken), taken["index"]) for taken in encoders.values())
    scale = (_WIDTH - _LEFT - _RIGHT) / longest
    height = _TOP + len(encoders) * (2 * _BAR + _GAP + _BETWEEN)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        *_legend(),
    ]
    for place, (name, taken) in enumerate(encoders.items()):
        top = _TOP + place * (2 * _BAR + _GAP + _BETWEEN)
        lines += _bars(name, taken, top, scale, count)
    return "\n".join([*lines, "</svg>", ""])


def _together(taken: dict[str, float]) -> float:
    return sum(taken[stage] for stage in _STAGES)


def _legend() -> Iterator[str]:
    for place, (key, colour) in enumerate(_COLOURS.items()):
        left = _LEFT + place * 140
        yield f'<rect x="{left}" y="12" width="14" height="14" fill="{colour}"/>'
        yield _text(left + 20, 24, _NAMES[key].strip("`"))


def _bars(name: str, taken: dict[str, float], top: int, scale: float, count: int) -> Iterator[str]:
    yield _text(_LEFT - 10, top + _BAR + _GAP // 2 + 5, name, "end")
    left = float(_LEFT)
    for stage in _STAGES:
        yield _rect(left, top, taken[stage] * scale, _COLOURS[stage])
        left += taken[stage] * scale
    yield _text(left + 6, top + 17, _each(_together(taken), count))
    below = top + _BAR + _GAP
    yield _rect(_LEFT, below, taken["index"] * scale, _COLOURS["index"])
    yield _text(_LEFT + taken["index"] * scale + 6, below + 17, _each(taken["index"], count))


def _each(seconds: float, count: int) -> str:
    return f"{1000 * seconds / count:.1f} ms"


def _rect(left: float, top: float, width: float, colour: str) -> str:
    return f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'


def _text(left: float, base: float, words: str, anchor: str = "start") -> str:
    said = escape(words)
    return f'<text x="{left:.1f}" y="{base}" fill="#222222" text-anchor="{anchor}">{said}</text>'


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
def main(out: Path) -> None:
    """Draw the picture of docs/performance.md from benchmarks/results/pipeline.json."""
    out.write_text(svg(dict(details_of("pipeline"))))


if __name__ == "__main__":
    main()
