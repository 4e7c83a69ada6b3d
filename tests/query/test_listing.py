"""A filter alone lists files, and hits can be put in another order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.common.result_view import text_table
from engine.errors import InvalidQuery
from engine.query.language import build_query
from engine.query.listing import list_files, sort_hits
from engine.query.plan import validated
from engine.store import Store
from engine.types import Query, Sort
from tests.store.make import LOOKS, TEXT, picture, sound


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "library", "fake") as made:
        with made.writer() as writer:
            writer.ensure_space(TEXT)
            writer.ensure_space(LOOKS)
            files = [
                ("/dogs/b.jpg", "2024-05-01T10:00:00", 300),
                ("/dogs/a.jpg", "2023-05-01T10:00:00", 100),
                ("/cats/c.jpg", "2025-05-01T10:00:00", 200),
            ]
            made_of = [picture(path) for path, *_ in files]
            writer.commit(
                [
                    replace(made, asset=replace(made.asset, taken_at=taken, size=size))
                    for made, (_, taken, size) in zip(made_of, files, strict=True)
                ]
            )
            writer.commit([sound("/talk.wav", "one", "two", "three")])
        yield made


def paths(store: Store, query: Query) -> list[str]:
    return [hit.path for hit in list_files(store, validated(query))]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (None, ["/cats/c.jpg", "/dogs/b.jpg", "/dogs/a.jpg"]),
        ("likely", ["/cats/c.jpg", "/dogs/b.jpg", "/dogs/a.jpg"]),
        ("date", ["/cats/c.jpg", "/dogs/b.jpg", "/dogs/a.jpg"]),
        ("size", ["/dogs/b.jpg", "/cats/c.jpg", "/dogs/a.jpg"]),
        ("path", ["/cats/c.jpg", "/dogs/a.jpg", "/dogs/b.jpg"]),
    ],
)
def test_a_filter_alone_lists_in_the_order_that_is_asked(store, sort, expected) -> None:
    assert paths(store, build_query("kind:image", sort=sort)) == expected
    assert paths(store, build_query(kinds="image", sort=sort)) == expected
    assert paths(store, build_query("", where="kind = image", sort=sort)) == expected


def test_what_is_listed_is_an_answer_for_certain(store) -> None:
    listed = list_files(store, validated(build_query("kind:image")))
    assert [(hit.confidence, hit.likely) for hit in listed] == [(1.0, True)] * 3
    shown = text_table(listed)
    assert "likely" not in shown and "%" not in shown


def test_a_file_of_many_moments_is_listed_once_and_all_are_counted(store) -> None:
    found = list_files(store, validated(build_query(where="date >= 1900", top=2)))
    assert len(found) == 2
    assert found.notes[-1].startswith("4 files: 3 pictures, 1 sound; the newest 2 are shown")
    assert found.plan is not None and found.plan.moments == 6
    found = list_files(store, validated(build_query(where="date >= 1900", top=1)))
    assert "the newest is shown, top" in found.notes[-1]


def test_files_without_a_moment_are_listed(store) -> None:
    """The kind: a silence, or a recording in which no word was heard, is a file of its owner."""
    with store.writer() as writer:
        silence = sound("/silence.wav")
        writer.commit([replace(silence, asset=replace(silence.asset, taken_at="2026-01-01"))])
    (silent, talk) = list_files(store, validated(build_query("kind:audio")))
    assert (silent.path, silent.moment_id, silent.kind) == ("/silence.wav", 0, "audio")
    assert (talk.path, talk.rank) == ("/talk.wav", 2) and talk.moment_id > 0
    assert paths(store, build_query("date:2026")) == ["/silence.wav"]
    assert paths(store, build_query("date:2026 kind:image")) == []
    result = list_files(store, validated(build_query(kinds="audio")))
    assert result.notes[-1] == "2 files: 2 sounds" and "/silence.wav" in text_table(result)


def test_folders_are_filters(store) -> None:
    assert paths(store, build_query("path:dogs", sort="path")) == ["/dogs/a.jpg", "/dogs/b.jpg"]
    assert paths(store, build_query("path:/cats")) == ["/cats/c.jpg"]
    assert paths(store, build_query("-path:dogs kind:image")) == ["/cats/c.jpg"]


def test_nothing_at_all_is_still_no_query() -> None:
    for query in (Query(), build_query(""), build_query("", exclude=["a"], kinds="image")):
        with pytest.raises(InvalidQuery):
            validated(query)


def test_hits_keep_to_their_files_when_they_are_sorted(store) -> None:
    found = list_files(store, validated(build_query("kind:image")))
    by_path = sort_hits(store, found, Sort.PATH)
    assert [hit.path for hit in by_path] == ["/cats/c.jpg", "/dogs/a.jpg", "/dogs/b.jpg"]
    assert [hit.rank for hit in by_path] == [1, 2, 3]
    assert sort_hits(store, found, Sort.LIKELY) is found
