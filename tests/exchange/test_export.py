"""What every export is: whole or not there, the same each time, checked, and described."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from engine import Library
from engine.errors import UsageError
from engine.exchange import checksums, records
from engine.exchange.export import export
from engine.exchange.records import ExportSelection, items, selection_of_run
from engine.index.vector_stream import StoredVectors
from engine.query.language.where_parser import parse_where
from engine.store import Store
from engine.store.curation_records import Finding
from engine.testing.fake_encoder import FakeScreen, fake_towers
from engine.types import ExportFormat, Kind
from indexers.reading import read_texts
from tests.exchange.conftest import OWNER
from tests.exchange.same import every, held

PICTURES = ("imagefolder", "coco", "fiftyone")


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


@pytest.mark.parametrize("name", list(ExportFormat))
def test_the_same_library_gives_the_same_bytes(store: Store, tmp_path: Path, name: str) -> None:
    for out in ("a", "b"):
        export(store, tmp_path / out, name, command="sensorium export")
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"], "something was left behind"


@pytest.mark.parametrize("name", list(ExportFormat))
def test_sha256sum_agrees_with_every_file(store: Store, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    export(store, out, name)
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=out, check=False
    )
    assert done.returncode == 0
    listed = checksums.verify(out)
    assert listed == len(files(out)) - 1, "each file but the list itself"


@pytest.mark.parametrize("name", list(ExportFormat))
def test_the_card_counts_what_is_there(store: Store, tmp_path: Path, name: str) -> None:
    done = export(store, tmp_path / "out", name, command="sensorium export --where 'kind = image'")
    card = (tmp_path / "out" / "README.md").read_text()
    assert f"{done.files} files" in card
    assert "made between 2024-03-01T10:00:00" in card
    assert OWNER.replace("|", r"\|") in card
    assert "Jo Doe" in card
    assert "    sensorium export --where 'kind = image'" in card
    if name in PICTURES:
        assert f"| {name} has no place for videos | 1 |" in card
        assert (done.files, done.left_out) == (6, 2)


def test_the_card_says_what_a_run_left_out_and_why(store: Store, tmp_path: Path) -> None:
    first, second, *_ = every(store)
    why = {first.asset_id: "a near-duplicate", second.asset_id: "blurred | dark"}
    done = export(
        store, tmp_path / "out", "jsonl", ExportSelection(left_out=why, run="7, duplicates")
    )
    assert (done.files, done.left_out) == (6, 2)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "the curation run 7, duplicates" in card
    assert "| a near-duplicate | 1 |" in card
    assert r"| blurred \| dark | 1 |" in card
    assert first.asset.path not in (tmp_path / "out" / "files.jsonl").read_text()


def found_of(asset_id: int, verdict: str, moment_id: int | None = None) -> Finding:
    return Finding(asset_id, moment_id, f"/{asset_id}.png", verdict, None, 1.0, "")


def test_what_a_run_keeps() -> None:
    found = [found_of(1, "keeper"), found_of(2, "duplicate"), found_of(3, "dark", 7)]
    found += [found_of(1, "duplicate")]  # of another group
    kept = selection_of_run("duplicates", "run 4", found, ExportSelection(kinds=(Kind.IMAGE,)))
    assert kept == ExportSelection(kinds=(Kind.IMAGE,), left_out={2: "duplicate"}, run="run 4")
    chosen = [found_of(1, "selected"), found_of(2, "selected"), found_of(3, "passed")]
    assert selection_of_run("select", "5", chosen, ExportSelection()).assets == {1, 2}
    assert selection_of_run("select", "5", chosen, ExportSelection(assets={2, 3})).assets == {2}


def test_the_card_says_what_the_vectors_are_of(store: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "out", "parquet")
    card = (tmp_path / "out" / "README.md").read_text()
    shared = store.spaces()["fake"]
    assert f"| fake | fake | {shared.revision} | 64 | float16 | 11 |" in card
    export(store, tmp_path / "bare", "parquet", vectors=False)
    assert "## Vectors\n\nNone." in (tmp_path / "bare" / "README.md").read_text()


def test_only_what_is_selected(store: Store, tmp_path: Path) -> None:
    sound = export(store, tmp_path / "sound", "jsonl", ExportSelection(kinds=(Kind.AUDIO,)))
    assert (sound.files, sound.moments) == (1, 1)
    assert sound.vectors == {"fake": 1, "fake-sounds": 1}
    small = ExportSelection(filter=parse_where("path = '*.gif'"))
    assert export(store, tmp_path / "gif", "jsonl", small).files == 1
    chosen = ExportSelection(assets={every(store)[0].asset_id})
    assert export(store, tmp_path / "one", "jsonl", chosen).files == 1
    looks = export(store, tmp_path / "looks", "parquet", spaces=["fake-looks"])
    assert looks.vectors == {"fake-looks": 9}


def test_nothing_to_export_is_an_error_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to export as coco: coco has no place for sounds"):
        export(store, tmp_path / "out", "coco", ExportSelection(kinds=(Kind.AUDIO,)))
    with pytest.raises(UsageError, match="no space called 'nope'; there are fake"):
        export(store, tmp_path / "out", "jsonl", spaces=["nope"])
    with pytest.raises(UsageError, match="no format called 'zip'; there are webdataset"):
        export(store, tmp_path / "out", "zip")
    with pytest.raises(UsageError, match="leave out vectors=False"):
        export(store, tmp_path / "out", "clip-retrieval", vectors=False)
    assert not list(tmp_path.iterdir())


def test_what_is_there_already_stays(store: Store, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    (tmp_path / "file").write_text("x")
    for taken in ("out", "file"):
        with pytest.raises(UsageError, match="is there already"):
            export(store, tmp_path / taken, "jsonl")
    assert files(tmp_path) == {"out/mine": b"x", "file": b"x"}
    (tmp_path / "out" / "mine").unlink()
    assert export(store, tmp_path / "out", "jsonl").files == 8, "an empty folder is nobody's"


@pytest.mark.parametrize("name", ["webdataset", "imagefolder", "coco", "fiftyone"])
def test_a_file_that_is_not_what_was_indexed_is_left_out(
    media: Path, library: Path, tmp_path: Path, settings, name: str
) -> None:
    shutil.copytree(media, tmp_path / "media")
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=settings) as made:
        made.index([tmp_path / "media"])
        (tmp_path / "media" / "0 red.png").unlink()
        os.utime(tmp_path / "media" / "1 green.png", ns=(1, 1))
        done = export(made.store, tmp_path / "out", name)
        changed = ExportSelection(filter=parse_where("path = '*green*'"))
        again = r"changed since it was indexed; library\.index\(PATH\) looks at it again"
        with pytest.raises(UsageError, match=again):
            export(made.store, tmp_path / "none", name, changed)
    reasons = {Path(f.path).name: f.reason for f in done.failures}
    assert reasons == {
        "0 red.png": "cannot be read: no such file or directory",
        "1 green.png": "has changed since it was indexed",
    }
    assert done.files == (6 if name == "webdataset" else 4)
    assert checksums.verify(tmp_path / "out")
    assert (
        "| the file has changed since it was indexed | 1 |"
        in (tmp_path / "out" / "README.md").read_text()
    )


@pytest.mark.parametrize("name", ["webdataset", "imagefolder"])
def test_a_link_that_was_put_in_place_of_a_file_is_left_out(
    media: Path, tmp_path: Path, settings, name: str
) -> None:
    shutil.copytree(media, tmp_path / "media")
    file, secret = tmp_path / "media" / "0 red.png", tmp_path / "secret"
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=settings) as made:
        made.index([tmp_path / "media"])
        before = file.stat()
        secret.write_bytes(b"secret".ljust(before.st_size))
        os.utime(secret, ns=(before.st_atime_ns, before.st_mtime_ns))
        file.unlink()
        file.symlink_to(secret)
        done = export(made.store, tmp_path / "out", name)
    assert [(Path(f.path).name, f.reason) for f in done.failures] == [
        ("0 red.png", "has a link in its place since it was indexed")
    ]
    assert not any(b"secret" in content for content in files(tmp_path / "out").values())


def test_vectors_are_those_of_the_log_whatever_its_segments_are_like(
    media: Path, tmp_path: Path, settings, monkeypatch
) -> None:
    """A segment a file and one merged segment, in large blocks and small, read the same."""
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=settings) as made:
        for file in sorted(media.iterdir()):
            made.index([file])
        before = held(made.store)
        monkeypatch.setattr(records, "_BLOCK", 2)  # several to a segment, and across files
        assert held(made.store) == before
        made.compact()
        assert held(made.store) == before
        vectors = [found for *_, moments in before.values() for _, found in moments]
        assert len(vectors) == 11
        assert all(vectors)


@pytest.mark.parametrize("block", [1, 3, 1024])
def test_a_file_whose_text_was_read_later_is_one_file(
    media: Path, tmp_path: Path, settings, monkeypatch, block: int
) -> None:
    monkeypatch.setattr(records, "_BLOCK", block)
    towers = replace(fake_towers(), screen=FakeScreen({"red": "stop", "blue": "go"}))
    with Library.open(tmp_path / "library", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        read = read_texts(made.store, towers, [media], settings)
        assert read.moments >= 2
        found = every(made.store)
        assert [item.asset_id for item in found] == [a.asset_id for a in made.store.assets()]
        whole = {a: [r.moment_id for r in made.store.moments_of(a)] for a in range(1, 9)}
        assert {i.asset_id: [p.moment_id for p in i.pieces] for i in found} == whole
        assert all(piece.vectors for item in found for piece in item.pieces)


def test_memory_holds_a_block_and_not_the_library(store: Store) -> None:
    ids = ExportSelection().ids(store)
    stored = StoredVectors(store, store.spaces()["fake"])
    assert len(stored.block(ids[:3])) == 3
    stream = items(store, ids, list(store.space_infos().values()))
    assert next(stream).pieces, "nothing is read before it is asked for"
    stream.close()
