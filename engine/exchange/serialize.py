"""Conversion of files and moments to plain values of JSON, and back.

Paths are written as the catalog has them: a byte that is no UTF-8 is U+001A and two
hexadecimal digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import BadImport
from engine.exchange.records import Item, Piece
from engine.store import SpaceInfo
from engine.store.paths import from_text, to_text
from engine.types import Asset, Kind, MediaType, Modality, Moment, Tag

VERSION = 1
"""The version of the sidecar."""
FILE_TAGS = "file_tags"
"""The key of the tags that a file was given."""
SIDECAR = "sensorium.json"
"""The file in which an export states its spaces, which an import trusts."""


def facts(asset: Asset) -> dict[str, Any]:
    """Return all that is known of a file."""
    return {
        "path": to_text(asset.path),
        "kind": asset.media.kind.value,
        "format": asset.media.format,
        "size": asset.size,
        "mtime_ns": asset.mtime_ns,
        "content_hash": asset.content_hash,
        "width": asset.width,
        "height": asset.height,
        "duration": asset.duration,
        "taken_at": asset.taken_at,
        "latitude": asset.place[0] if asset.place else None,
        "longitude": asset.place[1] if asset.place else None,
        "caption": asset.caption,
        "texts": asset.texts,
        "texts_state": asset.texts_state,
    }


def moment(record: Moment) -> dict[str, Any]:
    """Return all that is known of a moment."""
    return {
        "modality": record.modality.value,
        "start": record.start,
        "end": record.end,
        "ordinal": record.ordinal,
        "text": record.text,
        "tags": [{"word": tag.word, "weight": tag.weight} for tag in record.tags],
    }


def piece(row: Piece) -> dict[str, Any]:
    """Return a moment, with its vectors as numbers that are exactly those that are stored."""
    document = moment(row.moment)
    if row.vectors:
        document["vectors"] = {name: vector.tolist() for name, vector in row.vectors.items()}
    return document


def item(entry: Item) -> dict[str, Any]:
    """Return a file with its moments."""
    return {**file(entry), "moments": [piece(p) for p in entry.pieces]}


def file(entry: Item) -> dict[str, Any]:
    """Return all that is known of a file, and the tags that it was given."""
    return {**facts(entry.asset), FILE_TAGS: list(entry.tags)}


def tags_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Read the tags that ``file`` wrote; none where an earlier version wrote it.

    Raises:
        BadImport: they are something else.
    """
    found = document.get(FILE_TAGS) or []
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise BadImport(f"{FILE_TAGS} is no list of words: {found!r:.80}")
    return tuple(found)


def words(entry: Item) -> dict[str, float]:
    """Return the tags of a file, of weight 1, and of its moments, of their greatest weight."""
    found = dict.fromkeys(entry.tags, 1.0)
    for piece in entry.pieces:
        for tag in piece.moment.tags:
            found[tag.word] = max(tag.weight, found.get(tag.word, 0.0))
    return found


def asset_of(document: Mapping[str, Any]) -> Asset:
    """Read what ``facts`` wrote.

    Raises:
        BadImport: it is something else.
    """
    try:
        place = document.get("latitude"), document.get("longitude")
        return Asset(
            from_text(document["path"]),
            document["content_hash"],
            MediaType(Kind(document["kind"]), document["format"]),
            int(document["size"]),
            int(document["mtime_ns"]),
            document.get("width"),
            document.get("height"),
            document.get("duration"),
            document.get("taken_at"),
            None if None in place else (float(place[0]), float(place[1])),  # type: ignore[arg-type]
            document.get("caption"),
            document.get("texts"),
            document.get("texts_state"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadImport(f"no description of a file: {error!r}") from error


def moment_of(document: Mapping[str, Any]) -> Moment:
    """Read what ``moment`` wrote.

    Raises:
        BadImport: it is something else.
    """
    try:
        tags = tuple(Tag(str(t["word"]), float(t["weight"])) for t in document.get("tags") or ())
        return Moment(
            Modality(document["modality"]),
            document.get("start"),
            document.get("end"),
            int(document.get("ordinal") or 0),
            document.get("text"),
            tags,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadImport(f"no description of a moment: {error!r}") from error


def spaces(infos: Sequence[SpaceInfo]) -> list[dict[str, Any]]:
    """Return the spaces of an export's vectors."""
    return [
        {
            "name": info.space.name,
            "encoder": info.space.encoder,
            "revision": info.space.revision,
            "dim": info.space.dim,
            "dtype": info.space.dtype,
            "towers": info.role.encoder if info.role else None,
        }
        for info in infos
    ]


def sidecar(format_name: str, infos: Sequence[SpaceInfo], **more: object) -> dict[str, Any]:
    """Return the content of ``SIDECAR``."""
    return {"format": format_name, "version": VERSION, "spaces": spaces(infos), **more}
