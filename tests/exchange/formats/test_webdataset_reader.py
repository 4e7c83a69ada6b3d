"""Tars of others: taken out whole, or not at all."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BadImport, UsageError
from engine.exchange.export import export
from engine.exchange.import_dataset import ImportOptions, check_dataset, import_dataset
from engine.store import Store
from engine.testing.fake_encoder import fake_towers
from tests.exchange.same import every

Member = tuple[str, bytes]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "other", "fake") as made:
        yield made


def tar(
    path: Path, *members: Member, change: Callable[[tarfile.TarInfo], None] | None = None
) -> Path:
    """A tar of these members; ``change`` is done to the last one's header."""
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as made:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if change is not None and (name, content) == members[-1]:
                change(info)
            made.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return path


@pytest.fixture
def red(media: Path) -> bytes:
    return (media / "0 red.png").read_bytes()


@pytest.fixture
def green(media: Path) -> bytes:
    return (media / "1 green.png").read_bytes()


def refused(tmp_path: Path, says: str, name: str = "webdataset") -> None:
    """The import is one clear line, and nothing of it is left."""
    with pytest.raises(BadImport, match=says) as raised:
        check_dataset(fake_towers(), ImportOptions(name, tmp_path / "tars", to=tmp_path / "files"))
    assert "\n" not in str(raised.value)
    left = {p.name for p in tmp_path.iterdir()} - {"tars", "other", "outside.png"}
    assert not left, "something was left behind"


def test_samples_become_files_with_captions(
    other: Store, tmp_path: Path, settings, red: bytes, green: bytes
) -> None:
    import pandas as pd

    said = json.dumps({"url": "https://x.example/1", "caption": "from json", "key": "0"}).encode()
    tar(
        tmp_path / "tars" / "b.tar",
        ("a/0.png", red),
        ("a/0.txt", b"a red thing\n"),
        ("a/0.cls", b"3"),
    )
    tar(tmp_path / "tars" / "a.tar", ("./0.json", said), ("./0.png", green), ("1.json", b"{}"))
    wanted = ImportOptions("webdataset", tmp_path / "tars", to=tmp_path / "files")
    done = import_dataset(other, fake_towers(), settings, check_dataset(fake_towers(), wanted))
    assert (done.files, done.indexed.added, done.captions) == (2, 2, 2)
    assert any("1 samples have no picture" in note for note in done.notes)
    assert any("1 .cls" in note for note in done.notes)
    table = pd.read_parquet(tmp_path / "files" / "files.parquet")
    assert list(table["file"]) == ["a/0.png", "b/a/0.png"]
    assert table["url"][0] == "https://x.example/1"
    assert json.loads(table["json"][0])["key"] == "0"
    captions = {i.asset.path: i.asset.caption for i in every(other)}
    assert captions == {
        str(tmp_path / "files" / "a" / "0.png"): "from json",
        str(tmp_path / "files" / "b" / "a" / "0.png"): "a red thing",
    }


@pytest.mark.parametrize(
    "name", ["../outside.png", "a/../../outside.png", "/outside.png", "a\\b.png", "a\n.png"]
)
def test_a_name_that_leads_elsewhere(tmp_path: Path, red: bytes, name: str) -> None:
    tar(tmp_path / "tars" / "x.tar", ("0.png", red), (name, red))
    refused(tmp_path, r"x\.tar: .* is no name for a file below a folder")
    assert not (tmp_path / "outside.png").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_link_or_a_device(tmp_path: Path, red: bytes, kind: bytes) -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname = kind, "/etc/passwd"

    tar(tmp_path / "tars" / "x.tar", ("0.png", red), ("1.png", b""), change=change)
    refused(tmp_path, r"x\.tar: 1\.png is a link or a device")


