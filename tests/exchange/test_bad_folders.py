"""Folders that are not what their format says: one clear line, and nothing is taken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BadImport, PathNotFound, UsageError
from engine.exchange.export import export
from engine.exchange.import_dataset import ImportOptions, check_dataset, import_dataset
from engine.exchange.records import ExportSelection
from engine.store import Store
from engine.testing.fake_encoder import fake_towers
from engine.types import Kind

Spoil = Callable[[Path], object]


def unlisted(folder: Path) -> None:
    """Without checksums, which would find everything first."""
    (folder / "SHA256SUMS").unlink()


def array(change: Callable[[np.ndarray], np.ndarray]) -> Spoil:
    def spoil(folder: Path) -> None:
        file = folder / "img_emb" / "img_emb_0.npy"
        np.save(file, change(np.load(file)), allow_pickle=True)

    return spoil


def table(change: Callable[..., object]) -> Spoil:
    def spoil(folder: Path) -> None:
        import pandas as pd

        file = folder / "metadata" / "metadata_0.parquet"
        change(pd.read_parquet(file)).to_parquet(file)  # type: ignore[attr-defined]

    return spoil


def write(name: str, content: bytes) -> Spoil:
    return lambda folder: (folder / name).write_bytes(content)


def cut(name: str) -> Spoil:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-100])


def nan(rows: np.ndarray) -> np.ndarray:
    rows[3, 5] = np.nan
    return rows


@pytest.fixture
def folder(store: Store, tmp_path: Path) -> Path:
    images = ExportSelection(kinds=(Kind.IMAGE,))
    export(store, tmp_path / "clip", "clip-retrieval", images, main="fake")
    unlisted(tmp_path / "clip")
    return tmp_path / "clip"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (array(nan), r"metadata_0\.parquet: row 4: the vector of .* is not finite"),
        (array(lambda rows: rows[:, :8]), "has 8 dimensions, and the space 64"),
        (array(lambda rows: rows * 2), "is not of unit length, but 2"),
        (array(lambda rows: rows[1:]), r"img_emb_0\.npy has 6 rows, and metadata_0\.parquet 7"),
        (array(lambda rows: rows[0]), "of shape .64,., and no vectors"),
        (array(lambda rows: rows.astype(int)), "holds int64 of shape"),
        (array(lambda rows: np.array([{1}], dtype=object)), r"img_emb_0\.npy cannot be read"),
        (cut("img_emb/img_emb_0.npy"), r"img_emb_0\.npy cannot be read"),
        (cut("metadata/metadata_0.parquet"), r"metadata_0\.parquet cannot be read"),
        (table(lambda t: t.drop(columns="image_path")), "has no column image_path, but caption"),
        (table(lambda t: t.assign(image_path=None)), "row 1 has no image_path"),
        (table(lambda t: t.iloc[1:]), r"has 7 rows, and metadata_0\.parquet 6"),
        (table(lambda t: t.assign(modality="smell")), "no description of a moment"),
        (table(lambda t: t.assign(image_path="/x")), "1 of 1 files are not there|7 of 7"),
        (lambda f: shutil.rmtree(f / "img_emb"), r"img_emb has no files img_emb_N\.npy"),
        (lambda f: shutil.rmtree(f / "metadata"), r"metadata has no files metadata_N\.parquet"),
        (
            lambda f: (f / "img_emb" / "img_emb_0.npy").rename(f / "img_emb" / "img_emb_1.npy"),
            "part 0 is in one of img_emb and metadata alone",
        ),
        (write("sensorium.json", b"{"), r"sensorium\.json cannot be read"),
        (write("sensorium.json", b'{"spaces": 3}'), "does not say what its vectors are of"),
    ],
)
def test_a_folder_of_clip_retrieval(folder: Path, spoil: Spoil, says: str) -> None:
    spoil(folder)
    with pytest.raises(BadImport, match=says) as raised:
        check_dataset(fake_towers(), ImportOptions("clip-retrieval", folder))
    assert "\n" not in str(raised.value)


def test_a_path_that_is_named_twice(folder: Path) -> None:
    (folder / "sensorium.json").unlink()  # then a row is a file
    with pytest.raises(BadImport, match=r"row \d: .*names .*moving\.gif once more|once more"):
        check_dataset(fake_towers(), ImportOptions("clip-retrieval", folder))


WITH_A_WRONG_TAG = json.dumps(
    {
        "file_name": "0 red.png", "path": "/0 red.png", "content_hash": "0", "kind": "image",
        "format": "png", "size": 1, "mtime_ns": 1, "file_tags": [7],
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('{"file_name": "../secret.png"}', r"line 1: \.\./secret\.png lies outside of"),
        ('{"file_name": "/etc/passwd"}', "line 1: /etc/passwd lies outside of"),
        ('{"text": "of what?"}', "line 1 names no file"),
        ("[1]", "line 1 is no JSON object"),
        ('{"file_name": "0 red.png"}\n{', r"metadata\.jsonl cannot be read"),
        ('{"file_name": "0 red.png"}\n' * 2, "line 2 names .*0 red.png once more"),
        ('{"file_name": "gone.png"}', "1 of 1 files are not there"),
        ("", "names no files"),
        (WITH_A_WRONG_TAG, "file_tags is no list of words: .*7"),
    ],
)
def test_an_imagefolder(media: Path, tmp_path: Path, lines: str, says: str) -> None:
    shutil.copytree(media, tmp_path / "set")
    (tmp_path / "set" / "metadata.jsonl").write_text(lines)
    with pytest.raises(BadImport, match=says):
        check_dataset(fake_towers(), ImportOptions("imagefolder", tmp_path / "set"))


def test_a_file_that_checksums_disown(store: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "set", "imagefolder")
    picture = next((tmp_path / "set" / "images").rglob("*.jpg"))
    picture.write_bytes(picture.read_bytes()[:-1] + b"x")
    with pytest.raises(BadImport, match=r"\.jpg is not what SHA256SUMS says"):
        check_dataset(fake_towers(), ImportOptions("imagefolder", tmp_path / "set"))
    picture.unlink()
    with pytest.raises(BadImport, match=r"\.jpg cannot be read: no such file"):
        check_dataset(fake_towers(), ImportOptions("imagefolder", tmp_path / "set"))
    (tmp_path / "set" / "SHA256SUMS").write_text(f"{'0' * 64}  ../../etc/passwd\n")
    with pytest.raises(BadImport, match="line 1 is no checksum of a file in the folder"):
        check_dataset(fake_towers(), ImportOptions("imagefolder", tmp_path / "set"))


def test_what_is_no_import(tmp_path: Path, media: Path) -> None:
    with pytest.raises(PathNotFound, match="there is no such file or folder"):
        check_dataset(fake_towers(), ImportOptions("imagefolder", tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="no format to import called 'zip'"):
        check_dataset(fake_towers(), ImportOptions("zip", media))
    with pytest.raises(BadImport, match="sensorium index it"):
        check_dataset(fake_towers(), ImportOptions("imagefolder", media))
    with pytest.raises(UsageError, match="to= is for tars"):
        check_dataset(fake_towers(), ImportOptions("imagefolder", media, to=tmp_path / "x"))
    with pytest.raises(BadImport, match="is a file, and clip-retrieval is a folder"):
        check_dataset(fake_towers(), ImportOptions("clip-retrieval", media / "0 red.png"))


def test_a_commit_that_fails_takes_nothing(folder: Path, tmp_path: Path, settings) -> None:
    from engine.store.failpoints import FailPoint, Injected, armed

    with Store.create(tmp_path / "other", "fake") as other:
        looked = check_dataset(fake_towers(), ImportOptions("clip-retrieval", folder))
        with armed(FailPoint.COMMIT_ROWS), pytest.raises(Injected):
            import_dataset(other, fake_towers(), settings, looked)
        assert len(other.moment_ids()) == 0
        assert not list((tmp_path / "other" / "segments").iterdir())
        assert import_dataset(other, fake_towers(), settings, looked).taken == 6
