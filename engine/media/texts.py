"""All that is written about a file, in it and beside it, apart from its caption."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from av.container import InputContainer

from engine.media import captions, container, picture_texts, sidecars, timed_texts
from engine.media.image import open_picture
from engine.media.timed_texts import TimedText
from engine.types import Kind

REVISION = "1"
"""Changes whenever the same file would be read to have other texts."""
MOST_LINES = 400
_LONGEST = 20_000
"""Characters of the texts of a file that are kept."""
_TAGS = (
    *("title", "artist", "album_artist", "album", "composer", "performer", "genre", "show"),
    *("subtitle", "grouping", "keywords", "synopsis", "network", "author", "copyright_holder"),
    *("description", "comment"),
)
"""Metadata that people know a song or a film by, as FFmpeg calls it in every format."""
_LYRICS = ("lyrics", "unsyncedlyrics", "lyrics-xxx")
_SEVERAL = re.compile(r"[;\0]|\s/\s")
_UNKNOWN = re.compile(
    r"(unknown|various|untitled|track|no)([ _-]?(artists?|albums?|title|genre|\d+))?|other|none",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a file and of its sidecars."""

    lines: tuple[str, ...] = ()
    """Titles, names, keywords, lyrics and what sidecars say, each once."""
    timed: tuple[TimedText, ...] = ()
    """Subtitles, chapters and lyrics with times."""

    @property
    def joined(self) -> str | None:
        """The lines as one text; None where there is nothing."""
        return "\n".join(self.lines)[:_LONGEST].rstrip() or None


def read_texts(path: Path, kind: Kind, beside: Iterable[Path] = ()) -> Texts:
    """Read what is written in a file and in its sidecars; what cannot be read has none."""
    paths = list(beside)
    found: list[str] = []
    timed: list[TimedText] = []
    with suppress(Exception):  # whatever a damaged file makes a reader run into
        if kind is Kind.IMAGE:
            with open_picture(path) as image:
                found += picture_texts.lines(image)
        else:
            with container.open_container(path) as opened:
                inside, lyrics = _of_container(opened)
                found += inside
                timed += [*timed_texts.of_container(opened), *lyrics]
    found += sidecars.lines(paths)
    if kind is not Kind.IMAGE:
        timed += sidecars.timed(paths)
    lines = dict.fromkeys(filter(None, (_line(text) for text in found)))
    own = {path.name.casefold(), path.stem.casefold()}
    kept = [line for line in lines if line.casefold() not in own]
    return Texts(tuple(kept[:MOST_LINES]), tuple(timed[: timed_texts.MOST]))


def _of_container(opened: InputContainer) -> tuple[list[str], list[TimedText]]:
    """Return the metadata of a container, and those of its lyrics that have times."""
    metadata = container.plain_metadata(opened)
    found: list[str] = []
    timed: list[TimedText] = []
    for name in _TAGS:
        if value := captions.line(metadata.get(name, ""), numbers=True):
            found += [value, *(part for part in _SEVERAL.split(value) if part != value)]
    for lyrics in filter(None, map(metadata.get, _LYRICS)):
        if timed_texts.is_lrc(lyrics):
            timed += timed_texts.of_text(lyrics, "lrc")
        else:
            found += lyrics.splitlines()
    return found, timed


def _line(text: str) -> str:
    """Put a text on one line; empty where no person wrote it, or it says that nothing is known."""
    line = captions.line(text, numbers=True)
    return "" if _UNKNOWN.fullmatch(line) else line
