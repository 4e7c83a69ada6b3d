"""Full text search: what of a moment goes in, and what is asked.

The table is derived and can be rebuilt from the catalog. A moment's row holds what
is said in it (``text``) and its tags (``tags``). What a person wrote into the file
(``caption``), the tags that the asset itself has, and the file's name and folder
(``name``), go with the first moment of an asset alone: a name then finds its asset
once, where on every moment it would flood the hits of "beach" with a thousand keyframes
of beach.mp4. ``fts5.py`` and ``postgres_bm25.py`` keep the table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePath
from typing import NamedTuple

from engine.store.paths import storable
from engine.types import Moment

TABLE = "moments_fts"
WEIGHTS = {"text": 1.0, "tags": 1.0, "caption": 1.0, "name": 0.5}
"""BM25 weights of the columns: a name says less about what is in a file."""
_MOST_TOKENS = 64
WORD = re.compile(r"[^\W_]+")
_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")


def tokens(text: str) -> list[str]:
    """Split ``text`` into its distinct words, in their order, as FTS5 would."""
    words = WORD.findall(unicodedata.normalize("NFC", text))
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
    """Return the words of a file's name and of its folder's, without the suffix."""
    file = PurePath(path)
    apart = _CASE.sub(" ", f"{file.parent.name} {file.stem}")
    return " ".join(WORD.findall(unicodedata.normalize("NFC", apart)))


class OfAsset(NamedTuple):
    """The words of an asset as a whole, which only its first moment has."""

    caption: str | None = None
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
        "name": of_asset.name,
    }


def _indexed(text: str | None) -> str:
    return unicodedata.normalize("NFC", storable(text or ""))
