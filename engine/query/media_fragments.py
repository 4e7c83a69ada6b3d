"""Moments and regions of files, as media fragments name them (W3C, 2012).

``clip.mp4#t=12,20`` is a stretch of a video, ``a.jpg#xywh=percent:10,20,30,40`` a region of a
picture, and ``clip.mp4#t=12&xywh=percent:10,20,30,40`` a region of what a video shows then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.errors import InvalidQuery
from engine.types.examples import Region

_N = r"\d+(?:\.\d+)?"
_NAMED = re.compile(r"(?P<path>.+)#(?P<fragment>(?:t|xywh)=[^#]*)", re.DOTALL)
_TIME = re.compile(rf"t=({_N})(?:,({_N}))?")
_REGION = re.compile(rf"xywh=percent:({_N}),({_N}),({_N}),({_N})")
_ROUNDING = 1e-6
"""The fraction by which a region that was written down may reach past an edge."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """The part of a file that is meant: seconds of it, and a region of what is seen."""

    start: float | None = None
    end: float | None = None
    region: Region | None = None

    def __str__(self) -> str:
        parts = []
        if self.start is not None:
            until = "" if self.end is None else f",{self.end:.6f}"
            parts.append(f"t={self.start:.6f}{until}")
        if self.region is not None:
            parts.append("xywh=percent:" + ",".join(f"{100 * side:.4f}" for side in self.region))
        return "#" + "&".join(parts) if parts else ""


def split_fragment(value: str) -> tuple[str, Fragment]:
    """Split ``clip.mp4#t=12`` into its path and what is meant of it; of any other text, all.

    Raises:
        InvalidQuery: it names a region that no picture has.
    """
    named = _NAMED.fullmatch(value)
    if named is None:
        return value, Fragment()
    start = end = region = None
    for part in named["fragment"].split("&"):
        if time := _TIME.fullmatch(part):
            start, end = float(time[1]), float(time[2]) if time[2] else None
        elif place := _REGION.fullmatch(part):
            x, y, width, height = (float(side) / 100 for side in place.groups())
            region = checked_region((x, y, width, height))
        else:
            return value, Fragment()
    return named["path"], Fragment(start, end, region)


def with_region(value: str, region: Region) -> str:
    """Return the name of a region of an example, which may be a moment already.

    Raises:
        InvalidQuery: no picture has such a region.
    """
    path, fragment = split_fragment(value)
    return f"{path}{Fragment(fragment.start, fragment.end, checked_region(region))}"


def checked_region(region: Region) -> Region:
    """Return a region that lies within a picture, cut where it reaches past it by rounding.

    Raises:
        InvalidQuery: it does not lie within.
    """
    x, y, width, height = region
    right, bottom = x + width, y + height
    inside = min(x, y) >= 0 and max(right, bottom) <= 1 + _ROUNDING
    if not inside or not (width > 0 and height > 0):
        raise InvalidQuery(
            "a region is x, y, width and height as fractions of the picture, inside of it, such"
            f" as (0.25, 0.25, 0.5, 0.5), and not {region}",
            arguments=("region",),
        )
    return x, y, min(width, 1 - x), min(height, 1 - y)