def test_every_way_to_be_cut_short(tmp_path: Path, red: bytes, green: bytes) -> None:
    """Wherever a tar ends too early, it is noticed: in a header, in a member, between two."""
    whole = tar(tmp_path / "tars" / "x.tar", ("0.png", red), ("1.png", green))
    content = whole.read_bytes()
    end = len(content.rstrip(b"\0"))
    for cut in (*range(0, end, 100), 512, 1024, end, -(-end // 512) * 512):
        whole.write_bytes(content[:cut])
        refused(tmp_path, r"x\.tar.* (is cut short|no tar)")


def test_a_header_that_is_damaged(tmp_path: Path, red: bytes, green: bytes) -> None:
    whole = tar(tmp_path / "tars" / "x.tar", ("0.png", red), ("1.png", green))
    content = bytearray(whole.read_bytes())
    content[content.index(b"1.png") + 148] ^= 0xFF
    whole.write_bytes(content)
    refused(tmp_path, r"x\.tar is cut short after")


def test_no_tar_at_all(tmp_path: Path) -> None:
    (tmp_path / "tars").mkdir()
    refused(tmp_path, r"tars has no tars in it")
    (tmp_path / "tars" / "x.tar").write_bytes(b"<html>" * 1000)
    refused(tmp_path, r"x\.tar is cut short, or no tar")


def test_a_member_that_is_too_large(tmp_path: Path, red: bytes, monkeypatch) -> None:
    from engine.exchange.formats import webdataset_reader

    path = tar(tmp_path / "tars" / "x.tar", ("0.png", red))
    info = tarfile.TarInfo("1.png")
    info.size = 1 << 40  # it says so; the bytes need not be there
    first = 512 + -(-len(red) // 512) * 512
    path.write_bytes(path.read_bytes()[:first] + info.tobuf())
    refused(tmp_path, r"x\.tar: 1\.png has 1,099,511,627,776 bytes, past")
    monkeypatch.setattr(webdataset_reader, "_LARGEST_TEXT", 10)
    tar(tmp_path / "tars" / "x.tar", ("0.png", red), ("0.json", b'{"a": "12345"}'))
    refused(tmp_path, r"x\.tar: 0\.json has 14 bytes, past 10")


def test_a_sample_or_a_member_twice(tmp_path: Path, red: bytes, green: bytes) -> None:
    tar(tmp_path / "tars" / "x.tar", ("0.png", red), ("0.png", green))
    refused(tmp_path, r"x\.tar: 0\.png is there twice")
    tar(tmp_path / "tars" / "x.tar", ("0.png", red), ("1.png", green), ("0.txt", b"late"))
    refused(tmp_path, r"x\.tar: 0\.txt: its sample is there twice")


def test_json_that_is_none(tmp_path: Path, red: bytes) -> None:
    tar(tmp_path / "tars" / "x.tar", ("0.png", red), ("0.json", b"{"))
    refused(tmp_path, r"x\.tar: 0\.json is no JSON")
    tar(tmp_path / "tars" / "x.tar", ("0.png", red), ("0.json", b"[]"))
    refused(tmp_path, r"x\.tar: 0\.json is no JSON object")


def test_nothing_but_words(tmp_path: Path) -> None:
    tar(tmp_path / "tars" / "x.tar", ("0.txt", b"hello"))
    refused(tmp_path, r"none of 1 tars holds pictures")


def test_the_place_for_files(tmp_path: Path, red: bytes) -> None:
    tar(tmp_path / "tars" / "x.tar", ("0.png", red))
    with pytest.raises(UsageError, match="to=DIR"):
        check_dataset(fake_towers(), ImportOptions("webdataset", tmp_path / "tars"))
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "mine").write_text("x")
    with pytest.raises(UsageError, match="is there already"):
        check_dataset(
            fake_towers(), ImportOptions("webdataset", tmp_path / "tars", to=tmp_path / "files")
        )
    assert [p.name for p in (tmp_path / "files").iterdir()] == ["mine"]


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], bytes]) -> None:
    """A tar with changed members."""
    with tarfile.open(source) as opened:
        members = [(m.name, opened.extractfile(m).read()) for m in opened]  # type: ignore[union-attr]
    tar(target, *((name, change(name, content)) for name, content in members))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda rows: rows * np.float16(np.nan), "is not finite"),
        (lambda rows: rows * np.float16(3), "is not of unit length, but 3"),
        (lambda rows: rows[:, :32], "has 32 dimensions, and the space 64"),
        (lambda rows: rows[:0], "are not of each other"),
        (lambda rows: rows.astype("int8"), "int8 of shape .* are no vectors"),
        (lambda rows: np.array([{}], dtype=object), "cannot be read"),
    ],
)
def test_vectors_that_no_library_takes(store: Store, tmp_path: Path, spoil, says: str) -> None:
    export(store, tmp_path / "out", "webdataset", main="fake")

    def change(name: str, content: bytes) -> bytes:
        if name != "000000002.npy":
            return content
        spoiled = io.BytesIO()
        np.save(spoiled, spoil(np.load(io.BytesIO(content))), allow_pickle=True)
        return spoiled.getvalue()

    rewritten(tmp_path / "out" / "data-000000.tar", tmp_path / "tars" / "data-000000.tar", change)
    (tmp_path / "tars" / "sensorium.json").write_bytes(
        (tmp_path / "out" / "sensorium.json").read_bytes()
    )
    for file in (tmp_path / "out").iterdir():
        file.unlink()
    (tmp_path / "out").rmdir()
    refused(tmp_path, f"data-000000.tar: 000000002.*{says}")


# --- img2dataset ---------------------------------------------------------------------


def listed(folder: Path, *statuses: str) -> None:
    """The table that img2dataset writes beside a tar."""
    import pandas as pd

    keys = [f"{n:09d}" for n in range(len(statuses))]
    pd.DataFrame({"key": keys, "status": statuses}).to_parquet(folder / "00000.parquet")


def test_img2dataset(other: Store, tmp_path: Path, settings, red: bytes) -> None:
    said = json.dumps({"key": "000000000", "caption": "red", "url": "http://x.example/r"}).encode()
    members = (("000000000.png", red), ("000000000.txt", b"red"), ("000000000.json", said))
    tar(tmp_path / "tars" / "00000.tar", *members)
    listed(tmp_path / "tars", "success", "failed_to_download")
    wanted = ImportOptions("img2dataset", tmp_path / "tars", to=tmp_path / "files")
    done = import_dataset(other, fake_towers(), settings, check_dataset(fake_towers(), wanted))
    assert (done.files, done.indexed.added, done.captions) == (1, 1, 1)
    assert any("1 files are listed as failed_to_download" in note for note in done.notes)


def test_img2dataset_whose_table_is_of_another_tar(tmp_path: Path, red: bytes) -> None:
    tar(tmp_path / "tars" / "00000.tar", ("000000000.png", red))
    refused(tmp_path, r"00000\.tar has no 00000\.parquet beside it", "img2dataset")
    listed(tmp_path / "tars", "success", "success")
    refused(tmp_path, r"lists 2 files, and 00000\.tar has 1", "img2dataset")
    (tmp_path / "tars" / "00000.parquet").write_bytes(b"PAR1")
    refused(tmp_path, r"00000\.parquet cannot be read", "img2dataset")


def test_an_export_is_what_img2dataset_writes(
    store: Store, other: Store, tmp_path: Path, settings
) -> None:
    export(store, tmp_path / "out", "webdataset", main="fake")
    wanted = ImportOptions("img2dataset", tmp_path / "out", to=tmp_path / "files")
    done = import_dataset(other, fake_towers(), settings, check_dataset(fake_towers(), wanted))
    assert done.taken == 8
