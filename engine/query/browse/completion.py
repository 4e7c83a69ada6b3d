"""Words that complete a query while somebody types it: fields, their values, taught names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from os.path import commonpath
from pathlib import PurePath
from typing import TypeAlias

from engine.common.query_fields import FIELD_MEANINGS, FIELD_VALUES
from engine.query.browse.facets import Facets
from engine.query.language.filter_fields import FIELDS, SINCE

ReadTags: TypeAlias = Callable[[str], Iterable[str]]
ReadNames: TypeAlias = Callable[[], Iterable[str]]

_LAST = 300
"""Characters before the cursor that are looked at."""
_TYPED = re.compile(
    r'(?:^|(?<=\s))[+-]?(?:(?P<field>[^\W\d_]+):(?:(?P<open>")(?P<quoted>[^"]*)|(?P<value>[^\s"]*))'
    r'|(?P<word>[^\s":]*))$'
)
_SIZES = {
    "duration": {"<1m": "shorter than a minute", ">10m": "longer than ten minutes"},
    "size": {">10mb": "larger than 10 MB", "<100kb": "smaller than 100 kB"},
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text that can stand in the place [begin, end) of what was typed."""

    text: str
    begin: int
    end: int
    what: str
    """``field``, ``value`` or ``name``."""
    says: str = ""
    """Its meaning, or how many files it is of."""


def complete(
    text: str, at: int, facets: Callable[[], Facets], tags: ReadTags, names: ReadNames
) -> Iterator[Suggestion]:
    """Yield what can complete a text at a place, the likeliest first.

    Args:
        at: characters before the cursor; what stands behind it stays as it is.
        facets: counts what the library holds, where values of it are asked for.
        tags: reads further tags that begin so, which were recognised.
        names: reads the names that the library was taught.
    """
    before = text[:at]
    begin_of_last = max(0, at - _LAST)
    typed = _TYPED.search(before[begin_of_last:])
    if typed is None or _in_quotes(before[: begin_of_last + typed.start()]):
        return
    if typed["field"] is None:
        begin = begin_of_last + typed.start("word")
        yield from _words(typed["word"], begin, at, names)
        return
    field = typed["field"].lower()
    field = "date" if field in SINCE else FIELDS.get(field, field)
    value = typed["quoted"] if typed["open"] else typed["value"]
    value = value.rpartition(",")[2] if field in ("kind", "tags") else value
    quoted = typed["open"] is not None and "," not in typed["quoted"]
    begin = at - len(value) - quoted
    for found, says in _values(field, value.lower(), facets, tags):
        yield Suggestion(_as_value(found, quoted), begin, at, "value", says)


def _in_quotes(text: str) -> bool:
    return text.count('"') % 2 == 1


def _words(word: str, begin: int, end: int, names: ReadNames) -> Iterator[Suggestion]:
    start = word.lower()
    for name in names() if start else ():
        if name.lower().startswith(start):
            yield Suggestion(name, begin, end, "name", "a name that was taught")
    for field, says in FIELD_MEANINGS.items():
        if field.startswith(start):
            yield Suggestion(field, begin, end, "field", says)


def _values(
    field: str, start: str, facets: Callable[[], Facets], tags: ReadTags
) -> Iterator[tuple[str, str]]:
    """Yield values of a field that begin so, each with what it means, once."""
    given = set()
    for value, says in _known(field, start, facets, tags):
        if value.lower().startswith(start) and value not in given:
            given.add(value)
            yield value, says


def _known(
    field: str, start: str, facets: Callable[[], Facets], tags: ReadTags
) -> Iterator[tuple[str, str]]:
    yield from ((value, "") for value in FIELD_VALUES.get(field, ()))
    yield from _SIZES.get(field, {}).items()
    if field == "date":
        yield from _counted({**facets().years, **facets().months})
    elif field == "tags":
        yield from _counted(facets().tags)
        yield from ((tag, "") for tag in tags(start))
    elif field == "path":
        yield from _counted(_folder_names(facets().folders))
    elif field == "place":
        for cell in facets().places:
            box = f"{cell.south:g},{cell.west:g},{cell.north:g},{cell.east:g}"
            yield box, _files(cell.count)


def _folder_names(folders: Mapping[str, int]) -> dict[str, int]:
    """Return the names of folders, those above files too, with the files at and below them."""
    if not folders:
        return {}
    above = len(PurePath(commonpath(folders)).parents)
    names: dict[str, int] = {}
    for path, count in folders.items():
        for name in dict.fromkeys(PurePath(path).parts[above:]):
            names[name] = names.get(name, 0) + count
    return dict(sorted(names.items(), key=lambda each: -each[1]))


def _counted(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    return ((name, _files(count)) for name, count in counts.items() if name)


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _as_value(value: str, quoted: bool) -> str:
    """Return a value as it stands behind ``field:``, in quotes where it needs them."""
    if not quoted and not re.search(r'[\s"]', value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
