"""Curation from the command line: runs, acting on them, and undoing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from tests import media_files as make


@pytest.fixture
def doubled(media, indexed, run):
    """`run`, on a library in which 0.png is there twice."""
    shutil.copy(media / "0.png", media / "again.png")
    run("index", media)
    return run


def test_duplicates_are_found_reported_and_recorded(doubled, media, tmp_path):
    page, table = tmp_path / "page.html", tmp_path / "found.csv"
    done = doubled("curate", "duplicates", "--exact", "--json", "--report", page, "--out", table)
    assert done.code == 0, done.err
    document = done.json
    assert (document["run"], document["facts"]["groups"], document["applied"]) == (1, 1, None)
    assert [one["verdict"] for one in document["findings"]] == ["keeper", "duplicate"]
    text = page.read_text()
    assert "again.png" in text
    assert "data:image/jpeg" in text
    assert not re.search(r"(src|href)=.?https?:", text), "it opens offline"
    assert table.read_text().count("\n") == 3
    (run,) = doubled("curate", "runs", "--json").json["runs"]
    assert (run["kind"], run["findings"], run["acts"]) == ("duplicates", 2, {})
    assert run["command"].startswith("sensorium curate duplicates --exact")


def test_a_real_process_finds_the_same(doubled, library):
    words = ["-m", "engine.commands.main", "curate", "duplicates", "--exact", "--json"]
    command = [sys.executable, *words, "--library", str(library)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (
        json.loads(done.stdout)["findings"]
        == (doubled("curate", "duplicates", "--exact", "--json").json["findings"])
    )


def test_tag_search_and_undo(doubled, media):
    assert doubled("curate", "duplicates", "--exact", "--apply", "tag", "--tag", "Spare").code == 0
    asked = ("search", "red", "--where", "tags has spare", "-f", "--all")
    assert len(doubled(*asked).out.splitlines()) == 1
    assert doubled("stats", "--json").json["tags"] == {"Spare": 1}
    undone = doubled("undo")
    assert (undone.code, undone.out.strip()) == (0, "1 tag taken back")
    assert doubled(*asked).out == ""


def test_a_run_is_acted_on_later(doubled, media, tmp_path):
    doubled("curate", "duplicates", "--exact")
    done = doubled("curate", "apply", "1", "--apply", "move", "--to", tmp_path / "spare", "--yes")
    assert done.code == 0, done.err
    (moved,) = (tmp_path / "spare").iterdir()
    assert moved.name in ("0.png", "again.png")
    dry = doubled("undo", "1", "--dry-run", "--json").json
    assert (len(dry["lines"]), dry["dry_run"]) == (1, True)
    assert doubled("undo", "1").code == 0
    assert {"0.png", "again.png"} <= {entry.name for entry in media.iterdir()}
    assert doubled("verify", "--deep").code == 0


def test_leaks_between_folders(run, media, indexed):
    for split in ("train", "test"):
        make.picture(media / split / "x.png", "yellow")
    make.picture(media / "train" / "y.png", "black")
    run("index", media)
    document = run("curate", "leaks", media, "--exact", "--json").json
    assert [one["verdict"] for one in document["findings"]] == ["held", "leak"]
    assert document["findings"][1]["path"] == str(media / "train" / "x.png")


def test_semdedup_shows_a_curve_before_anything_is_chosen(indexed, tmp_path):
    done = indexed("curate", "semdedup", "--report", tmp_path / "page.html")
    assert done.out.splitlines()[0] == "eps\tstay\tgo"
    assert "polyline" in (tmp_path / "page.html").read_text()
    assert indexed("curate", "runs", "--json").json == {"runs": []}
    assert indexed("curate", "semdedup", "--eps", "0.3", "--json").json["settings"]["eps"] == 0.3


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("curate", "duplicates", "nowhere"), "nothing of the library is at nowhere"),
        (("curate", "duplicates", "--apply", "move"), "needs a folder: --to FOLDER"),
        (("curate", "duplicates", "--apply", "move", "--to", "x"), "add --yes"),
        (("curate", "duplicates", "--threshold", "2"), "is not in the range"),
        (("curate", "duplicates", "--out", "found.txt"), "findings are written as .parquet"),
        (("curate", "duplicates", "--report", "nowhere/x.html"), "there is no folder nowhere"),
        (("curate", "duplicates", "--apply", "tag", "--tag", " "), "a tag is empty"),
        (("curate", "duplicates", "--to", "x"), "--to is for --apply move and --apply link"),
        (("curate", "duplicates", "--hard", "--apply", "tag"), "--hard is for --apply link"),
        (("curate", "apply", "1"), "nothing to do: name it with --apply"),
        (("curate", "leaks"), "splits are two folders"),
        (("curate", "leaks", "--split-by", "tag"), "splits are two tags"),
        (("curate", "semdedup", "--apply", "tag"), "choose first what goes: --eps"),
        (("curate", "semdedup", "--space", "none"), "there is no space 'none'"),
        (("curate", "semdedup", "--kind", "video"), "fewer than two moments of kind video"),
        (("curate", "apply", "7", "--apply", "tag"), "has no run 7"),
        (("undo",), "there is nothing to undo"),
        (("undo", "first"), "is no run: name its number, or last"),
        (("undo", "9"), "has no run 9"),
    ],
)
def test_bad_input_is_one_line(indexed, arguments, line):
    done = indexed(*arguments)
    assert done.code == 2
    assert line in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_a_person_says_which_copy_stays(doubled, media):
    done = doubled("curate", "duplicates", "--exact", "--keep", "newest", "--json").json
    assert done["settings"]["keeper"] == ["newest", "most-pixels", "original", "dated", "largest"]
    (kept,) = [found["path"] for found in done["findings"] if found["verdict"] == "keeper"]
    asked = ("curate", "duplicates", "--exact", "--keep", "not-in:media", "--keep", "shortest-path")
    assert doubled(*asked).code == 0
    assert kept.startswith(str(media))
    wrong = doubled("curate", "duplicates", "--keep", "newst")
    assert wrong.code == 2
    assert wrong.err.startswith("sensorium: --keep 'newst' is no rule: did you mean 'newest'?")
