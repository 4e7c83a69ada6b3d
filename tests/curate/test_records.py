"""What a run found comes back from the catalog and from its files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.curate.records import FOLDER, Finding, record, write
from engine.errors import UsageError
from engine.store.verify import verify

FOUND = [
    Finding(1, 3, "/a.jpg", "keeper", 1, 1.0, "the larger"),
    Finding(2, None, "/b\udcff.jpg", "duplicate", 1, 0.97, "of /a.jpg"),
]


def test_a_run_comes_back(store, tmp_path):
    out = tmp_path / "found.parquet"
    run = record(store, "duplicates", "sensorium x", {"eps": 0.1}, FOUND, generation=7, out=out)
    assert store.curation.run(run.run_id) == run
    assert (run.run_id, run.kind, run.settings, run.generation) == (
        1,
        "duplicates",
        {"eps": 0.1},
        7,
    )
    assert list(store.curation.findings(1)) == FOUND
    (summary,) = store.curation.runs()
    assert (summary.run, summary.findings, summary.acts) == (run, 2, {})
    rows = pq.read_table(out).to_pylist()
    assert rows[0] == {
        "asset_id": 1, "moment_id": 3, "path": "/a.jpg", "verdict": "keeper", "group": 1,
        "score": 1.0, "why": "the larger",
    }  # fmt: skip
    assert (rows[1]["moment_id"], rows[1]["path"]) == (None, "/b\x1aff.jpg")
    assert pq.read_table(store.path / FOLDER / "1.parquet").to_pylist() == rows
    assert verify(store, deep=True).problems == ()
    assert store.stats().runs == 1


def test_runs_are_numbered_and_what_there_is_not_is_named(store):
    for expected in (1, 2):
        assert record(store, "x", "x", {}, [], generation=1).run_id == expected
    with pytest.raises(UsageError, match=r"no run 3; library\.curate\.runs"):
        store.curation.run(3)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_other_files(tmp_path: Path, suffix):
    out = tmp_path / f"found{suffix}"
    write(out, FOUND)
    text = out.read_text()
    rows = list(csv.DictReader(text.splitlines())) if suffix == ".csv" else []
    rows = rows or [json.loads(line) for line in text.splitlines()]
    assert [row["verdict"] for row in rows] == ["keeper", "duplicate"]
    assert [entry.name for entry in tmp_path.iterdir()] == [out.name]


@pytest.mark.parametrize("name", ["found.txt", "nowhere/found.csv"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_kept(store, tmp_path, name):
    with pytest.raises(UsageError, match="found"):
        record(store, "x", "x", {}, FOUND, generation=1, out=tmp_path / name)
    assert store.curation.runs() == []


def test_a_write_that_fails_leaves_nothing(tmp_path):
    def broken():
        yield FOUND[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(tmp_path / "found.csv", broken())
    assert list(tmp_path.iterdir()) == []
