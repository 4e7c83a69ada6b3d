"""The last search comes back as it was, with names that are no UTF-8, or not at all."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from engine.common.last_search import last_search, remember
from engine.types import Hit, Kind, Modality, Query, SearchResult, Span, Why

LIBRARY = Path("/home/someone/library")
NAME = os.fsdecode(b"/media/caf\xe9\n.mp4")
HIT = Hit(
    1, 2.5, Kind.VIDEO, NAME, 7, 8, Modality.SPEECH, 1.0, 2.0,
    (Why("text", "fake", 0.5, 1.5, asked=NAME, words="a word"),), 3,
    (Span(8, Modality.SPEECH, 1.0, 2.0, "a"), Span(9, Modality.SOUND, None, None, "b", "c")),
    0.75, True,
)  # fmt: skip
RESULT = SearchResult(Query.of("a dog"), (HIT, replace(HIT, rank=2, path="/plain.png")))


def test_the_last_search_comes_back(tmp_path):
    remember(SearchResult(Query.of("before"), ()), tmp_path, LIBRARY)
    remember(RESULT, tmp_path, LIBRARY)
    found = last_search(tmp_path, LIBRARY)
    assert found is not None
    assert found.hits == RESULT.hits
    assert found.query.text == "a dog"
    assert last_search(tmp_path, Path("/another")) is None
    assert len(list((tmp_path / "last-search").iterdir())) == 1, "nothing else is left"


def kept(tmp_path) -> Path:
    remember(RESULT, tmp_path, LIBRARY)
    (file,) = (tmp_path / "last-search").iterdir()
    return file


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"{", b"\xff\xfe", b"[]", b"null", b"[" * 100_000, b'{"version": 99}',
        b'{"version": 1, "asked": "x", "hits": [{"path": "/a"}]}',
        b'{"version": 1, "asked": "x", "hits": [3]}', b'{"version": 1, "asked": "x", "hits": 3}',
    ],
)  # fmt: skip
def test_a_damaged_file_is_no_search(tmp_path, damage):
    kept(tmp_path).write_bytes(damage)
    assert last_search(tmp_path, LIBRARY) is None
    remember(RESULT, tmp_path, LIBRARY)
    assert last_search(tmp_path, LIBRARY) is not None


def test_a_file_that_is_cut_anywhere_is_no_search(tmp_path):
    file = kept(tmp_path)
    whole = file.read_bytes()
    for size in range(0, len(whole) - 1, 37):
        file.write_bytes(whole[:size])
        assert last_search(tmp_path, LIBRARY) is None


def test_a_folder_that_takes_no_file_keeps_nothing(tmp_path):
    (tmp_path / "last-search").write_text("a file in the place of the folder")
    remember(RESULT, tmp_path, LIBRARY)
    assert last_search(tmp_path, LIBRARY) is None
