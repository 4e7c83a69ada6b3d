"""Files beside a picture, a video or a sound in which people and programs write about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePath

from engine.media import captions, timed_texts, xmp

_TEXTS = frozenset({".xmp", ".json", ".txt"})
SUFFIXES = _TEXTS | timed_texts.SUFFIXES
"""Suffixes, in lower case, of the files that may be beside one."""
_LONGEST = 1 << 20
"""Bytes of a sidecar that are read."""
_TAKEOUT = "supplemental-metadata"
_TAKEOUT_NAME = 46
"""Characters of a name that Google Takeout keeps in the name of its JSON."""
_NUMBERED = re.compile(r"^(?P<stem>.+)(?P<suffix>\.\w{2,5})(?P<number>\(\d+\))$")
_TRACK = re.compile(r"\.[\w-]{2,12}$")
_KEYS = ("description", "caption", "title", "keywords", "tags", "people", "name", "text")
"""Keys of a JSON whose values are of people: Google Takeout's, and what others call them."""


def owners(name: str) -> Iterator[str]:
    """Yield the names, in lower case, that a sidecar of this name may be of.

    Each is that of a file with its suffix (``img.jpg.json``) or without (``img.xmp``).
    """
    file = PurePath(name.lower())
    base = file.stem
    yield base
    if file.suffix == ".json":
        head, dot, tail = base.rpartition(".")
        if dot and tail and _TAKEOUT.startswith(tail):
            base = head
            yield base
        if numbered := _NUMBERED.match(base):
            yield numbered["stem"] + numbered["number"] + numbered["suffix"]
    if file.suffix in timed_texts.SUFFIXES:
        for _ in range(2):  # movie.en.srt, movie.en.forced.srt
            if _TRACK.search(base):
                base = _TRACK.sub("", base)
                yield base


def names_of(name: str) -> tuple[str, ...]:
    """Return the names by which the sidecars of a file look for it; see ``owners``."""
    lower = name.lower()
    return tuple(dict.fromkeys((lower, PurePath(lower).stem, lower[:_TAKEOUT_NAME])))


def lines(paths: Iterable[Path]) -> list[str]:
    """List the texts of sidecars without times, as they stand; an unreadable one has none."""
    found: list[str] = []
    for path in paths:
        with suppress(OSError):
            found += _read(path)
    return found


def timed(paths: Iterable[Path]) -> list[timed_texts.TimedText]:
    """List the lines of subtitles and lyrics beside a file."""
    found: list[timed_texts.TimedText] = []
    for path in paths:
        if path.suffix.lower() in timed_texts.SUFFIXES:
            with suppress(OSError):
                found += timed_texts.of_file(path)
    return found


def _read(path: Path) -> list[str]:
    suffix = path.suffix.lower()
    if suffix not in _TEXTS:
        return []
    with path.open("rb") as stream:
        raw = stream.read(_LONGEST)
    if suffix == ".xmp":
        return xmp.written(raw)
    if suffix == ".json":
        with suppress(ValueError, RecursionError):
            return list(_values(json.loads(raw)))
        return []
    return captions.decoded(raw.removeprefix(b"\xef\xbb\xbf")).splitlines()


def _values(document: object) -> Iterator[str]:
    """Yield what people wrote into a JSON, but for the name of the file."""
    if not isinstance(document, Mapping):
        return
    for key in _KEYS:
        value = document.get(key)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                yield item
            elif isinstance(item, Mapping) and isinstance(item.get("name"), str):
                yield item["name"]
