"""Each export, read by the tool that it is for: bit-equal vectors, equal metadata."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.exchange import serialize
from engine.exchange.export import export
from engine.store import Store
from tests.exchange.conftest import CAPTION
from tests.exchange.same import bits, every, text_vectors

ignored = pytest.mark.filterwarnings


@pytest.fixture(scope="session", autouse=True)
def _offline(tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        os.environ[name] = "1"
    os.environ["HF_DATASETS_CACHE"] = str(tmp_path_factory.mktemp("hf"))


def described(store: Store) -> list[dict[str, Any]]:
    return [serialize.item(item) for item in every(store)]


def test_jsonl_by_pandas(store: Store, tmp_path: Path) -> None:
    import pandas as pd

    export(store, tmp_path / "out", "jsonl")
    read = pd.read_json(
        tmp_path / "out" / "files.jsonl", lines=True, dtype=False, precise_float=True
    )
    for item, (_, row) in zip(every(store), read.iterrows(), strict=True):
        assert row["path"] == item.asset.path
        assert row["content_hash"] == item.asset.content_hash
        for said, piece in zip(row["moments"], item.pieces, strict=True):
            assert serialize.moment_of(said) == piece.moment
            for space, vector in piece.vectors.items():
                exact = np.array(said["vectors"][space], np.float64)
                assert (exact == vector.astype(np.float64)).all(), "the very numbers"
    lines = (tmp_path / "out" / "files.jsonl").read_text().splitlines()
    plain = [json.loads(line) for line in lines]
    for line in plain:
        del line["asset_id"]
        for said in line["moments"]:
            del said["moment_id"]
    assert plain == described(store)


def test_parquet_by_pandas(store: Store, tmp_path: Path) -> None:
    import pandas as pd
    import pyarrow.parquet as pq

    export(store, tmp_path / "out", "parquet")
    file = tmp_path / "out" / "moments.parquet"
    read = pd.read_parquet(file)
    expected = text_vectors(store, "fake")
    assert list(read["path"]) == [path for path, _ in expected]
    for row, (_, vector) in zip(read["vector:fake"], expected, strict=True):
        assert row.dtype == np.float32
        assert row.astype(np.float16).tobytes() == vector.tobytes()
    schema = pq.read_schema(file)
    column = schema.field("vector:fake")
    assert str(column.type) == "fixed_size_list<element: float>[64]"
    assert column.metadata[b"revision"].decode() == store.spaces()["fake"].revision
    rows = pq.read_table(file).to_pylist()
    back = [(serialize.asset_of(row), serialize.moment_of(row)) for row in rows]
    assert back == [(i.asset, p.moment) for i in every(store) for p in i.pieces]
    tags = [serialize.tags_of(row) for row in rows]
    assert tags == [item.tags for item in every(store) for _ in item.pieces]
    assert any(tags)


@ignored("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves the tar open
def test_webdataset_by_webdataset(store: Store, tmp_path: Path) -> None:
    import webdataset

    export(store, tmp_path / "out", "webdataset", main="fake")
    tar = str(tmp_path / "out" / "data-000000.tar")
    samples = list(webdataset.WebDataset(tar, shardshuffle=False).decode())
    for number, (item, sample) in enumerate(zip(every(store), samples, strict=True)):
        said = sample["json"]
        assert sample["__key__"] == said["key"] == f"{number:09d}"
        assert serialize.asset_of(said) == item.asset
        assert serialize.tags_of(said) == item.tags
        assert sample.get("txt") == item.asset.caption
        content = Path(item.asset.path).read_bytes()
        assert said["sha256"] == hashlib.sha256(content).hexdigest()
        arrays = {"fake": sample["npy"]} | {
            s: sample[f"{s}.npy"] for s in ("fake-looks", "fake-sounds") if f"{s}.npy" in sample
        }
        read = [
            (
                serialize.moment_of(m),
                {s: (str(arrays[s].dtype), arrays[s][r].tobytes()) for s, r in m["rows"].items()},
            )
            for m in said["moments"]
        ]
        assert read == bits(item)
    raw = list(webdataset.WebDataset(tar, shardshuffle=False))
    for item, sample in zip(every(store), raw, strict=True):
        ending = {"jpeg": "jpg"}.get(item.asset.media.format, item.asset.media.format)
        assert sample[ending] == Path(item.asset.path).read_bytes()


def test_webdataset_has_the_table_of_img2dataset(store: Store, tmp_path: Path) -> None:
    import pandas as pd

    export(store, tmp_path / "out", "webdataset")
    read = pd.read_parquet(tmp_path / "out" / "data-000000.parquet")
    assert list(read.columns) == [
        "key", "url", "caption", "status", "error_message", "width", "height",
        "original_width", "original_height", "exif", "sha256",
    ]  # fmt: skip
    assert set(read["status"]) == {"success"}
    assert [u.removeprefix("file://") for u in read["url"]] == [
        i.asset.path.replace(" ", "%20") for i in every(store)
    ]


@ignored("ignore::DeprecationWarning")
@ignored("ignore::FutureWarning")
@ignored("ignore::ResourceWarning")
@pytest.mark.parametrize("vectors", [False, True])
def test_imagefolder_by_datasets(store: Store, tmp_path: Path, vectors: bool) -> None:
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    export(store, tmp_path / "out", "imagefolder", vectors=vectors)
    folder, cache = str(tmp_path / "out"), str(tmp_path / "cache")
    read = load_dataset("imagefolder", data_dir=folder, split="train", cache_dir=cache)
    pictures = [item for item in every(store) if item.asset.media.kind.value == "image"]
    rows = {row["content_hash"]: row for row in read}
    assert len(rows) == len(pictures) == 6
    for item in pictures:
        row = rows[item.asset.content_hash]
        assert row["image"].size == (item.asset.width, item.asset.height)
        assert (row["path"], row["caption"]) == (item.asset.path, item.asset.caption)
        assert row["tags"] == list(serialize.words(item))
        assert [serialize.moment_of(said) for said in row["moments"]] == [
            piece.moment for piece in item.pieces
        ]
        for said, piece in zip(row["moments"], item.pieces, strict=True):
            if vectors:
                exact = np.array(said["vectors"]["fake"], np.float64)
                assert (exact == piece.vectors["fake"].astype(np.float64)).all()


def test_coco_by_pycocotools(store: Store, tmp_path: Path, capsys) -> None:
    from pycocotools.coco import COCO

    export(store, tmp_path / "out", "coco", vectors=True)
    folder = tmp_path / "out" / "annotations"
    tags, captions = COCO(str(folder / "instances.json")), COCO(str(folder / "captions.json"))
    words = {c["id"]: c["name"] for c in tags.loadCats(tags.getCatIds())}
    pictures = [item for item in every(store) if item.asset.media.kind.value == "image"]
    images = tags.loadImgs(tags.getImgIds())
    for item, image in zip(pictures, images, strict=True):
        assert (tmp_path / "out" / image["file_name"]).read_bytes() == Path(
            item.asset.path
        ).read_bytes()
        assert (image["width"], image["height"]) == (item.asset.width, item.asset.height)
        found = tags.loadAnns(tags.getAnnIds(imgIds=image["id"]))
        assert {words[a["category_id"]]: a["score"] for a in found} == serialize.words(item)
        assert serialize.asset_of(image["sensorium"]) == item.asset
        for said, piece in zip(image["sensorium"]["moments"], item.pieces, strict=True):
            exact = np.array(said["vectors"]["fake"], np.float64)
            assert (exact == piece.vectors["fake"].astype(np.float64)).all()
        said = captions.loadAnns(captions.getAnnIds(imgIds=image["id"]))
        assert [a["caption"] for a in said] == [c for c in [item.asset.caption] if c]
    assert any(item.asset.caption == CAPTION for item in pictures)


def test_clip_retrieval_by_numpy_and_pandas(store: Store, tmp_path: Path) -> None:
    """As clip-retrieval itself reads its folders: numpy for vectors, Parquet for the rest."""
    import pandas as pd

    export(store, tmp_path / "out", "clip-retrieval", main="fake")
    vectors = np.load(tmp_path / "out" / "img_emb" / "img_emb_0.npy")
    table = pd.read_parquet(tmp_path / "out" / "metadata" / "metadata_0.parquet")
    assert list(table.columns[:2]) == ["image_path", "caption"]
    seen = [
        (item, piece)
        for item in every(store)
        for piece in item.pieces
        if piece.moment.modality.value in ("image", "keyframe")
    ]
    assert vectors.dtype == np.float16
    assert vectors.tobytes() == b"".join(p.vectors["fake"].tobytes() for _, p in seen)
    assert list(table["image_path"]) == [item.asset.path for item, _ in seen]
    assert CAPTION in set(table["caption"].dropna())


def test_clip_retrieval_in_several_parts(store: Store, tmp_path: Path, monkeypatch) -> None:
    from engine.exchange.formats import clip_retrieval_writer

    export(store, tmp_path / "one", "clip-retrieval", main="fake")
    monkeypatch.setattr(clip_retrieval_writer, "_ROWS", 2)
    export(store, tmp_path / "many", "clip-retrieval", main="fake")
    parts = [np.load(tmp_path / "many" / "img_emb" / f"img_emb_{n}.npy") for n in range(5)]
    assert min(map(len, parts)) >= 1
    whole = np.load(tmp_path / "one" / "img_emb" / "img_emb_0.npy")
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_fiftyone_as_its_layout_is_documented(store: Store, tmp_path: Path) -> None:
    """samples.json and metadata.json beside the media, as LegacyFiftyOneDataset has them."""
    export(store, tmp_path / "out", "fiftyone", main="fake")
    samples = json.loads((tmp_path / "out" / "samples.json").read_bytes())["samples"]
    about = json.loads((tmp_path / "out" / "metadata.json").read_bytes())
    assert about["media_type"] == "image"
    field = about["info"]["fields"]["fake"]
    pictures = [item for item in every(store) if item.asset.media.kind.value == "image"]
    for item, sample in zip(pictures, samples, strict=True):
        copy = tmp_path / "out" / sample["filepath"]
        assert copy.read_bytes() == Path(item.asset.path).read_bytes()
        assert sample["metadata"]["width"] == item.asset.width
        exact = np.array(sample[field], np.float64)
        assert (exact == item.pieces[0].vectors["fake"].astype(np.float64)).all()
        labels = sample["recognised"]["classifications"]
        assert {one["label"]: one["confidence"] for one in labels} == serialize.words(item)
        assert all(len(one["_id"]["$oid"]) == 24 for one in labels)
        assert (sample.get("location") is not None) == (item.asset.place is not None)
        assert serialize.tags_of(sample) == item.tags
        assert set(item.tags) <= set(sample["tags"])


def test_fiftyone_by_its_importer(store: Store, tmp_path: Path) -> None:
    importers = pytest.importorskip(
        "fiftyone.utils.data.importers", reason="fiftyone is a gigabyte, and no test extra"
    )
    export(store, tmp_path / "out", "fiftyone", main="fake")
    importer = importers.LegacyFiftyOneDatasetImporter(str(tmp_path / "out"))
    importer.setup()
    pictures = [item for item in every(store) if item.asset.media.kind.value == "image"]
    for item, sample in zip(pictures, importer, strict=True):
        assert sample["original_path"] == item.asset.path
        assert sample.tags == list(serialize.words(item))
        assert (
            np.float16(sample["embedding_fake"]).tobytes()
            == item.pieces[0].vectors["fake"].tobytes()
        )
        if item.asset.place:
            assert sample["location"].point == [item.asset.place[1], item.asset.place[0]]
