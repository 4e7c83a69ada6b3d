"""Parse the values of filters: dates, durations, sizes, boxes, words and globs.

Both grammars read them here. Every reader refuses what it cannot read with a
``QuerySyntax`` that points at the value and says what is allowed.
"""

from __future__ import annotations

import calendar
import difflib
import glob
import math
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from engine.common.choices import KIND_WORDS
from engine.query.language.token import Token
from engine.types import Kind

Box = tuple[float, float, float, float]
"""South, west, north, east, in degrees."""

_N = r"([0-9]++(?:\.[0-9]++)?)"
_NUMBER = re.compile(rf"[+-]?{_N}")
_DURATION = re.compile(rf"(?:{_N}h)?(?:{_N}m(?:in)?)?(?:{_N}s?)?", re.IGNORECASE)
_SIZE = re.compile(rf"{_N}\s*([kmgt]?)(i?)(b?)", re.IGNORECASE)
_DATE = re.compile(
    r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}(?:T[0-9]{2}(?::[0-9]{2}(?::[0-9]{2})?)?)?)?)?",
    re.IGNORECASE,
)
_DAYS = {"d": 1, "w": 7}
_MONTHS = {"m": 1, "y": 12}
_AGO = re.compile(r"([0-9]{1,6})([dwmy])", re.IGNORECASE)
_FIRST = "0000-01-01T00:00:00"
"""The start of a date, from which a coarse one takes what it leaves out."""
_YEAR, _MONTH, _DAY, _HOUR, _MINUTE, _SECOND = 4, 7, 10, 13, 16, 19
"""Characters of a date that goes so far."""
_STEPS = {
    _DAY: timedelta(days=1),
    _HOUR: timedelta(hours=1),
    _MINUTE: timedelta(minutes=1),
    _SECOND: timedelta(seconds=1),
}
_DATES = (
    "a date is 2024, 2024-06, 2024-06-30, 2024-06-30T18:30, today, yesterday, "
    "or how long ago: 7d, 4w, 6m, 2y"
)
_DURATIONS = "a duration is 90, 90s, 1m30s or 2h"
_SIZES = "a size is 500, 500kb, 1.5mb, 2gb or 2gib"
_BOXES = (
    "a place is a box in degrees: south,west,north,east; the name of a town is a word to search for"
)


_LONGEST = 40
"""Characters of a word that are compared with those that are known."""


def closest(text: str, known: Iterable[str]) -> str | None:
    """Return the known word that a misspelt one was probably meant to be."""
    return next(iter(difflib.get_close_matches(text[:_LONGEST].lower(), known, n=1)), None)


def parse_kind(token: Token) -> str:
    text = token.text.strip().lower()
    if text in set(Kind):
        return text
    near = KIND_WORDS.get(text) or closest(text, [known.value for known in Kind])
    advice = f"did you mean {near!r}?" if near else "a kind is image, video or audio"
    raise token.refused(f"{token.shown} is no kind", advice)


def parse_yes_or_no(token: Token) -> str:
    text = token.text.strip().lower()
    if text in ("yes", "no"):
        return text
    raise token.refused(f"{token.shown} is neither yes nor no", "say yes or no")


def parse_word(token: Token) -> str:
    """Return a word, or several that belong together."""
    return _solid(token, token.text.strip())


def parse_patterns(token: Token) -> tuple[str, ...]:
    """Return the globs that a path is read as; a file that any of them matches is meant.

    A pattern without a slash is of a file's name, or of any folder above it; one with a slash
    that begins nowhere may stand anywhere in a path, and ``./``, ``../`` and ``~/`` begin where
    one stands and at home. A path with a slash is that of a file, or of a folder with all in it.
    Letters with accents are meant in both of the forms that file systems keep them in.
    """
    text = _solid(token, token.text)
    found = dict.fromkeys(
        unicodedata.normalize(form, pattern) if form else pattern
        for pattern in _patterns(token, text)
        for form in (None, "NFC", "NFD")
    )
    return tuple(found)


