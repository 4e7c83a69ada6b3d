"""Options of search and similar at the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import media_files as make


def paths(done) -> list[str]:
    assert done.code == 0, done.err
    return [Path(hit["path"]).name for hit in done.json["hits"]]


def test_parts_and_weights_on_the_command_line(indexed, media):
    asked = ("2: red", "+", "blue", "-", "green", "--json", "--all", "--kind", "image")
    assert paths(indexed("search", *asked)) == ["0.png", "2.png", "1.png"]
    example = str(media / "2.png")
    assert paths(indexed("search", f"{example}", "--json", "-t", "1")) == ["2.png"]


def test_then_joins_what_follows_in_one_file(run, media, library):
    make.video(media / "film.mp4", ["red", "green", "blue"], seconds=6.0)
    run("index", media, "--encoder", "fake")
    found = run("search", "red", "then", "blue", "--json").json["hits"]
    assert [Path(hit["path"]).name for hit in found] == ["film.mp4"]
    (hit,) = found
    assert [span["asked"] for span in hit["spans"]] == ["red", "blue"]
    assert hit["start"] == hit["spans"][0]["start"] < hit["spans"][1]["start"]
    backwards = run("search", "blue", "then", "red")
    assert "nothing" in backwards.err
    assert "[blue at 0:12]" in run("search", "red", "then", "blue").out


def test_filters_on_the_command_line(indexed, media):
    every = ("search", "tone red", "--json", "--all")
    assert set(paths(indexed(*every, "--where", "duration < 10 and kind = audio"))) == {
        "deep.wav", "shrill.wav",
    }  # fmt: skip
    assert set(paths(indexed(*every, "--where", "path like 1*"))) == {"1.png"}
    assert set(paths(indexed(*every, "--where", "tags has red"))) == {"0.png"}
    assert paths(indexed(*every, "--before", "1999")) == []
    assert len(paths(indexed(*every, "--after", "1999"))) == 5
    assert set(paths(indexed("search", "tone kind:audio path:deep*", "--json", "--all"))) == {
        "deep.wav"
    }


@pytest.mark.parametrize("fusion", ["calibrated", "rrf", "weighted", "max", "early", "interaction"])
def test_every_way_to_fuse_finds_what_is_there(indexed, fusion):
    assert paths(indexed("search", "red", "--fusion", fusion, "--json"))[0] == "0.png"


def test_weights_on_the_command_line(indexed):
    asked = (
        "search",
        "red",
        "--all",
        "--json",
        "--weight",
        "image=0,words=0",
        "--weight",
        "sound=2",
    )
    document = indexed(*asked, "--explain").json
    assert {branch["modality"] for branch in document["plan"]["branches"]} == {"sound"}
    assert {branch["weight"] for branch in document["plan"]["branches"]} == {2.0}
    bad = indexed("search", "red", "--weight", "pictures=1")
    assert (bad.code, "no weight of 'pictures'" in bad.err) == (2, True)
    assert indexed("search", "red", "--weight", "image").code == 2


def test_explain_shows_the_plan_and_what_came_of_it(indexed):
    lines = indexed("search", "red - blue", "--explain", "--where", "size > 1").out.splitlines()
    assert lines[0].startswith("plan: calibrated fusion over ")
    text = "\n".join(lines)
    assert "filter: size > 1: 5 moments pass" in text
    assert 'text "red" in fake image, 3 vectors, exact, filtered inside the index' in text
    assert 'not "blue" in full text, weight -1' in text
    assert "milliseconds: " in text
    assert "1 x text" in text
    document = indexed("search", "red", "--explain", "--json").json
    assert document["plan"]["fusion"] == "calibrated"
    assert {outcome["found"] for outcome in document["outcomes"]} == {1, 2, 3}


def test_where_nothing_is_likely_a_sentence_says_so_and_the_nearest_follow(indexed):
    nearest = indexed("search", "an opera singer")
    assert nearest.err == "nothing here is likely to match; the nearest:\n"
    assert len(nearest.out.splitlines()) == 5
    assert indexed("search", "an opera singer", "--all").out == nearest.out


def test_likely_keeps_what_is_above_the_line(indexed, media):
    assert indexed("search", "red", "--likely", "-f").out.splitlines() == [str(media / "0.png")]
    none = indexed("search", "an opera singer", "--likely")
    assert (none.code, none.out) == (1, "")
    assert none.err == "nothing here is likely to match: 5 moments are less likely\n"


def test_a_deadline_marks_what_is_partial(indexed):
    done = indexed("search", "red", "--deadline-ms", "1", "--json")
    assert done.json["partial"] is True
    assert "partial: the deadline" in indexed("search", "red", "--deadline-ms", "1").err


def test_what_belongs_together_is_counted(run, media, library):
    for copy in range(3):
        shutil.copy(media / "0.png", media / f"copy{copy}.png")
    run("index", media, "--encoder", "fake")
    document = run("search", "red", "--group", "alike", "--json").json
    assert document["hits"][0]["more"] == 3
    assert "(and 3 more like it)" in run("search", "red", "--group", "alike").out
    assert len(run("search", "red", "--json", "--likely").json["hits"]) == 4
