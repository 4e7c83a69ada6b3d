"""JSON lines: a file and its moments a line."""

from __future__ import annotations

import json
from collections.abc import Sequence

from engine.exchange import serialize
from engine.exchange.formats.writer import Format
from engine.exchange.output_folder import OutputFolder
from engine.exchange.records import Item
from engine.store import SpaceInfo

_FILE = "files.jsonl"


class JsonLines(Format):
    """``files.jsonl``; numbers of vectors are exactly those that are stored."""

    name = "jsonl"
    reads = (
        "`pandas.read_json('files.jsonl', lines=True, precise_float=True)`, or any reader of"
        " JSON, a line a file."
    )

    def __init__(self, draft: OutputFolder, spaces: Sequence[SpaceInfo]) -> None:
        super().__init__(draft, spaces)
        self._sink = draft.open(_FILE)

    def add(self, item: Item, key: str) -> None:  # noqa: ARG002
        line = {"asset_id": item.asset_id, **serialize.item(item)}
        for moment, piece in zip(line["moments"], item.pieces, strict=True):
            moment["moment_id"] = piece.moment_id
        self._sink.write(f"{json.dumps(line, ensure_ascii=False)}\n".encode())

    def finish(self) -> None:
        self.draft.done(_FILE, self._sink)
        self.sidecar()
