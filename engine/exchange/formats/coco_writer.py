"""Export as COCO: pictures, their captions and their tags, as pycocotools reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from engine.exchange import serialize
from engine.exchange.formats.writer import Format
from engine.exchange.output_folder import OutputFolder, Sink
from engine.exchange.records import Item
from engine.store import SpaceInfo
from engine.types import Kind

_CAPTIONS, _TAGS = "annotations/captions.json", "annotations/instances.json"


class Coco(Format):
    """Copies pictures below ``images/``, and writes tags as categories.

    An annotation is of the whole picture, whose box it has, with the tag's weight as its
    ``score``. What COCO has no place for is in the images of ``instances.json``, under
    ``sensorium``.
    """

    name = "coco"
    reads = (
        "`pycocotools.coco.COCO('annotations/instances.json')` for tags, and"
        " `annotations/captions.json` for captions; `file_name` is below this folder."
    )
    kinds = (Kind.IMAGE,)
    vectors = False

    def __init__(self, draft: OutputFolder, spaces: Sequence[SpaceInfo]) -> None:
        super().__init__(draft, spaces)
        self._captions = _Document(draft, _CAPTIONS)
        self._tags = _Document(draft, _TAGS)
        self._categories: dict[str, int] = {}

    def add(self, item: Item, key: str) -> None:
        name, digest = self.place(item.asset, "images", key)
        number, asset = int(key) + 1, item.asset
        image = {
            "id": number,
            "file_name": name,
            "width": asset.width or 0,
            "height": asset.height or 0,
            "date_captured": asset.taken_at or "",
        }
        more = {**serialize.item(item), "sha256": digest}
        self._captions.image(image)
        self._tags.image({**image, "sensorium": more})
        if asset.caption:
            self._captions.annotation({"image_id": number, "caption": asset.caption})
        for word, weight in serialize.words(item).items():
            self._tags.annotation(self._whole(image, word, weight))

    def _whole(self, image: dict[str, Any], word: str, weight: float) -> dict[str, Any]:
        """Return a tag as an annotation of the whole picture."""
        category = self._categories.setdefault(word, len(self._categories) + 1)
        width, height = image["width"], image["height"]
        return {
            "image_id": image["id"],
            "category_id": category,
            "bbox": [0, 0, width, height],
            "area": width * height,
            "iscrowd": 0,
            "score": weight,
        }

    def finish(self) -> None:
        categories = [
            {"id": number, "name": word, "supercategory": ""}
            for word, number in self._categories.items()
        ]
        self._captions.finish({})
        self._tags.finish({"categories": categories})
        self.sidecar()


class _Document:
    """One JSON file of images and annotations, which wait in a file of their own."""

    def __init__(self, draft: OutputFolder, name: str) -> None:
        self._draft, self._name = draft, name
        self._sink: Sink = draft.open(name)
        self._later: Sink = draft.open(f"{name}.later")
        self._images = self._annotations = 0
        self._sink.write(b'{"info": {"description": "exported by Sensorium"}, "licenses": [],')
        self._sink.write(b'\n"images": [')

    def image(self, image: dict[str, Any]) -> None:
        self._sink.write(_element(image, self._images))
        self._images += 1

    def annotation(self, annotation: dict[str, Any]) -> None:
        self._annotations += 1
        numbered = {"id": self._annotations, **annotation}
        self._later.write(_element(numbered, self._annotations - 1))

    def finish(self, more: dict[str, Any]) -> None:
        self._sink.write(b'\n],\n"annotations": [')
        self._draft.pour(self._later, self._sink)
        self._sink.write(b"\n]")
        for name, value in more.items():
            self._sink.write(f',\n"{name}": {json.dumps(value, ensure_ascii=False)}'.encode())
        self._sink.write(b"}\n")
        self._draft.done(self._name, self._sink)


def _element(value: dict[str, Any], before: int) -> bytes:
    return f"{',' if before else ''}\n{json.dumps(value, ensure_ascii=False)}".encode()
