"""Export as a Hugging Face ImageFolder: pictures, and ``metadata.jsonl`` with a line each."""

from __future__ import annotations

import json
from collections.abc import Sequence

from engine.exchange import serialize
from engine.exchange.formats.writer import Format
from engine.exchange.output_folder import OutputFolder
from engine.exchange.records import Item
from engine.store import SpaceInfo
from engine.types import Kind

METADATA = "metadata.jsonl"


class ImageFolderWriter(Format):
    """Copies pictures below ``images/``.

    Vectors are lists of numbers in the lines, exact, where they are asked for.
    """

    name = "imagefolder"
    reads = "`datasets.load_dataset('imagefolder', data_dir='.')`"
    kinds = (Kind.IMAGE,)
    vectors = False

    def __init__(self, draft: OutputFolder, spaces: Sequence[SpaceInfo]) -> None:
        super().__init__(draft, spaces)
        self._sink = draft.open(METADATA)

    def add(self, item: Item, key: str) -> None:
        name, digest = self.place(item.asset, "images", key)
        words = list(serialize.words(item))
        line = {"file_name": name, **serialize.item(item), "tags": words, "sha256": digest}
        self._sink.write(f"{json.dumps(line, ensure_ascii=False)}\n".encode())

    def finish(self) -> None:
        self.draft.done(METADATA, self._sink)
        self.sidecar()
