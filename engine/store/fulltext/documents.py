"""Full text search: what of a moment goes in, and what is asked.

The table is derived and can be rebuilt from the catalog. A moment's row holds what
is said in it (``text``) and its tags (``tags``). What a person wrote into the file or
beside it (``caption``), the tags that the asset itself has, and the file's name and
folders (``name``), go with the first moment of an asset alone: a name then finds its asset
once, where on every moment it would flood the hits of "beach" with a thousand keyframes
of beach.mp4. ``fts5.py`` and ``postgres_bm25.py`` keep the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import NamedTuple

from engine.store.fulltext import unspaced
from engine.store.paths import storable
from engine.types import Moment

TABLE = "moments_fts"
WEIGHTS = {"text": 1.0, "tags": 1.0, "caption": 1.0, "name": 0.5}
"""BM25 weights of the columns: a name says less about what is in a file."""
_MOST_TOKENS = 64
WORD = re.compile(r"[^\W_]+")
FOLDERS = 2
"""Folders above a file whose names belong to it: those of an artist and an album, of a year."""
_LONGEST_JOINED = 40
"""Characters of a name that is found written as one word, too."""


def tokens(text: str) -> list[str]:
    """Split ``text`` into its distinct words, in their order, as FTS5 would.

    Of scripts without spaces a word is a pair of characters; see ``unspaced``.
    """
    words = WORD.findall(unspaced.to_ask(text))
    return list(dict.fromkeys(word.casefold() for word in words))


def match_any(text: str) -> str | None:
    """Build an expression for any of the words of ``text``; None where it has none.

    It is one of FTS5, and every word is quoted, so that no text whatever is a syntax
    error or an operator. Other databases read the words out of it.
    Words past the 64th are left out.
    """
    words = tokens(text)[:_MOST_TOKENS]
    return " OR ".join(f'"{word}"' for word in words) or None


def name_words(path: str) -> str:
    """Return the words of a file's name and of the folders that it is in.

    A word is there as it stands, in its parts (``myHoliday2`` has ``my``, ``Holiday`` and
    ``2``), and a name of several also as one word, as people type it: ``IMG_0044`` is found
    by ``img0044``.
    """
    file = PurePath(unspaced.folded(path))
    folders = file.parent.parts[-FOLDERS:]
    words: list[str] = []
    for name in (*folders, file.stem):
        whole = WORD.findall(name)
        parts = [part for word in whole for part in _parts(word)]
        joined = "".join(whole)
        words += whole
        words += [part for part in dict.fromkeys(parts) if part not in whole]
        if len(whole) > 1 and len(joined) <= _LONGEST_JOINED and name == file.stem:
            words.append(joined)
    return " ".join([*words, *WORD.findall(file.suffix)])


def spaced_name(path: str) -> str:
    """Return a file's name without its suffix as a person reads it: ``my Holiday 2``."""
    words = WORD.findall(PurePath(path).stem)
    return " ".join(part for word in words for part in _parts(word))


def _parts(word: str) -> Iterator[str]:
    """Yield the parts of camelCase, and letters apart from digits."""
    begin = 0
    for i in range(1, len(word)):
        before, here, after = word[i - 1], word[i], word[i + 1 : i + 2]
        rises = here.isupper() and (before.islower() or (before.isupper() and after.islower()))
        if rises or before.isdigit() != here.isdigit():
            yield word[begin:i]
            begin = i
    yield word[begin:]


def written(caption: str | None, texts: str | None) -> str | None:
    """Join a caption and what else is written about a file."""
    return "\n".join(filter(None, (caption, texts))) or None


class OfAsset(NamedTuple):
    """The words of an asset as a whole, which only its first moment has."""

    caption: str | None = None
    """Texts that a person wrote into the file, or beside it."""
    name: str = ""
    tags: tuple[str, ...] = ()


def row(moment_id: int, moment: Moment, of_asset: OfAsset) -> dict[str, object]:
    """Make the row of a moment."""
    return fields(moment_id, moment.text, (tag.word for tag in moment.tags), of_asset)


def fields(
    moment_id: int, text: str | None, tags: Iterable[str], of_asset: OfAsset
) -> dict[str, object]:
    """Make a row as ``FullText.put`` takes it."""
    return {
        "moment_id": moment_id,
        "text": _indexed(text),
        "tags": _indexed(" ".join([*tags, *of_asset.tags])),
        "caption": _indexed(of_asset.caption),
        "name": _indexed(of_asset.name),
    }


def _indexed(text: str | None) -> str:
    return unspaced.to_index(storable(text or ""))
