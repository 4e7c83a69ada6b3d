"""The files that a query names: found, and known for what they are."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext

import pytest

from engine import Library
from engine.errors import FetchRefused, InvalidQuery
from engine.query.examples import resolve_examples
from engine.types import PartKind, Query, QueryPart
from tests import media_files as make


def known(settings, *parts: QueryPart, then=()) -> list[tuple[PartKind, ...]]:
    with resolve_examples(Query(parts, then), settings) as (query, _):
        return [tuple(part.asked for part in stage) for stage in query.stages]


def file(path) -> QueryPart:
    return QueryPart(str(path), PartKind.FILE)


def test_an_example_is_what_its_content_says(tmp_path, settings):
    sound = make.sound(tmp_path / "sound.png", (200, 1.0))
    picture = make.picture(tmp_path / "picture.wav", "red")
    video = make.video(tmp_path / "video.mp4", ["red"], seconds=1.0).rename(tmp_path / "v.txt")
    parts = (QueryPart("a dog"), file(sound), file(picture), file(video))
    assert known(settings, *parts) == [
        (PartKind.TEXT, PartKind.AUDIO, PartKind.IMAGE, PartKind.IMAGE)
    ]


@pytest.mark.parametrize("readable", [True, False])
def test_nothing_is_left_of_an_example_that_was_given_as_bytes(
    tmp_path, settings, monkeypatch, readable
):
    content = make.picture(tmp_path / "a.png", "red").read_bytes() if readable else b"nothing"
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(kept))
    part = QueryPart("a picture", PartKind.FILE, content=content)
    with (
        nullcontext() if readable else pytest.raises(InvalidQuery),
        resolve_examples(Query((part,)), settings) as (_, files),
    ):
        assert [file.path.read_bytes() for file in files.values()] == [content]
    assert not [*kept.iterdir()]


def test_later_stages_may_have_examples_too(tmp_path, settings):
    picture = make.picture(tmp_path / "a.png", "red")
    assert known(settings, QueryPart("x"), then=((file(picture),),)) == [
        (PartKind.TEXT,),
        (PartKind.IMAGE,),
    ]


def test_what_was_said_to_be_a_picture_is_taken_for_one(tmp_path, settings):
    assert known(settings, QueryPart(str(tmp_path / "none"), PartKind.IMAGE)) == [(PartKind.IMAGE,)]


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
    twice = QueryPart(picture, PartKind.IMAGE), file(picture)
    assert known(settings, *twice) == [(PartKind.IMAGE,)]


def test_an_example_of_the_other_kind_is_named_by_its_option(tmp_path, settings):
    """The kind: a file that an option says something of, which it is not."""
    picture, sound = tmp_path / "a.png", tmp_path / "a.wav"
    make.picture(picture, "red")
    make.sound(sound, (440, 1.0))
    with pytest.raises(InvalidQuery, match=r"a\.png is a picture, not a sound: .* image="):
        known(settings, QueryPart(str(picture), PartKind.AUDIO))
    with pytest.raises(InvalidQuery, match=r"a\.wav is a sound, not a picture: .* audio="):
        known(settings, QueryPart(str(sound), PartKind.IMAGE))


def test_similar_takes_a_url_to_the_fetcher(tmp_path, settings):
    with (
        Library.open(tmp_path / "library", create=True, encoder="fake", settings=settings) as new,
        pytest.raises(FetchRefused, match=r"127\.0\.0\.1"),
    ):
        make.picture(tmp_path / "media" / "0.png", "red")
        new.index(tmp_path / "media")
        new.similar("http://127.0.0.1:9/a.jpg")
