"""`sensorium undo` names what it takes back, and asks where that is not the last thing done."""

from __future__ import annotations

import shutil
import sqlite3
import time

import pytest


@pytest.fixture
def acted(media, indexed, run, tmp_path):
    """`run`, on a library in which run 1 moved a file, and run 2 tagged two."""
    shutil.copy(media / "0.png", media / "again.png")
    run("index", media)
    move = ("--apply", "move", "--to", tmp_path / "spare", "--yes")
    assert run("curate", "duplicates", "--exact", *move).code == 0
    assert run("curate", "quality", "--limit", "tiny=5000", "--apply", "tag").code == 0
    return run


def spare(tmp_path) -> int:
    return len(list((tmp_path / "spare").iterdir()))


def test_the_last_thing_done_is_named_and_undone_without_a_question(acted):
    done = acted("undo")
    assert done.code == 0, done.err
    named, undone = done.err.splitlines()
    assert named.startswith("run 2, quality of 2")
    assert named.endswith("tags go away")
    assert undone == "run 2: undone"


def test_what_is_not_the_last_thing_done_is_refused_in_a_script(acted, tmp_path):
    done = acted("undo", "1")
    assert done.code == 2
    assert "1 file goes back to where it was" in done.err
    assert "run 1 is not the last thing done: add --yes" in done.err
    assert spare(tmp_path) == 1
    assert acted("undo", "1", "--dry-run").code == 0
    assert spare(tmp_path) == 1
    assert acted("undo", "1", "--yes").code == 0
    assert not (tmp_path / "spare").exists()


@pytest.mark.parametrize(("answer", "code", "left"), [("n\n", 2, 1), ("y\n", 0, None)])
def test_a_person_is_asked(acted, library, tmp_path, monkeypatch, answer, code, left):
    from click.testing import CliRunner

    from engine.commands.curate import undo as command
    from engine.commands.main import main

    monkeypatch.setattr(command, "_can_ask", lambda: True)
    done = CliRunner().invoke(main, ["undo", "1", "--library", str(library)], input=answer)
    assert done.exit_code == code, done.output
    assert "Undo it? [y/N]" in done.output
    assert (tmp_path / "spare").exists() is (left is not None)


def test_what_is_days_old_is_not_the_last_thing_done(acted, library):
    with sqlite3.connect(library / "catalog.sqlite") as catalog:
        catalog.execute("update curation_runs set created_at = '2020-02-03T04:05:06+00:00'")
    done = acted("undo")
    assert done.code == 2
    assert "run 2, quality of 2020-02-03" in done.err
    assert "add --yes" in done.err


def test_the_list_has_times_by_the_users_clock(acted, library, monkeypatch):
    with sqlite3.connect(library / "catalog.sqlite") as catalog:
        catalog.execute("update curation_runs set created_at = '2020-02-03T23:05:06+00:00'")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    shown = acted("undo", "--list").out.splitlines()[0].split("\t")[1]
    monkeypatch.undo()
    time.tzset()
    assert shown == "2020-02-04 08:05:06"


def test_the_list_has_the_last_one_first(acted):
    assert [line.split("\t")[0] for line in acted("undo", "--list").out.splitlines()] == ["2", "1"]
    listed = acted("undo", "--list", "--json").json["runs"]
    assert [(run["run_id"], run["moved"], run["is_last"]) for run in listed] == [
        (2, 0, True),
        (1, 1, False),
    ]
    acted("undo")
    acted("undo", "--yes")
    done = acted("undo", "--list")
    assert (done.code, done.out, done.err) == (0, "", "there is nothing to undo\n")
