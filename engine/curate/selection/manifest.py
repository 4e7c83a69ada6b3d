"""Write the manifest of a selection: every choice in order, why, and the command.

FILE.json is for people and scripts, FILE.parquet beside it holds the choices as a table;
both appear whole or not at all. Bytes of a path that are no UTF-8 stand as in the catalog.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.common.atomic_write import check_place, write_text, written
from engine.common.vectors import chunks
from engine.curate.asset_vectors import BLOCK, AssetPoints
from engine.curate.selection.select import Choice, SubsetSelection
from engine.errors import UsageError
from engine.store import KnownAsset, Store
from engine.store.paths import to_text


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One line of a manifest."""

    order: int
    asset_id: int
    moment_id: int
    path: str
    content_hash: str
    group: str | None
    distance: float | None
    """Cosine distance to the nearest choice before it."""
    why: str


def lines(store: Store, items: AssetPoints, selection: SubsetSelection) -> list[ManifestLine]:
    """Return the choices with their files; those that are gone by now are left out."""
    known: dict[int, KnownAsset] = {}
    ids = [int(items.assets[choice.place]) for choice in selection.choices]
    for part in chunks(ids, 2 * BLOCK):
        known |= store.assets_numbered(part)
    return [
        _line(items, choice, known[asset])
        for choice, asset in zip(selection.choices, ids, strict=True)
        if asset in known
    ]


def _line(items: AssetPoints, choice: Choice, asset: KnownAsset) -> ManifestLine:
    return ManifestLine(
        choice.order, asset.asset_id, int(items.moments[choice.place]), asset.path,
        asset.content_hash, choice.group, choice.distance, choice.why,
    )  # fmt: skip


def check(file: Path) -> None:
    """Check that a manifest can be written, before anything is computed.

    Raises:
        UsageError: it is no .json, or there is no such folder.
    """
    if file.suffix.lower() != ".json":
        raise UsageError(f"{file}: a manifest is a .json file, with a .parquet beside it")
    check_place(file)


def write(
    file: Path, command: str, settings: Mapping[str, Any], figures: Mapping[str, Any],
    chosen: Sequence[ManifestLine],
) -> None:  # fmt: skip
    """Write a manifest and its table.

    Raises:
        UsageError: the folder does not take them.
    """
    rows = [asdict(line) | {"path": to_text(line.path)} for line in chosen]
    _write_table(file.with_suffix(".parquet"), rows, command)
    document = {
        "command": command, "settings": dict(settings), "figures": dict(figures), "choices": rows,
    }  # fmt: skip
    write_text(file, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _write_table(file: Path, rows: Sequence[Mapping[str, Any]], command: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {
        "order": pa.int64(), "asset_id": pa.int64(), "moment_id": pa.int64(),
        "path": pa.string(), "content_hash": pa.string(), "group": pa.string(),
        "distance": pa.float64(), "why": pa.string(),
    }  # fmt: skip
    schema = pa.schema(list(kinds.items()), metadata={"sensorium.command": command})
    with written(file) as temporary, temporary.open("wb") as stream:
        pq.write_table(pa.Table.from_pylist(list(rows), schema), stream)
