"""The dates that a container of sound or video has, whatever its format calls them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer

from engine.media.dates import DateClaim, choose, claim

_TIME_ALONE = re.compile(r"\d{1,2}[-_:. ]\d{2}([-_:. ]\d{2})?")
_LOCAL = "com.apple.quicktime.creationdate"
_RECORDED = ("date_recorded", "recording_date", "recorded date", "date")
"""Tags of when it was recorded: Matroska, RIFF, ID3 (TDRC, TYER), MP4 (©day), Vorbis."""
_ORIGIN_DAY, _ORIGIN_TIME = "origination_date", "origination_time"
_CREATED = "creation_time"
_RELEASED = ("originaldate", "original_date", "tdor", "tory", "originalyear", "year")


def date_claims(container: InputContainer) -> tuple[DateClaim, ...]:
    """Return all dates of a container in the order in which they count, one of them chosen.

    First its local time where it has one, then what its tags say, then the time in UTC at
    which the container was made, then when the work in it first came out.
    """
    found: dict[str, str] = {}
    for key, value in _metadata(container):
        found.setdefault(key.lower(), value)
    return choose(
        [
            claim(_LOCAL, found.pop(_LOCAL, "")),
            _broadcast(found),
            *(claim(key, found.get(key, "")) for key in _RECORDED),
            claim(_CREATED, found.get(_CREATED, "")),
            *(claim(key, found.get(key, "")) for key in _RELEASED),
        ]
    )


def _broadcast(found: dict[str, str]) -> DateClaim | None:
    """Join the date and the time of a broadcast wave's ``bext``, which are apart.

    FFmpeg calls them ``date`` and ``creation_time`` by now, as it calls others.
    """
    day, time = found.get(_ORIGIN_DAY, ""), found.get(_ORIGIN_TIME, "")
    if not day and _TIME_ALONE.fullmatch(found.get(_CREATED, "").strip()):
        day, time = found.pop("date", ""), found.pop(_CREATED)
    if not day.strip():
        return None
    day, time = (re.sub(r"[-_:. /]", ":", part.strip()) for part in (day, time))
    return claim("BWF OriginationDate", f"{day} {time}".strip())


def _metadata(container: InputContainer) -> Iterator[tuple[str, str]]:
    yield from container.metadata.items()
    # Ogg has its tags on the stream, and QuickTime a clock on every track.
    for stream in container.streams:
        yield from stream.metadata.items()
