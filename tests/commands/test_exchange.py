"""`sensorium export` and `sensorium import` as real processes."""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path


def test_there_and_back(indexed, media, tmp_path) -> None:
    out = tmp_path / "out"
    done = indexed("export", out, "--format", "webdataset", "--json")
    assert done.code == 0, done.err
    assert done.json["files"] == 5
    assert done.json["left_out"] == 0
    card = (out / "README.md").read_text()
    assert f"sensorium export {out} --format webdataset --json --library" in card
    other, files = tmp_path / "other", tmp_path / "files"
    again = indexed(
        "import", out, "--format", "webdataset", "--to", files, "--encoder", "fake", "--json",
        at=other,
    )  # fmt: skip
    assert again.code == 0, again.err
    assert again.json["taken"] == 5
    assert again.json["embedded"] == 0
    found = indexed("search", "red", "--json", at=other).json
    assert Path(found["hits"][0]["path"]).is_relative_to(files)
    assert indexed("verify", "--deep", at=other).code == 0


def test_only_what_a_search_finds(indexed, tmp_path) -> None:
    done = indexed("export", tmp_path / "out", "--format", "jsonl", "--query", "red", "-t", "1")
    assert done.code == 0, done.err
    assert done.out.startswith("1 files, 1 moments in ")
    (line,) = (tmp_path / "out" / "files.jsonl").read_text().splitlines()
    assert json.loads(line)["path"].endswith("0.png")


def test_only_what_passes_a_filter(indexed, tmp_path) -> None:
    kinds = "--where", "duration > 1s", "--kind", "audio"
    done = indexed("export", tmp_path / "out", "--format", "parquet", *kinds, "--json")
    assert done.json["files"] == 2


def test_only_what_a_curation_run_keeps(indexed, media, tmp_path) -> None:
    chosen = indexed("curate", "select", "-n", "2", "--modality", "image", "--json")
    assert chosen.code == 0, chosen.err
    run = str(chosen.json["run"])
    done = indexed("export", tmp_path / "out", "--format", "jsonl", "--run", run, "--json")
    assert (done.code, done.json["files"]) == (0, 2), done.err
    assert f"{run}, select" in (tmp_path / "out" / "README.md").read_text()
    missing = indexed("export", tmp_path / "no", "--format", "jsonl", "--run", "99")
    assert (missing.code, missing.err.count("\n")) == (2, 1)


def test_files_that_are_left_out_are_named(indexed, media, tmp_path) -> None:
    (media / "0.png").unlink()
    done = indexed("export", tmp_path / "out", "--format", "imagefolder")
    assert done.code == 0
    assert "0.png cannot be read: no such file or directory" in done.err
    assert "3 files left out" in done.out


def test_one_line_and_no_library_for_what_is_no_data_set(run, media, library, tmp_path) -> None:
    (tmp_path / "x.tar").write_bytes(b"no tar" * 500)
    done = run("import", tmp_path / "x.tar", "--format", "webdataset", "--to", tmp_path / "files")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "x.tar is cut short, or no tar" in done.err
    assert not library.exists()
    assert not (tmp_path / "files").exists()


def test_one_line_for_what_cannot_be_exported(indexed, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    done = indexed("export", tmp_path / "out", "--format", "jsonl")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "is there already; name a folder that is not" in done.err
    done = indexed("export", tmp_path / "new", "--format", "jsonl", "--where", "kind is")
    assert done.code == 2
    assert not (tmp_path / "new").exists()


def test_an_imagefolder_in_place(run, indexed, media, tmp_path) -> None:
    folder = tmp_path / "set"
    shutil.copytree(media, folder)
    (folder / "metadata.jsonl").write_text('{"file_name": "2.png", "text": "deep water"}')
    done = run("import", folder, "--format", "imagefolder")
    assert done.code == 0, done.err
    assert "1 files: 0 with their vectors, 1 embedded here" in done.out
    assert "1 files got a caption" in done.out


def test_a_folder_whose_name_is_no_text_is_json_all_the_same(indexed, tmp_path) -> None:
    out = tmp_path / "out\udcff"
    done = indexed("export", out, "--format", "jsonl", "--json")
    assert done.code == 0, done.err
    assert base64.b64decode(done.json["out_bytes"]) == os.fsencode(out)
    assert (out / "files.jsonl").exists()
