"""`sensorium index --add-space` and `sensorium spaces`, as a person types them."""

from __future__ import annotations

import pytest

from engine import Library
from tests import media_files as make


@pytest.fixture
def two(indexed, library, settings):
    """`run`, on a library with a second space and one of sounds alone."""
    with Library.open(library, settings=settings) as opened:
        opened.spaces.add("fake2")
        opened.spaces.add("fake-hearing")
    return indexed


def test_a_space_is_added_without_a_path_and_asked_by_its_name(indexed):
    done = indexed("index", "--add-space", "fake2")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("fake2 is ready: 5 moments of 5 files in ")
    found = indexed("search", "red", "--space", "fake2", "--json").json
    assert found["query"]["space"] == "fake2"
    assert {why["space"] for why in found["hits"][0]["why"]} == {"fake2", None}
    again = indexed("index", "--add-space", "fake2", "--json").json
    assert (again["space"], again["ready"], again["moments"]) == ("fake2", True, 0)


def test_paths_are_indexed_first_and_then_the_space_is_filled(run, media):
    done = run("index", media, "--encoder", "fake", "--add-space", "fake2", "--json")
    assert done.code == 0
    first, second = done.out.split("\n", 1)
    assert first == "5 files: 5 added"
    assert '"moments": 5' in second


def test_files_that_are_passed_over_are_named(indexed, media):
    (media / "0.png").unlink()
    make.picture(media / "1.png", "white", (50, 50))
    done = indexed("index", "--add-space", "fake2")
    assert done.code == 0
    assert f"sensorium: {media / '0.png'}: is gone; the next index forgets it" in done.err
    assert f"{media / '1.png'}: has changed; the next index takes it in anew" in done.err


def test_the_spaces_are_listed_with_what_they_hold(two):
    listed = two("spaces", "list").out.splitlines()
    assert listed[0].split() == ["space", "dim", "vectors", "MB", "encoder", "revision"]
    assert "fake  " in listed[1] and "3 image, 2 sound" in listed[1] and "default" in listed[1]
    assert "ready" in listed[2] and "likeness" in listed[-1]
    (first, *_) = two("spaces", "list", "--json").json["spaces"]
    assert first["vectors"] == {"image": 3, "sound": 2}
    assert (first["name"], first["default"], first["state"]) == ("fake", True, "ready")
    assert first["bytes"] > 0


def test_a_library_without_spaces_says_so(run, library, settings):
    Library.open(library, create=True, encoder="fake", settings=settings).close()
    done = run("spaces", "list")
    assert (done.code, done.out, done.err) == (0, "", "no spaces yet: sensorium index PATH\n")


def test_the_default_changes_and_the_first_space_can_be_dropped(two):
    assert two("spaces", "drop", "fake", "--yes").err.startswith(
        "sensorium: fake is the default space"
    )
    assert two("spaces", "default", "fake2").out == "texts are asked in fake2 now\n"
    done = two("spaces", "drop", "fake", "--yes", "--json")
    assert (done.code, done.json) == (0, {"dropped": ["fake", "fake-looks"]})
    assert two("verify", "--deep").code == 0
    assert "spaces: fake-hearing (64-d, ready)" in two("stats").out
    assert "fake2; beside it fake-hearing" in two("doctor").out


def test_dropping_is_not_done_unasked(two):
    done = two("spaces", "drop", "fake2")
    assert (done.code, done.out) == (2, "")
    assert done.err == "sensorium: dropping fake2 removes its vectors: say --yes\n"
    assert two("spaces", "drop", "nothing").err.startswith("sensorium: no space that texts query")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("index",), "Missing argument 'PATH...'"),
        (("index", "--dry-run", "--add-space", "fake2"), "Missing argument 'PATH...'"),
        (("index", "--add-space", "no-such"), "no encoder is called 'no-such'"),
        (("spaces", "default", "fake-hearing"), "fake-hearing holds sound alone"),
        (("spaces", "default", "fake-looks"), "no space that texts query is called"),
        (("search", "red", "--space", "no-such"), "there is fake, fake-hearing, fake2"),
    ],
)
def test_what_cannot_be_is_one_line(two, arguments, line):
    done = two(*arguments)
    assert done.code == 2
    assert line in done.err and "Traceback" not in done.err


def test_a_space_is_not_added_to_a_library_that_is_not_there(run, library):
    done = run("index", "--add-space", "fake2")
    assert done.code == 2 and "there is no library at" in done.err
    assert not library.exists()


def test_a_plan_names_the_space_of_each_branch(two):
    explained = two("search", "low tone", "--explain").out
    assert 'text "low tone" in fake-hearing sound, 2 vectors, exact, weight 0.5' in explained
    assert 'x text "low tone" in fake-hearing: cosine' in explained
