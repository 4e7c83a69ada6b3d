"""What a searcher keeps of a generation, and what many threads get of it."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from engine import Library
from engine.errors import InvalidQuery
from engine.query import generation_cache
from engine.query.language.query_builder import build_query
from tests import media_files as make

pytestmark = pytest.mark.slow


@pytest.fixture
def library(tmp_path, settings):
    """Pictures a to d in four colours, in a library without weights."""
    media = tmp_path / "media"
    for name, colour in zip("abcd", ("red", "green", "blue", "white"), strict=True):
        make.picture(media / f"{name}.png", colour)
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        yield made


def test_only_the_last_filters_of_a_generation_are_kept(library, monkeypatch):
    monkeypatch.setattr(generation_cache, "_KEPT", 3)
    for least in range(1, 10):
        assert library.search("red", where=f"size > {least}").hits
    assert len(library.searcher._kept._filters._values) == 3


def test_a_filter_is_of_the_generation_that_it_is_kept_for(library, tmp_path, monkeypatch):
    """A writer that comes in between must not give a later filter to an earlier snapshot."""
    passing, held = library.store.passing, []

    def interrupted(*asked):
        if not held:
            gone = threading.Thread(target=library.remove, args=(tmp_path / "media" / "a.png",))
            gone.start()
            gone.join()
        held.append(len(passing(*asked)))
        return passing(*asked)

    monkeypatch.setattr(library.store, "passing", interrupted)
    hits = library.search("red", where="size > 1").hits
    assert "a.png" not in {hit.path.rpartition("/")[2] for hit in hits}
    assert held == [4, 3]


def test_eight_threads_with_filters_of_their_own_beside_a_writer(library, tmp_path):
    media, done, errors, torn = tmp_path / "media", threading.Event(), [], []
    keeps = {"b.png", "c.png", "d.png"}

    def ask(number: int) -> None:
        try:
            place = 0
            while not done.is_set():
                place += 1
                where = f"size > {number + 8 * (place % 7)}"
                found = library.search("green", where=where, group="none", top=50)
                names = [hit.path.rpartition("/")[2] for hit in found.hits]
                if not keeps <= set(names) or len(set(names)) != len(names):
                    torn.append(names)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(4):
            make.picture(media / "a.png", "red" if turn % 2 else "black")
            make.picture(media / "d.png", "white" if turn % 2 else "blue")
            library.index([media])
            library.remove(media / "a.png")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert torn == []


@pytest.mark.parametrize("top", [0, -5])
def test_a_reranked_query_is_checked_as_it_was_asked(library, top):
    asked = replace(build_query("red"), rerank="lm", top=top)
    with pytest.raises(InvalidQuery, match="top= must be at least 1"):
        library.run(asked)


def test_a_path_of_nobodys_home_is_one_line_of_every_call(library):
    for ask in (
        lambda path: library.search(image=path),
        lambda path: library.search(path),
        library.similar,
    ):
        with pytest.raises(InvalidQuery, match="there is no such home folder"):
            ask("~nobody-of-that-name/a.png")
