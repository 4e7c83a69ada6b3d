"""Parse the place where media were taken into degrees, as cameras and containers write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from math import isfinite

# ISO 6709: signed latitude and longitude, each as degrees, degrees and minutes, or
# degrees, minutes and seconds; how many digits it has says which. Altitude may follow.
_ISO_6709 = re.compile(r"([+-])(\d{1,6})(\.\d+)?([+-])(\d{1,7})(\.\d+)?")


def place(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    """Both in degrees; None where one is missing, no number, or not on this earth."""
    if latitude is None or longitude is None:
        return None
    # A NaN fails these comparisons too.
    if -90 <= latitude <= 90 and -180 <= longitude <= 180:
        return latitude, longitude
    return None


def from_iso_6709(text: str) -> tuple[float, float] | None:
    """Parse the place of a string such as ``+48.8577+002.2950+035.0/``."""
    found = _ISO_6709.match(text.strip())
    if found is None:
        return None
    north, latitude, of_latitude, east, longitude, of_longitude = found.groups("")
    return place(
        _signed(north, _degrees(latitude, of_latitude, 2)),
        _signed(east, _degrees(longitude, of_longitude, 3)),
    )


def _degrees(digits: str, fraction: str, most: int) -> float | None:
    """``most`` is how many digits whole degrees have; every pair more is a smaller unit."""
    more = max(0, len(digits) - most)
    if more % 2:
        return None
    cut = len(digits) - more
    parts = [digits[:cut], *(digits[at : at + 2] for at in range(cut, len(digits), 2))]
    return sexagesimal([*map(float, parts[:-1]), float(parts[-1] + fraction)])


def _signed(sign: str, degrees: float | None) -> float | None:
    return -degrees if sign == "-" and degrees is not None else degrees


def from_exif(gps: dict[int, object]) -> tuple[float, float] | None:
    """Parse the place of EXIF's GPS tags.

    Zeros under the status "void" are what a camera writes that has not found itself. A
    number without its hemisphere is no place: it has a one in four chance to be right.
    """
    found = place(_coordinate(gps, 1, "NS"), _coordinate(gps, 3, "EW"))
    return None if found == (0, 0) and _letter(gps.get(_STATUS)) == "V" else found


_STATUS = 9


def _coordinate(gps: dict[int, object], tag: int, hemispheres: str) -> float | None:
    """Signed degrees out of the tag of the hemisphere and the one after it."""
    hemisphere, value = _letter(gps.get(tag)), gps.get(tag + 1)
    if not hemisphere or hemisphere not in hemispheres:
        return None
    with suppress(TypeError, ValueError, ArithmeticError):
        parts = value if isinstance(value, tuple) else (value,)
        degrees = sexagesimal([float(part) for part in parts])
        return _signed("-" if hemisphere in "SW" else "+", degrees)
    return None


def _letter(value: object) -> str:
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")[:1].upper()


def sexagesimal(parts: Sequence[float]) -> float | None:
    """Degrees out of degrees, minutes and seconds, of which the last may be missing."""
    bounds = (180.0, 60.0, 60.0)
    if not 1 <= len(parts) <= len(bounds):
        return None
    inside = (0 <= part <= bound for part, bound in zip(parts, bounds, strict=False))
    if not all(inside) or not all(map(isfinite, parts)):
        return None
    return sum(part / unit for part, unit in zip(parts, (1, 60, 3600), strict=False))
