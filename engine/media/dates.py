"""The one owner of "when was this made": what counts as a date, and which of several does.

A file says it in many places. Each is a ``DateClaim``; ``choose`` takes the first that is
possible, in the order that ``docs/dates.md`` tells. A date is the wall clock of where the
file was made. One that is only known as an instant (QuickTime's UTC, GPS) is shown by the
user's clock, as times on disk are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from engine.common import local_time

_DATE = re.compile(
    r"""(?P<year>\d{4})
    (?:(?P<a>[-:/._ ]?)(?P<month>\d{1,2})(?:(?P=a)(?P<day>\d{1,2}))?)?
    (?:[T\ ]\s*(?P<hour>\d{1,2})[:.-]?(?P<minute>\d{2})
        (?:[:.-]?(?P<second>\d{2})(?:[.,:]\d+)?)?)?
    \s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?""",
    re.IGNORECASE | re.VERBOSE,
)
_ZONE = re.compile(r"([+-])(\d{2}):?(\d{2})?")
_WEEKDAY_FORMATS = ("%a %b %d %H:%M:%S %Y", "%d %b %Y %H:%M:%S", "%d %b %Y", "%b %d %Y")
_OLDEST = 1826
"""The year of the oldest photograph that is left; sound is younger."""
_EPOCHS = (datetime(1904, 1, 1), datetime(1970, 1, 1))
"""Zero of the clocks of QuickTime and of Unix, which a recorder without a clock writes."""
_FIRST_OF_FAT = datetime(1980, 1, 1)
_WIDEST_ZONE = timedelta(hours=14)
_YEAR, _MONTH, _DAY, _SECOND = 4, 7, 10, 19
"""Characters of an ISO date that is known so far."""


@dataclass(frozen=True, slots=True)
class DateClaim:
    """A date as one place of a file has it."""

    source: str
    """The place, by the name that its format gives it: ``EXIF DateTimeOriginal``."""
    text: str
    """The date as it is written there."""
    when: str | None = None
    """ISO 8601 without a zone, to the second; None where it is passed over."""
    fault: str | None = None
    """The reason for which it is passed over."""
    known: int = _SECOND
    """Characters of ``when`` that the file says; what follows is the start of that time."""
    chosen: bool = False
    """The date of the file."""


def claim(source: str, text: str, zone: str = "", *, utc: bool = False) -> DateClaim | None:
    """Read a date; None where there is nothing to be read.

    Args:
        zone: the zone where it is written apart from the date (``+09:00``).
        utc: a date that names no zone is in UTC.
    """
    shown = " ".join(text.strip("\0 \t\r\n").split())[:64]
    if not any(character.isdigit() and character != "0" for character in shown):
        return DateClaim(source, shown, fault="empty") if shown else None
    found = _parse(shown)
    if found is None:
        return DateClaim(source, shown, fault="not a date")
    written, known, given = found
    fault = _fault(written, known)
    if fault:
        return DateClaim(source, shown, fault=fault)
    given = given or zone.strip("\0 ")
    # "Z" is an instant whose local time is not known, and "+00:00" is the time of a place
    # (RFC 9557, section 2.1); a wall clock is what the file's own zone shows already.
    if known > _DAY and (given.upper() in ("Z", "UTC", "GMT") or (utc and not given)):
        written = local_time.local(written.replace(tzinfo=UTC))
    return DateClaim(source, shown, written.isoformat(timespec="seconds"), known=known)


def instant_claim(source: str, text: str, offset: str = "") -> DateClaim | None:
    """Read a date that is in UTC whatever it says, by the file's own ``offset`` from it."""
    found = claim(source, text, utc=True)
    zone = _offset(offset)
    parsed = _parse(found.text) if found is not None and found.when else None
    if found is None or zone is None or parsed is None or parsed[1] <= _DAY:
        return found
    local = parsed[0].replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    return replace(found, when=local.isoformat(timespec="seconds"))


