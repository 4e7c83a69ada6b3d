"""Times on disk by the clock of the user: the one zone that dates without a zone are in.

The zone is that of the process (``TZ``, else the system's), with the rules that it had at
that time. ``docs/dates.md`` says which dates are read by it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

SECOND = 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = "0000-01-01T00:00:00"
"""The start of a date, from which a coarse one takes what it leaves out."""
_FARTHEST = 2**63 - 1


def today() -> date:
    """Return the day that it is for the user."""
    return datetime.now().astimezone().date()


def local(instant: datetime) -> datetime:
    """Return an instant as the user's clock shows it, without a zone."""
    try:
        return instant.astimezone().replace(tzinfo=None)
    except (OverflowError, OSError, ValueError):  # at the ends of the calendar
        return instant.astimezone(UTC).replace(tzinfo=None)


def iso_of(mtime_ns: int) -> str:
    """Return a time on disk as the user's clock shows it, ISO 8601 to the second."""
    whole = _EPOCH + timedelta(seconds=mtime_ns // SECOND)
    return local(whole).isoformat(timespec="seconds")


def shown(text: str) -> str:
    """Return an instant with its zone, ISO 8601, as people read it: by their clock, to the second.

    A text that is none comes back as it is.
    """
    try:
        return local(datetime.fromisoformat(text)).isoformat(" ", "seconds")
    except ValueError:
        return text


def instant(text: str) -> int:
    """Return when the time that a date names begins, in nanoseconds since 1970.

    Args:
        text: ISO 8601 without a zone, cut off anywhere (``2024-06``). What is no such date
            lies before or after all times, by its place in the alphabet.
    """
    whole = text + _FIRST[len(text) :]
    try:
        zoned = datetime.fromisoformat(whole).astimezone()
    except (ValueError, OverflowError, OSError):
        return -_FARTHEST if text < "1677" else _FARTHEST
    since = zoned - _EPOCH
    exact = (since.days * 86_400 + since.seconds) * SECOND
    return min(max(-_FARTHEST, exact), _FARTHEST)


def bound(operator: str, text: str) -> tuple[str, int]:
    """Return the comparison of a time in nanoseconds that stands for one of texts.

    Texts compare as far as the shorter one goes, and then the longer one is greater; a time
    on disk has all of its seconds, and counts as the second in which it lies.
    """
    start = instant(text)
    following = start + SECOND if len(text) >= len(_FIRST) else start
    match operator:
        case "<" | ">=":
            return operator, start
        case ">":
            return ">=", min(following, _FARTHEST)
        case _:
            return "<", min(following, _FARTHEST)
