"""`sensorium classify` and `evaluate` as they are typed."""

from __future__ import annotations

import json
import shlex

import pytest

from engine.classify.results import read
from engine.commands.main import main as cli
from engine.store import Store


def test_a_library_is_classified_tagged_evaluated_and_reported(indexed, media, library, tmp_path):
    out, page = tmp_path / "r.parquet", tmp_path / "r.html"
    done = indexed(
        "classify", "--all", "--labels", "red,green,low tone", "--unknown", "--apply-tags",
        "--out", out, "--report", page,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.out == "" and "3 tags given, as run 1; sensorium undo 1" in done.err
    results, about = read(out)
    assert about.labels == ("red", "green", "low tone") and about.unknown
    given = {one.file.rpartition("/")[2]: one.label for one in results}
    assert given == {
        "0.png": "red", "1.png": "green", "2.png": None, "deep.wav": "low tone", "shrill.wav": None,
    }  # fmt: skip
    assert page.read_text().count("data:image/jpeg") >= 5
    with Store.open(library) as store:
        assert store.tag_counts() == {"red": 1, "green": 1, "low tone": 1}
        assert next(iter(store.curation.runs())).run.kind == "classify"

    truth = tmp_path / "truth.csv"
    truth.write_text("file,label\n0.png,red\n1.png,red\n2.png,\n")
    measured = indexed("evaluate", out, "--truth", truth, "--report", page, "--json")
    assert measured.code == 0, measured.err
    assert measured.json["accuracy"] == pytest.approx(2 / 3)
    assert "Confusion" in page.read_text()


def test_new_files_are_indexed_on_the_way(indexed, media, tmp_path):
    from tests import media_files as make

    make.picture(media / "new.png", "blue")
    done = indexed("classify", media / "new.png", media / "0.png", "--labels", "red,blue")
    assert done.code == 0, done.err
    head, *lines = [line.split("\t") for line in done.out.splitlines()]
    assert head == ["label", "probability", "time", "file"]
    assert {(label, file.rpartition("/")[2]) for label, _, _, file in lines} == {
        ("blue", "new.png"), ("red", "0.png"),
    }  # fmt: skip
    assert "1 files indexed first" in done.err


REFUSED = (
    (["classify", "--labels", "a,b"], "name files or folders to classify, or --all"),
    (["classify", "gone", "--all", "--labels", "a"], "name files or folders"),
    (["classify", "--all"], "--labels cat,dog or by --labels-file"),
    (["classify", "--all", "--labels", "a", "--labels-file", "b"], "--labels cat,dog or"),
    (["classify", "gone", "--labels", "a,b"], "gone: there is no such file or folder"),
    (["classify", "--all", "--labels", "a,a"], "label 2: the label 'a' is there already"),
    (["classify", "--all", "--labels", "a", "--out", "r.xlsx"], "results are written as"),
    (["classify", "--all", "--labels", "a", "--report", "no/r.html"], "there is no folder no"),
    (["classify", "--all", "--labels", "a", "--threshold", "2"], "between 0 and 1"),
    (["evaluate", "gone.csv", "--truth", "t.csv"], "cannot read gone.csv"),
)
"""Arguments that are refused, and of what the line that says why consists."""


@pytest.mark.parametrize(("arguments", "line"), REFUSED)
def test_what_cannot_be_done_is_one_line(arguments, line, library, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli([*arguments, "--library", str(library)])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert line in said and said.count("\n") == 1
    assert not library.exists()


def test_a_template_without_a_slot_stops_before_anything_is_written(
    index, library, capsys, tmp_path
):
    index()
    (tmp_path / "t.txt").write_text("a photo\n")
    out = tmp_path / "r.csv"
    arguments = ["--labels", "a", "--templates", str(tmp_path / "t.txt"), "--out", str(out)]
    with pytest.raises(SystemExit):
        cli(["classify", "--all", "--library", str(library), *arguments])
    assert "t.txt:1: 'a photo' has no slot" in capsys.readouterr().err
    assert not out.exists()


def test_programs_get_one_object(index, library, capsys):
    index()
    with pytest.raises(SystemExit) as ended:
        cli(["classify", "--all", "--labels", "red,green", "--json", "--library", str(library)])
    assert ended.value.code == 0
    document = json.loads(capsys.readouterr().out)
    assert document["files"] == 5 and sum(document["labels"].values()) == 5
    assert document["run"] is None


def test_the_run_of_tags_keeps_a_command_that_can_be_typed_again(index, library, monkeypatch):
    index()
    arguments = ["classify", "--all", "--labels", "red,low tone", "--apply-tags", "--unknown"]
    arguments += ["--library", str(library)]
    monkeypatch.setattr("sys.argv", ["sensorium", *arguments])
    with pytest.raises(SystemExit):
        cli(arguments)
    with Store.open(library) as store:
        command = next(iter(store.curation.runs())).run.command
    assert shlex.split(command) == ["sensorium", *arguments]
