"""Export as FiftyOne: samples.json and metadata.json, which its importer reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from engine.exchange import serialize
from engine.exchange.formats.writer import Format
from engine.exchange.output_folder import OutputFolder
from engine.exchange.records import Item
from engine.store import SpaceInfo
from engine.store.segments import without_specials
from engine.types import Kind

_FILE = "samples.json"


class FiftyOne(Format):
    """Copies pictures below ``data/``.

    Tags of moments are classifications, and words of ``tags`` as well; the vector of the first
    moment in each space is a field.
    """

    name = "fiftyone"
    reads = (
        "`fiftyone.Dataset.from_dir('.', dataset_type=fiftyone.types.LegacyFiftyOneDataset)`:"
        " the layout of files alone, which no version of its database changes."
    )
    kinds = (Kind.IMAGE,)

    def __init__(self, draft: OutputFolder, spaces: Sequence[SpaceInfo]) -> None:
        super().__init__(draft, spaces)
        self._fields = {info.space.name: _field(info.space.name) for info in spaces}
        self._sink = draft.open(_FILE)
        self._sink.write(b'{"samples": [')

    def add(self, item: Item, key: str) -> None:
        name, digest = self.place(item.asset, "data", key)
        sample = self._sample(item, name, digest)
        comma = "," if self.count else ""
        self._sink.write(f"{comma}\n{json.dumps(sample, ensure_ascii=False)}".encode())

    def _sample(self, item: Item, name: str, digest: str) -> dict[str, Any]:
        facts = serialize.file(item)
        words = serialize.words(item)
        sample: dict[str, Any] = {
            "filepath": name,
            "tags": list(words),
            "metadata": _metadata(facts),
            **{_RENAMED.get(key, key): facts[key] for key in _KEPT},
            "sha256": digest,
            "moments": [serialize.moment(piece.moment) for piece in item.pieces],
            "recognised": _classifications(words, digest),
        }
        if item.asset.place:
            sample["location"] = _location(item.asset.place, digest)
        for space, vector in item.pieces[0].vectors.items():
            sample[self._fields[space]] = vector.tolist()
        return sample

    def finish(self) -> None:
        self._sink.write(b"\n]}\n")
        self.draft.done(_FILE, self._sink)
        info = {"spaces": serialize.spaces(self.spaces), "fields": self._fields}
        about = {"name": "sensorium", "media_type": "image", "info": info}
        self.draft.json("metadata.json", about)
        self.sidecar(fields=self._fields)


_KEPT = (
    "path",
    "kind",
    "format",
    "mtime_ns",
    "content_hash",
    "taken_at",
    "caption",
    serialize.FILE_TAGS,
)
_RENAMED = {"path": "original_path", "format": "media_format"}


def _field(space: str) -> str:
    return f"embedding_{without_specials(space).replace('-', '_').replace('.', '_').lower()}"


def _metadata(facts: dict[str, Any]) -> dict[str, Any]:
    size = {"size_bytes": facts["size"], "width": facts["width"], "height": facts["height"]}
    return {"_cls": "ImageMetadata", **size}


def _id(*parts: object) -> dict[str, str]:
    """Return an object id of MongoDB that the content decides, so that exports are the same."""
    return {"$oid": hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}


def _classifications(words: dict[str, float], digest: str) -> dict[str, Any]:
    found = [
        {
            "_id": _id(digest, word),
            "_cls": "Classification",
            "tags": [],
            "label": word,
            "confidence": weight,
        }
        for word, weight in words.items()
    ]
    return {"_cls": "Classifications", "classifications": found}


def _location(place: tuple[float, float], digest: str) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [place[1], place[0]]}
    return {"_id": _id(digest, "location"), "_cls": "GeoLocation", "tags": [], "point": point}
