"""Export and import there and back: bit-equal vectors and equal metadata, in each format.

    python -m benchmarks.exchange
    python -m benchmarks.exchange --data DIR --encoder compact

Without ``--data`` the media is drawn and the encoder is a fake one, which is enough for
bits. Formats that are imported again go into a new library, without embedding; the others
are read by the tool that they are for, or as their layout is documented. Rates are files/s
of one run.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

from benchmarks.common import Row, at_least, command, conclude, machine, need, new_library, scratch
from engine.exchange import serialize
from engine.exchange.export import export
from engine.exchange.import_dataset import ImportOptions, check_dataset, import_dataset
from engine.exchange.records import ExportSelection, Item, items
from engine.library.facade import Library
from engine.store import Store
from engine.types import Kind, Moment

_DRAWN = 200
Bits = list[tuple[Moment, dict[str, bytes]]]
Held = dict[str, tuple[object, Bits]]
"""By content hash: the facts of a file, and its moments with the bytes of each vector as
they are stored."""


def _media(data: Path | None, folder: Path) -> None:
    folder.mkdir()
    if data is not None:
        need(data / "images")
        for file in sorted((data / "images").glob("*.jpg")):
            shutil.copyfile(file, folder / file.name)
        return
    noise = np.random.default_rng(3)
    for number in range(_DRAWN):
        pixels = noise.integers(0, 255, (6, 8, 3), np.uint8)
        exif = Image.Exif()
        exif[0x010E] = f"picture no. {number} of a series"
        shown = Image.fromarray(pixels).resize((96, 72))
        shown.save(folder / f"{number:04}.jpg", exif=exif)


def _items(store: Store) -> Iterator[Item]:
    with store.snapshot():
        images = ExportSelection(kinds=(Kind.IMAGE,))
        yield from items(store, images.ids(store), list(store.space_infos().values()))


def _bits(item: Item) -> Bits:
    return [(p.moment, {s: v.tobytes() for s, v in p.vectors.items()}) for p in item.pieces]


def _held(store: Store) -> Held:
    return {
        item.asset.content_hash: (replace(item.asset, path="", mtime_ns=0), _bits(item))
        for item in _items(store)
    }


# --- into another library ---------------------------------------------------------


def _imported(library: Library, out: Path, name: str, work: Path) -> Held:
    to = work / "files" if name in ("webdataset", "img2dataset") else None
    with new_library(work / "library", library.store.encoder) as other:
        looked = check_dataset(other.towers, ImportOptions(name, out, to=to))
        done = import_dataset(other.store, other.towers, other.settings, looked)
        if done.taken != done.files:
            raise click.ClickException(f"{name}: {done.files - done.taken} files embedded again")
        return _held(other.store)


# --- by other tools ---------------------------------------------------------------


def _stored(store: Store, said: dict[str, Any]) -> dict[str, bytes]:
    """Numbers of JSON or of Parquet in the dtype that is stored, where that changes none."""
    found = {}
    for space, numbers in said.items():
        exact = np.asarray(numbers, np.float64)
        rounded = exact.astype(store.spaces()[space].dtype)
        found[space] = rounded.tobytes() if (rounded == exact).all() else b"not the same numbers"
    return found


def _told(store: Store, said: dict[str, Any]) -> tuple[str, tuple[object, Bits]]:
    """A file as ``describe`` put it."""
    asset = serialize.asset_of(said)
    moments = [
        (serialize.moment_of(m), _stored(store, m.get("vectors") or {})) for m in said["moments"]
    ]
    return asset.content_hash, (replace(asset, path="", mtime_ns=0), moments)


def _jsonl(store: Store, out: Path) -> Held:
    lines = (out / "files.jsonl").read_text().splitlines()
    return dict(_told(store, json.loads(line)) for line in lines)


def _coco(store: Store, out: Path) -> Held:
    from pycocotools.coco import COCO

    read = COCO(str(out / "annotations" / "instances.json"))
    return dict(_told(store, one["sensorium"]) for one in read.loadImgs(read.getImgIds()))


def _parquet(store: Store, out: Path) -> Held:
    import pandas as pd

    read = pd.read_parquet(out / "moments.parquet", dtype_backend="pyarrow")
    spaces = [name for name in read.columns if name.startswith("vector:")]
    found: Held = {}
    for row in read.to_dict("records"):
        plain = {key: None if value is pd.NA else value for key, value in row.items()}
        asset = replace(serialize.asset_of(plain), path="", mtime_ns=0)
        own = {s.removeprefix("vector:"): plain[s] for s in spaces if plain[s] is not None}
        moments = found.setdefault(asset.content_hash, (asset, []))[1]
        moments.append((serialize.moment_of(plain), _stored(store, own)))
    return found


def _fiftyone(store: Store, out: Path) -> Held:
    """By its documented layout: a vector of the first moment, and no sizes of its own."""
    samples = json.loads((out / "samples.json").read_bytes())["samples"]
    fields = json.loads((out / "metadata.json").read_bytes())["info"]["fields"]
    known = {item.asset.content_hash: item.asset for item in _items(store)}
    found: Held = {}
    for sample in samples:
        asset = replace(known[sample["content_hash"]], path="", mtime_ns=0)
        facts = serialize.facts(asset)
        kept = ("kind", "content_hash", "taken_at", "caption")
        same = all(sample[key] == facts[key] for key in kept)
        vectors = {s: sample[f] for s, f in fields.items() if f in sample}
        moments = [(serialize.moment_of(m), dict[str, bytes]()) for m in sample["moments"]]
        moments[0] = moments[0][0], _stored(store, vectors)
        found[asset.content_hash] = (asset if same else None, moments)
    return found


_READERS: dict[str, tuple[str, Callable[[Store, Path], Held]]] = {
    "jsonl": ("json", _jsonl),
    "parquet": ("pandas", _parquet),
    "coco": ("pycocotools", _coco),
    "fiftyone": ("its layout", _fiftyone),
}
_IMPORTED = ("webdataset", "imagefolder", "clip-retrieval")


def _row(library: Library, name: str, work: Path) -> Row:
    store, out = library.store, work / "out"
    expected = _held(store)
    main = library.towers.shared.name
    started = time.perf_counter()
    images = ExportSelection(kinds=(Kind.IMAGE,))
    done = export(store, out, name, images, main=main, vectors=True)
    wrote = done.files / (time.perf_counter() - started)
    started = time.perf_counter()
    if name in _IMPORTED:
        reader, found = "sensorium import", _imported(library, out, name, work)
    else:
        reader, read = _READERS[name]
        found = read(store, out)
    took = done.files / (time.perf_counter() - started)
    vectors = _share(expected, found, lambda one: [v for _, v in one[1]])
    metadata = _share(expected, found, lambda one: (one[0], [m for m, _ in one[1]]))
    shown = f"{vectors:.3f}, {metadata:.3f}"
    equal = at_least(min(vectors, metadata), 1.0, "1.000, 1.000")
    return name, reader, len(expected), shown, f"{wrote:,.0f}, {took:,.0f}", equal


def _share(expected: Held, found: Held, part: Callable[[tuple[object, Bits]], object]) -> float:
    """The share of files of which a part came back as it was; nothing may be added."""
    same = sum(h in found and part(found[h]) == part(one) for h, one in expected.items())
    return same / max(len(expected), len(found))


@command(__doc__)
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the shared data.")
@click.option("--encoder", default="fake", show_default=True)
def main(data: Path | None, encoder: str) -> None:
    with scratch() as folder:
        _media(data, folder / "media")
        with new_library(folder / "library", encoder) as library:
            library.index([folder / "media"])
            rows = []
            for name in (*_IMPORTED, *_READERS):
                (folder / name).mkdir()
                rows.append(_row(library, name, folder / name))
    head = ("format", "read by", "files", "equal vectors, metadata", "files/s out, in")
    conclude(f"There and back, encoder {encoder}; {machine()}.", head, rows)


if __name__ == "__main__":
    main()