def _patterns(token: Token, text: str) -> Iterator[str]:
    is_glob = any(character in "*?[" for character in text)
    if text.startswith("~/"):
        text = glob.escape(_home(token)) + text[1:]
    elif text in (".", "..") or text.startswith(("./", "../")):
        text = glob.escape(os.path.normpath(Path.cwd() / text))
        is_glob = False
    bare = text.rstrip("/") or "/"
    if "/" not in bare:
        if bare == text:
            yield bare
        # A name such as *.jpg is of files.
        if not is_glob or "." not in bare:
            yield f"*/{bare}/*"
        return
    anywhere = bare if bare[0] in "/*?[" else f"*/{bare}"
    if bare == text:
        yield anywhere
    if not anywhere.endswith("*"):
        yield f"{anywhere.rstrip('/')}/*"


def _home(token: Token) -> str:
    try:
        return str(Path.home())
    except RuntimeError:
        raise token.refused("there is no home folder", "write the whole path") from None


def _solid(token: Token, text: str) -> str:
    if not text.strip():
        raise token.refused("a value is missing", "put one here, without a space before it")
    if "\0" in text:
        raise token.refused("a value has a NUL character in it", "take it out")
    return text


def parse_seconds(token: Token) -> float:
    """Return a duration in seconds: ``90``, ``90s``, ``1m30s``, ``2h``."""
    match = _DURATION.fullmatch(token.text.strip())
    if match is None or not any(match.groups()):
        raise token.refused(f"{token.shown} is no duration", _DURATIONS)
    hours, minutes, rest = (float(group or 0) for group in match.groups())
    return _finite(token, 3600 * hours + 60 * minutes + rest)


def parse_byte_count(token: Token) -> float:
    """Return a size in bytes, a whole number: ``kb`` is 1000 bytes and ``kib`` is 1024."""
    match = _SIZE.fullmatch(token.text.strip())
    if match is None or (match[3] and not (match[2] and match[4])):
        raise token.refused(f"{token.shown} is no size", _SIZES)
    power = " kmgt".index(match[2].lower() or " ")
    size = _finite(token, float(match[1]) * (1024 if match[3] else 1000) ** power)
    return float(round(size))


def _finite(token: Token, number: float) -> float:
    if math.isfinite(number):
        return number
    raise token.refused(f"{token.shown} is too large", "give a smaller number")


def parse_box(tokens: Sequence[Token]) -> Box:
    """Return a box of four borders; where west > east it crosses the meridian of 180."""
    if len(tokens) != 4:
        raise tokens[0].refused(f"a place has four borders, not {len(tokens)}", _BOXES)
    south, north = (_degrees(token, 90) for token in tokens[::2])
    west, east = (_degrees(token, 180) for token in tokens[1::2])
    if south > north:
        raise tokens[0].refused("the south of this place is north of its north", _BOXES)
    return south, west, north, east


def _degrees(token: Token, most: int) -> float:
    text = token.text.strip()
    if not _NUMBER.fullmatch(text):
        raise token.refused(f"{token.shown} is no number of degrees", _BOXES)
    if abs(float(text)) > most:
        raise token.refused(f"{token.shown} is not between -{most} and {most} degrees", _BOXES)
    return float(text)


def parse_period(token: Token, today: date) -> tuple[str, str]:
    """Return the start of the time that a date names, and of what comes after it.

    Both are ISO 8601, cut off where the date is coarse (``2024-06`` to ``2024-07``), so that
    they compare with whole dates as text does.
    """
    text = token.text.strip()
    try:
        day = _relative(text.lower(), today)
        return _period(day.isoformat() if day else text)
    except (ValueError, OverflowError):
        raise token.refused(f"{token.shown} is no date", _DATES) from None


def _relative(text: str, today: date) -> date | None:
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    ago = _AGO.fullmatch(text)
    if ago is None:
        return None
    count = int(ago[1])
    if ago[2] in _DAYS:
        return today - timedelta(days=count * _DAYS[ago[2]])
    months = 12 * today.year + today.month - 1 - count * _MONTHS[ago[2]]
    year, month = months // 12, months % 12 + 1
    if year < date.min.year:
        raise OverflowError
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))


def _period(text: str) -> tuple[str, str]:
    if not _DATE.fullmatch(text):
        raise ValueError
    length = len(text)
    start = datetime.fromisoformat(text.upper() + _FIRST[length:])
    if length == _YEAR:
        end = start.replace(year=start.year + 1)
    elif length == _MONTH:
        end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    else:
        end = start + _STEPS[length]
    return start.isoformat()[:length], end.isoformat()[:length]
