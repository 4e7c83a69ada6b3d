"""Understand what people say around what they look for: courtesy, kinds of files, dates, emoji.

"Show me pictures of my cat from last summer, please" looks for a cat: the rest says how to
look. Each thing that was understood is a note, and a text in double quotes is left as it is.
Only what is left for certain of its meaning is taken out, and only where something remains.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from engine.types import AllOf, Condition, Filter, Kind

_QUOTED_UNDOES = "double quotes around the words undo it"
_POLITE = re.compile(
    r"""^(?:(?:please|pls|can\ you|could\ you|would\ you|i\ want\ to\ see|i\ want\ to|i\ want
    |i(?:'d|\ would)\ like\ to(?:\ see)?|i(?:'m|\ am)\ looking\ for|looking\ for|look\ for
    |search\ for|find\ me|find|show\ me|give\ me|get\ me|let\ me\ see|where\ (?:is|are)
    |where\ (?:did|have|do)\ (?:i|we)\ (?:put|save|saved|keep|store|stored|leave|left)
    |do\ (?:i|we|you)\ have|(?:is|are)\ there|how\ many|all\ of\ my|all\ my)[\s,]+)+""",
    re.IGNORECASE | re.VERBOSE,
)
_THANKS = re.compile(r"[\s,]+(?:please|pls|thanks|thank\ you|for\ me)[.!?]*$", re.IGNORECASE)
_ARTICLE = r"(?:(?:a|an|the|my|our|some|any|all|every)\s+)*"
_PICTURES = r"(?:pictures?|photos?|photographs?|images?|pics?|snapshots?)"
_VIDEOS = r"(?:videos?|movies?|films?|video\ clips?|footage|clips?)"
_SOUNDS = r"(?:songs?|music|tracks?|recordings?|audio|albums?)"
_LINKS = r"(?:of|showing|with|from|by|in|taken|made|about|that|which|containing|i|we|where)"
_KINDS = (
    (Kind.IMAGE, re.compile(rf"^{_ARTICLE}{_PICTURES}(?=\s+{_LINKS}\b|\s*$)", re.IGNORECASE)),
    (Kind.VIDEO, re.compile(rf"^{_ARTICLE}{_VIDEOS}(?=\s+{_LINKS}\b|\s*$)", re.IGNORECASE)),
    (Kind.AUDIO, re.compile(rf"^{_ARTICLE}{_SOUNDS}(?=\s+(?:of|by|from)\b|\s*$)", re.IGNORECASE)),
)
_LINK = re.compile(
    r"""^\s*(?:(?:that|which)\ (?:shows?|ha(?:ve|s)|contains?)|containing|where\ (?:is|are)
    |(?:that\ )?(?:i|we)\ (?:took|made|shot|recorded)(?:\ of)?
    |of|showing|with|by|about|taken|made)\s+(?!\d)""",
    re.IGNORECASE | re.VERBOSE,
)
_IN_THEM = re.compile(r"\s+(?:in|on)\s+(?:it|them)\s*[.!?]*$", re.IGNORECASE)
"""The end of a text after "pictures with": pictures with dogs in them."""
_HEARD = re.compile(
    r"^(?:(?:an?|any|some)\s+)?(?:sounds?|noises?)\s+of\s+(?:(?:an?|the|my|some)\s+)?(?=\S)"
    r"|^the\s+(?:sounds?|noises?)\s+of\s+(?:an?|the|my|some)\s+(?=\S)",
    re.IGNORECASE,
)
"""The words before something that is to be heard; The Sound of Music is a title."""
_WITHOUT = re.compile(
    r"^(?P<wanted>\S.*?),?\s+(?:without|with\s+no|but\s+(?:no|not|without)|ohne)\s+"
    r"(?:(?:any|an?|the)\s+)?(?P<not>\w[^,;]*?)\s*[.!?]*$",
    re.IGNORECASE,
)
_MOST_UNWANTED = 3
"""Words of what is not wanted; a longer one is rather a part of a sentence."""
_OWN = re.compile(r"^(?:(?:my|our|some|any)\s+)+(?=\S)", re.IGNORECASE)

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The first month of each, of the northern half of the earth."""
_FROM = r"(?:(?:taken|made|recorded|shot|dated)\s+)?(?:(?:from|in|of|on|during|since)\s+)?"
_NAMED = "|".join((*_MONTHS, *(name[:3] for name in _MONTHS), "sept"))
_UNITS = "day|week|month|year"
_DATE = re.compile(
    rf"""\b{_FROM}(?:the\s+)?(?:
    (?P<day>today|yesterday)
    | (?P<which>last|this|past|previous)\s+(?P<unit>{_UNITS}|{"|".join(_SEASONS)}|{_NAMED})
    | (?:last|past)\s+(?P<last>\d{{1,3}})\s+(?P<last_unit>{_UNITS})s?
    | (?P<ago>\d{{1,3}}|an?|two|three|four|five|six)\s+(?P<ago_unit>{_UNITS})s?\s+ago
    | (?P<season>{"|".join(_SEASONS)})\s+(?:of\s+)?(?P<season_year>(?:19|20)\d\d)
    | (?P<month>{_NAMED})\.?,?\s+(?:of\s+)?(?P<month_year>(?:19|20)\d\d)
    | (?P<year>(?:19|20)\d\d)(?:-(?P<iso>0[1-9]|1[0-2]))?
    )\b(?![-\d:/])""",
    re.IGNORECASE | re.VERBOSE,
)
_NUMBERS = {"a": 1, "an": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_FIRST_YEAR = 1990
"""A year alone is one from here to now: an older one is rather a name or a number."""
_EMOJI_NOISE = frozenset(
    {
        "heavy",
        "black",
        "white",
        "sign",
        "symbol",
        "with",
        "emoji",
        "modifier",
        "selector",
        "slice",
        "of",
    }
)


@dataclass(frozen=True, slots=True)
class Understood:
    """A text, and what the words around it say."""

    text: str
    """The words that are looked for; empty where nothing but a filter was meant."""
    kind: Kind | None = None
    filter: Filter | None = None
    notes: tuple[str, ...] = ()
    unwanted: str = ""
    """The words for what is to be missing: "people" in "a beach without people"."""
    heard: bool = False
    """True where only what is heard was meant."""


def understand(text: str, today: date) -> Understood:
    """Take courtesy, kinds and dates off a text; what is meant by itself stays as it is."""
    spoken, notes = _spelled_emoji(text)
    rest = _stripped(spoken)
    kind, rest = _kind(rest)
    if kind is not None and not rest and " " not in spoken.strip():
        return Understood(spoken, notes=tuple(notes))  # one word is what is looked for
    when, rest = _date(rest, today, alone=kind is not None)
    rest = _OWN.sub("", rest).strip(" ,")
    if not rest and kind is None and when is None:
        return Understood(spoken, notes=tuple(notes))
    rest, unwanted, heard = _sides(rest, kind, notes)
    if unwanted and kind is None and _kind(rest)[1] == "":
        kind = _kind(rest)[0]  # "photos without people": any picture
    if kind is not None:
        notes.append(f"taken as kind:{kind}; {_QUOTED_UNDOES}")
    if when is not None:
        words, condition, shown = when
        notes.append(f"{words!r} is taken as {shown}; {_QUOTED_UNDOES}")
        return Understood(rest, kind, condition, tuple(notes), unwanted, heard)
    return Understood(rest, kind, None, tuple(notes), unwanted, heard)


def _sides(text: str, kind: Kind | None, notes: list[str]) -> tuple[str, str, bool]:
    """Return what is wanted of a text, what is not, and whether it is to be heard."""
    heard = _HEARD.match(text) if kind is None else None
    if heard:
        text = text[heard.end() :]
        notes.append(f"{heard[0].strip()!r} is taken as what is heard; {_QUOTED_UNDOES}")
    match = _WITHOUT.match(text)
    if match is None or len(match["not"].split()) > _MOST_UNWANTED:
        return text, "", bool(heard)
    notes.append(f"{match['not']!r} is taken as not wanted; {_QUOTED_UNDOES}")
    return match["wanted"], match["not"], bool(heard)


def _stripped(text: str) -> str:
    rest = _THANKS.sub("", text.strip())
    rest = _POLITE.sub("", rest).strip()
    return rest or text.strip()


def _kind(text: str) -> tuple[Kind | None, str]:
    """Return the kind of files that a text begins with, and the text without it."""
    for kind, pattern in _KINDS:
        if match := pattern.match(text):
            rest = _LINK.sub("", text[match.end() :])
            return kind, _IN_THEM.sub("", rest).strip()
    return None, text


# --- dates --------------------------------------------------------------------------


def _date(text: str, today: date, *, alone: bool) -> tuple[tuple[str, Filter, str] | None, str]:
    """Return the date that a text speaks of, and the text without it.

    A word such as "yesterday" that is all of a text may be a name, unless a kind was said.
    """
    for match in _DATE.finditer(text):
        period = _period(match, today)
        if period is None:
            continue
        rest = f"{text[: match.start()].rstrip()} {text[match.end() :].lstrip()}".strip()
        if not rest and not alone and match["year"]:
            continue
        start, end = period
        condition = AllOf((Condition("date", ">=", start), Condition("date", "<", end)))
        return (match[0].strip(), condition, f"date >= {start} and date < {end}"), rest
    return None, text


def _period(match: re.Match[str], today: date) -> tuple[str, str] | None:
    """Return the first day of a period and the day after it, as dates compare."""
    if match["day"]:
        day = today - timedelta(days=match["day"].lower() == "yesterday")
        return day.isoformat(), (day + timedelta(days=1)).isoformat()
    if match["which"]:
        return _relative(match["which"].lower(), match["unit"].lower(), today)
    if match["last"]:
        start = _before(today, int(match["last"]), match["last_unit"].lower())
        return start.isoformat(), (today + timedelta(days=1)).isoformat()
    if match["ago"]:
        count = _NUMBERS.get(match["ago"].lower()) or int(match["ago"])
        return _ago(count, match["ago_unit"].lower(), today)
    if match["season"]:
        return _season(match["season"].lower(), int(match["season_year"]))
    if match["month"]:
        return _month(int(match["month_year"]), _month_number(match["month"]))
    year = int(match["year"])
    if not _FIRST_YEAR <= year <= today.year:
        return None
    if match["iso"]:
        return _month(year, int(match["iso"]))
    return f"{year:04}", f"{year + 1:04}"


def _month_number(name: str) -> int:
    return next(n for n, full in enumerate(_MONTHS, 1) if full.startswith(name.lower()[:3]))


def _month(year: int, month: int) -> tuple[str, str]:
    after = (year + 1, 1) if month == 12 else (year, month + 1)
    return f"{year:04}-{month:02}", f"{after[0]:04}-{after[1]:02}"


def _season(name: str, year: int) -> tuple[str, str]:
    first = _SEASONS[name]
    start, _ = _month(year, first)
    last = (year + 1, first - 10) if first > 10 else (year, first + 2)
    return start, _month(*last)[1]


def _before(today: date, count: int, unit: str) -> date:
    days = {"day": 1, "week": 7, "month": 30, "year": 365}[unit]
    return today - timedelta(days=min(count * days, today.toordinal() - 1))


def _relative(which: str, unit: str, today: date) -> tuple[str, str]:
    back = 0 if which == "this" else 1
    if unit in _UNITS.split("|"):
        return _ago(back, unit, today)
    if unit in _SEASONS:
        begun = (today.year, today.month) >= (today.year, _SEASONS[unit])
        return _season(unit, today.year - (0 if begun and not back else 1 if not begun else 0))
    month = _month_number(unit)
    year = today.year - (1 if back and month >= today.month else 0)
    return _month(year, month)


def _ago(back: int, unit: str, today: date) -> tuple[str, str]:
    """Return the day, week, month or year so many before this one."""
    if unit == "day":
        day = today - timedelta(days=back)
        return day.isoformat(), (day + timedelta(days=1)).isoformat()
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + 7 * back)
        return monday.isoformat(), (monday + timedelta(days=7)).isoformat()
    if unit == "month":
        months = 12 * today.year + today.month - 1 - back
        return _month(months // 12, months % 12 + 1)
    return f"{today.year - back:04}", f"{today.year - back + 1:04}"


# --- emoji --------------------------------------------------------------------------


def _spelled_emoji(text: str) -> tuple[str, list[str]]:
    """Put the names of emoji in their places, as Unicode calls them."""
    if text.isascii() or not any(map(_is_emoji, text)):
        return text, []
    found = [(c, " ".join(_named(c))) for c in dict.fromkeys(text) if _is_emoji(c)]
    spelled = "".join(f" {dict(found)[c]} " if _is_emoji(c) else c for c in text)
    plain = " ".join(re.sub("[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]", "", spelled).split())
    notes = [f"{emoji} is read as {name!r}" for emoji, name in found if name]
    return plain or text, notes


def _is_emoji(character: str) -> bool:
    return unicodedata.category(character) == "So" and ord(character) >= 0x2600


def _named(character: str) -> Iterator[str]:
    name = unicodedata.name(character, "").lower().split()
    return (word for word in name if word not in _EMOJI_NOISE)
