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
_NUMBER = re.compile(r"\(\d+\)$")
"""The number of a copy, which Google Takeout puts behind the suffix in the name of its JSON."""
_EDITED = re.compile(
    r"-(edited|bearbeitet|modifié|editado|modificato|bewerkt|edytowane|redigerad|編集済み)$"
)
"""Ends that Google Takeout gives the name of an edited picture, whose JSON is the original's."""
_TRACK = re.compile(r"\.[\w-]{2,12}$")
_KEYS = ("description", "caption", "title", "keywords", "tags", "people", "name", "text")
"""Keys of a JSON whose values are of people: Google Takeout's, and what others call them."""


def owners(name: str) -> Iterator[str]:
    """Yield the names, in lower case, that a sidecar of this name may be of.

    Each is that of a file with its suffix (``img.jpg.json``) or without (``img.xmp``), or
    with the number of its copy at the end (``img.jpg(1)`` of ``img(1).jpg``).
    """
    file = PurePath(name.lower())
    base = file.stem
    yield base
    if file.suffix == ".json":
        plain, number = _parted(base)
        head, dot, tail = plain.rpartition(".")
        # Of a name that leaves no room, nothing but the dot is there.
        cut_off = bool(tail) or len(plain) == _TAKEOUT_NAME
        if dot and cut_off and _TAKEOUT.startswith(tail):
            yield head + number
    if file.suffix in timed_texts.SUFFIXES:
        for _ in range(2):  # movie.en.srt, movie.en.forced.srt
            if _TRACK.search(base):
                base = _TRACK.sub("", base)
                yield base


def names_of(name: str) -> tuple[str, ...]:
    """Return the names by which the sidecars of a file look for it; see ``owners``."""
    lower = name.lower()
    stem, suffix = PurePath(lower).stem, PurePath(lower).suffix
    plain, number = _parted(stem)
    original = _EDITED.sub("", plain) + suffix
    return tuple(
        dict.fromkeys((lower, stem, lower[:_TAKEOUT_NAME], original[:_TAKEOUT_NAME] + number))
    )


def _parted(name: str) -> tuple[str, str]:
    """Part a name from the number of its copy at the end, where it has one."""
    number = _NUMBER.search(name)
    return (name[: number.start()], number[0]) if number else (name, "")


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
