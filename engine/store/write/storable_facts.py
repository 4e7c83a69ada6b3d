"""Facts of a file as both databases take them: what cannot be stored costs that fact alone.

A time on disk may lie outside of what 64 bits hold in nanoseconds (an empty FILETIME is
the year 1601), a damaged header gives sizes and lengths that are no numbers, and a text
of a tag has characters that no database stores. None of it may cost the batch.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from engine.common.file_state import clamped_int64
from engine.store.paths import storable
from engine.types import Asset, Moment

_INT32 = 2**31 - 1
_LAST = 2**63 - 1
"""Nanoseconds since 1970 that are the last which a database holds, in 2262."""
_WORDS = {"width": "width", "height": "height", "duration": "length in seconds", "place": "place"}
"""Facts that are numbers, and what people call them."""


def storable_asset(asset: Asset) -> Asset:
    """Return the asset with the facts that can be stored; the path is for ``to_text``."""
    return replace(
        asset,
        size=max(0, clamped_int64(asset.size)),
        mtime_ns=clamped_int64(asset.mtime_ns),
        width=_pixels(asset.width),
        height=_pixels(asset.height),
        duration=_seconds(asset.duration),
        taken_at=None if asset.taken_at is None else storable(asset.taken_at),
        place=_place(asset.place),
        caption=None if asset.caption is None else storable(asset.caption),
        texts=None if asset.texts is None else storable(asset.texts),
    )


def lost_facts(asset: Asset) -> list[str]:
    """Return what of an asset's facts is not stored as the file says it, in words."""
    kept = storable_asset(asset)
    lost = [
        f"its {word} ({getattr(asset, name)}) is none, and is left out"
        for name, word in _WORDS.items()
        if getattr(asset, name) is not None and getattr(kept, name) is None
    ]
    if abs(asset.mtime_ns) >= _LAST:
        lost.append("its time on disk is before 1677 or after 2262; the nearest is kept")
    return lost


def storable_moment(moment: Moment) -> Moment:
    """Return the moment with times, texts and tags that can be stored."""
    start, end = _clock(moment.start), _clock(moment.end)
    return replace(
        moment,
        start=start,
        end=end,
        ordinal=min(max(0, moment.ordinal), _INT32),
        text=None if moment.text is None else storable(moment.text),
        tags=tuple(
            replace(tag, word=storable(tag.word)) for tag in moment.tags if isfinite(tag.weight)
        ),
    )


def _pixels(count: int | None) -> int | None:
    return count if count is not None and 0 < count <= _INT32 else None


def _seconds(time: float | None) -> float | None:
    return float(time) if time is not None and isfinite(time) and time >= 0 else None


def _clock(time: float | None) -> float | None:
    return max(0.0, float(time)) if time is not None and isfinite(time) else None


def _place(place: tuple[float, float] | None) -> tuple[float, float] | None:
    if place is None or not all(map(isfinite, place)):
        return None
    latitude, longitude = place
    return place if -90 <= latitude <= 90 and -180 <= longitude <= 180 else None