def choose(claims: Iterable[DateClaim | None]) -> tuple[DateClaim, ...]:
    """Mark the date of a file among its claims, given in the order in which they count.

    The first that is possible is it; where that names a year, a month or a day alone,
    a later one that lies in it says more.
    """
    kept = [found for found in claims if found is not None]
    chosen: DateClaim | None = None
    for found in kept:
        if found.when is None:
            continue
        if chosen is None or (found.known > chosen.known and _agrees(chosen, found)):
            chosen = found
    return tuple(replace(found, chosen=found is chosen) for found in kept)


def date_of(claims: Sequence[DateClaim]) -> str | None:
    """Return the chosen date, ISO 8601 without a zone, or None."""
    return next((found.when for found in claims if found.chosen), None)


def _agrees(coarse: DateClaim, fine: DateClaim) -> bool:
    assert coarse.when is not None and fine.when is not None
    return coarse.when[: coarse.known] == fine.when[: coarse.known]


def _parse(text: str) -> tuple[datetime, int, str] | None:
    """Return a date without its zone, how many characters of it are known, and the zone."""
    match = _DATE.fullmatch(text)
    if match is None:
        return _parse_words(text)
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    month, day = match["month"], match["day"]
    if match["a"] == "" and month and len(month + (day or "")) not in (2, 4):
        return None
    known = _SECOND if match["hour"] else _DAY if day else _MONTH if month else _YEAR
    # Some tags have zeros for what is not known of a date (2001:00:00).
    if known <= _DAY and day and not int(day):
        day, known = None, _MONTH
    if known <= _MONTH and month and not int(month):
        month, known = None, _YEAR
    if match["hour"] and not day:
        return None
    with suppress(ValueError):
        days = (int(match["year"]), int(month or 1), int(day or 1))
        # A leap second is the 60th.
        return datetime(*days, hour, minute, min(second, 59)), known, match["zone"] or ""
    return None


def _parse_words(text: str) -> tuple[datetime, int, str] | None:
    """Parse dates with names of months, as mail and C write them."""
    for form in _WEEKDAY_FORMATS:
        with suppress(ValueError):
            return datetime.strptime(text, form), _SECOND if "%H" in form else _DAY, ""
    with suppress(ValueError, TypeError, OverflowError, IndexError):
        found = parsedate_to_datetime(text)
        zone = "" if found.tzinfo is None else found.strftime("%z")
        unknown = zone == "+0000" and text.upper().endswith(("Z", "GMT", "UTC", "-0000"))
        return found.replace(tzinfo=None), _SECOND, "Z" if unknown else zone
    return None


def _offset(text: str) -> timezone | None:
    match = _ZONE.fullmatch(text.strip("\0 "))
    if match is None:
        return None
    hours, minutes = int(match[2]), int(match[3] or 0)
    delta = timedelta(hours=hours, minutes=minutes)
    if delta > _WIDEST_ZONE:
        return None
    return timezone(-delta if match[1] == "-" else delta)


def _fault(written: datetime, known: int) -> str | None:
    """Return why a date cannot be when something was made; None where it can."""
    if written.year < _OLDEST:
        return f"before {_OLDEST}"
    if known > _MONTH and any(_is_zero(written, epoch) for epoch in _EPOCHS):
        return "a clock that was not set"
    if known == _SECOND and written == _FIRST_OF_FAT:
        return "a clock that was not set"
    return "in the future" if written > _tomorrow() else None


def _is_zero(written: datetime, epoch: datetime) -> bool:
    """Tell whether a clock stood at zero, in whatever zone, or has run for less than a day."""
    whole_quarter = written.minute % 15 == 0 and written.second == 0
    return written.date() == epoch.date() or (
        epoch - _WIDEST_ZONE <= written < epoch and whole_quarter
    )


def _tomorrow() -> datetime:
    """Return the end of the next day, by when it is today everywhere."""
    return datetime.combine(local_time.today() + timedelta(days=2), datetime.min.time())
