"""A file and its moments as plain values of JSON, and back.

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
FILE_TAGS = "file_tags"
SIDECAR = "sensorium.json"
"""What an export says of its spaces; what an import trusts."""


def facts(asset: Asset) -> dict[str, Any]:
    """All that is known of a file."""
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
    }


def moment(one: Moment) -> dict[str, Any]:
    """All that is known of a moment."""
    return {
        "modality": one.modality.value,
        "start": one.start,
        "end": one.end,
        "ordinal": one.ordinal,
        "text": one.text,
        "tags": [{"word": tag.word, "weight": tag.weight} for tag in one.tags],
    }


def piece(one: Piece) -> dict[str, Any]:
    """A moment, with its vectors as numbers that are exactly those that are stored."""
    said = moment(one.moment)
    if one.vectors:
        said["vectors"] = {name: row.tolist() for name, row in one.vectors.items()}
    return said


def item(one: Item) -> dict[str, Any]:
    """A file with its moments."""
    return {**file(one), "moments": [piece(p) for p in one.pieces]}


def file(one: Item) -> dict[str, Any]:
    """All that is known of a file, and the tags that it was given."""
    return {**facts(one.asset), FILE_TAGS: list(one.tags)}


def tags_of(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The tags in what ``file`` has said; none, where an earlier version said it.

    Raises:
        BadImport: they are something else.
    """
    found = said.get(FILE_TAGS) or []
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise BadImport(f"{FILE_TAGS} is no list of words: {found!r:.80}")
    return tuple(found)


def words(one: Item) -> dict[str, float]:
    """The tags of a file, for certain, and those of its moments, each with its greatest
    weight."""
    found = dict.fromkeys(one.tags, 1.0)
    for piece in one.pieces:
        for tag in piece.moment.tags:
            found[tag.word] = max(tag.weight, found.get(tag.word, 0.0))
    return found


def asset_of(said: Mapping[str, Any]) -> Asset:
    """What ``facts`` was given.

    Raises:
        BadImport: it is something else.
    """
    try:
        place = said.get("latitude"), said.get("longitude")
        return Asset(
            from_text(said["path"]),
            said["content_hash"],
            MediaType(Kind(said["kind"]), said["format"]),
            int(said["size"]),
            int(said["mtime_ns"]),
            said.get("width"),
            said.get("height"),
            said.get("duration"),
            said.get("taken_at"),
            None if None in place else (float(place[0]), float(place[1])),  # type: ignore[arg-type]
            said.get("caption"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadImport(f"no description of a file: {error!r}") from error


def moment_of(said: Mapping[str, Any]) -> Moment:
    """What ``moment`` was given.

    Raises:
        BadImport: it is something else.
    """
    try:
        tags = tuple(Tag(str(t["word"]), float(t["weight"])) for t in said.get("tags") or ())
        return Moment(
            Modality(said["modality"]),
            said.get("start"),
            said.get("end"),
            int(said.get("ordinal") or 0),
            said.get("text"),
            tags,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadImport(f"no description of a moment: {error!r}") from error


def spaces(infos: Sequence[SpaceInfo]) -> list[dict[str, Any]]:
    """What the vectors are of."""
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
    """The content of ``SIDECAR``."""
    return {"format": format_name, "version": VERSION, "spaces": spaces(infos), **more}
