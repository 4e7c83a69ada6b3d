"""`sensorium tag` and `sensorium jobs`."""

from __future__ import annotations

import pytest

from engine import Library


def test_tags_are_given_taken_listed_and_taken_back(indexed, media):
    given = indexed("tag", media / "0.png", media / "1.png", "--add", "warm", "--json").json
    assert (given["given"], given["taken"]) == (2, 0)
    assert indexed("tag").out == "2\twarm\n"
    assert indexed("tag", media / "0.png", "--add", "warm").err.startswith("the files are tagged")
    changed = indexed("tag", media, "--remove", "warm", "--add", "all")
    assert changed.out == "5 tags given, 2 taken\n"
    assert len(indexed("search", "tag:all", "--json").json["hits"]) == 5
    assert "5 tags go away, 2 tags come back" in indexed("undo", "--list").out
    undone = indexed("undo", "--json").json
    assert undone["lines"] == ["5 tags taken back", "2 tags given back"]
    assert indexed("tag", "--json").json == {"tags": {"warm": 2}}
    assert "sensorium tag" in indexed("curate", "runs").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{media}",), "--add"),
        (("--add", "x"), "name the files"),
        (("{media}", "--add", " "), "empty"),
        (("{media}", "--add", "x", "--remove", "x"), "at once"),
        (("/elsewhere", "--add", "x"), "nothing of the library"),
    ],
)
def test_what_tags_nothing_is_refused(indexed, media, arguments, words):
    done = indexed("tag", *(each.format(media=media) for each in arguments))
    assert done.code == 2 and words in done.err, done.err
    assert "there are no tags yet" in indexed("tag").err


def test_jobs_are_listed_with_what_became_of_them(indexed, library, settings):
    assert indexed("jobs").err == "no jobs yet\n"
    with Library.open(library, settings=settings) as opened:
        owner = opened.jobs.hold()
        opened.jobs.create("index", {"paths": ["/photos"]}, owner.name)
        assert "\tindex\tqueued\t" in indexed("jobs").out
        owner.close()
    (listed,) = indexed("jobs", "--json").json["jobs"]
    assert (listed["kind"], listed["state"]) == ("index", "interrupted")
