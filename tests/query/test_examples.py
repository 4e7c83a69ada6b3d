"""The files that a query names: found, and known for what they are."""

from __future__ import annotations

import pytest

from engine.errors import FetchRefused, InvalidQuery
from engine.query.examples import examples
from engine.types import Asked, Part, Query
from tests import media_files as make


def known(settings, *parts: Part, then=()) -> list[tuple[Asked, ...]]:
    with examples(Query(parts, then), settings) as (query, _):
        return [tuple(part.asked for part in stage) for stage in query.stages]


def file(path) -> Part:
    return Part(str(path), Asked.FILE)


def test_an_example_is_what_its_content_says(tmp_path, settings):
    sound = make.sound(tmp_path / "sound.png", (200, 1.0))
    picture = make.picture(tmp_path / "picture.wav", "red")
    video = make.video(tmp_path / "video.mp4", ["red"], seconds=1.0).rename(tmp_path / "v.txt")
    parts = (Part("a dog"), file(sound), file(picture), file(video))
    assert known(settings, *parts) == [(Asked.TEXT, Asked.AUDIO, Asked.IMAGE, Asked.IMAGE)]


def test_later_stages_may_have_examples_too(tmp_path, settings):
    picture = make.picture(tmp_path / "a.png", "red")
    assert known(settings, Part("x"), then=((file(picture),),)) == [(Asked.TEXT,), (Asked.IMAGE,)]


def test_what_was_said_to_be_a_picture_is_taken_for_one(tmp_path, settings):
    assert known(settings, Part(str(tmp_path / "none"), Asked.IMAGE)) == [(Asked.IMAGE,)]


@pytest.mark.parametrize("content", [None, b"", b"no picture at all"])
def test_an_example_that_cannot_be_read_is_a_mistake_of_the_query(tmp_path, settings, content):
    bad = tmp_path / "bad.png"
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(InvalidQuery, match=r"bad\.png: "):
        known(settings, file(bad))


def test_an_address_of_this_machine_is_not_fetched(settings):
    with pytest.raises(FetchRefused, match=r"127\.0\.0\.1"):
        known(settings, file("HTTP://127.0.0.1:9/a.jpg"))


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("~nobody-of-that-name/a.jpg", "there is no such home folder"),
        ("./" + 300 * "a", "file name too long"),
        ("a\0.jpg", "NUL"),
        ("/", "it is a folder"),
    ],
)
def test_a_path_that_can_be_none_is_a_mistake_of_the_query(settings, path, wrong):
    with pytest.raises(InvalidQuery, match=wrong):
        known(settings, file(path))


def test_a_file_that_is_named_twice_is_one_example(tmp_path, settings):
    picture = str(make.picture(tmp_path / "a.png", "red"))
    twice = Part(picture, Asked.IMAGE), file(picture)
    assert known(settings, *twice) == [(Asked.IMAGE,)]
