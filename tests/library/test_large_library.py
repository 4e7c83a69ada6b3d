"""A library that outgrows memory: indexes on disk, merging and refreshing."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from engine import Library
from engine.index import disk
from engine.types import Modality
from tests import media_files as make
from tests.library.names import names
from tests.messages import Messages

pytestmark = pytest.mark.slow


@pytest.fixture
def eager(monkeypatch):
    """Indexes on disk from the tenth vector on."""
    monkeypatch.setattr("engine.index.inventory.EXACT_ROWS", 10)


def pictures(folder: Path, count: int, colour: str = "red") -> None:
    for place in range(count):
        make.picture(folder / f"{colour}{place}.png", colour, (40, 30 + place))


def held(library: Library, modality: Modality = Modality.IMAGE) -> tuple[int, int]:
    """Vectors in the snapshot, and in the tail."""
    library.searcher.make_level(library.store.serving().values())
    index = library.searcher.indexes["fake"].indexes[modality]
    return len(index.snapshot or ()), len(index.tail)


def test_a_large_library_gets_indexes_on_disk_and_finds_the_same(fake, tmp_path, eager, settings):
    media = tmp_path / "media"
    pictures(media, 8)
    fake.index([media])
    assert fake.snapshots() == []
    before = names(fake.search("red", top=50))
    pictures(media, 8, "blue")
    messages = Messages()
    fake.index([media], progress=messages)
    assert messages == ["fake: indexing image vectors", "fake-looks: indexing image vectors"]
    assert {(space, m, about.count) for space, m, about in fake.snapshots()} == {
        ("fake", Modality.IMAGE, 16),
        ("fake-looks", Modality.IMAGE, 16),
    }
    assert held(fake) == (16, 0)
    assert names(fake.search("red", top=8)) == before
    with Library.open(tmp_path / "lib", settings=settings) as again:
        assert names(again.search("red", top=8)) == before
        assert again.verify(deep=True).problems == ()


def test_what_comes_after_the_index_is_found_at_once(fake, tmp_path, eager):
    media = tmp_path / "media"
    pictures(media, 12)
    fake.index([media])
    make.picture(media / "new.png", "green")
    make.picture(media / "red0.png", "blue")
    (media / "red1.png").unlink()
    fake.index([media])
    assert held(fake) == (12, 2)
    assert names(fake.search("green"))[0] == "new.png"
    assert names(fake.search("blue"))[0] == "red0.png"
    assert "red1.png" not in names(fake.search("red", top=50))
    assert len(fake.search("red", top=50).hits) == 12
    assert fake.verify(deep=True).problems == ()


def test_compact_and_rebuild_change_no_answer(fake, tmp_path, eager):
    media = tmp_path / "media"
    pictures(media, 12)
    fake.index([media])
    (media / "red1.png").unlink()
    make.picture(media / "green.png", "green")
    fake.index([media])

    def answers():
        found = [fake.search(text, top=50).hits for text in ("red", "green")]
        return [[(hit.moment_id, pytest.approx(hit.score, abs=0.02)) for hit in f] for f in found]

    fake.rebuild()
    before = answers()
    done = fake.compact()
    assert done.segments_after <= done.segments_before
    assert answers() == before
    assert fake.verify(deep=True).problems == ()
    fake.rebuild()
    assert fake.store.tombstones().size <= 1
    assert answers() == before


def test_many_small_segments_are_merged_by_the_run_that_makes_them(fake, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.query.maintenance._LOOSE", 2)
    for place in range(5):
        make.picture(tmp_path / "media" / f"{place}.png", "red", (40, 30 + place))
        fake.index([tmp_path / "media"])
        assert len(fake.store.segments("fake")) <= 3
    assert fake.verify(deep=True).problems == ()


def test_a_refresh_elsewhere_is_in_nobodys_way(fake, tmp_path, eager):
    """The run succeeds, what it brought is found, and the next run makes the index."""
    pictures(tmp_path / "media", 12)
    with disk.refreshing(fake.store.path):
        fake.index([tmp_path / "media"])
        assert len(fake.search("red", top=50).hits) == 12
    assert fake.snapshots() == []
    fake.index([tmp_path / "media"])
    assert held(fake) == (12, 0)


def test_searches_go_on_while_another_thread_refreshes(fake, tmp_path, eager, monkeypatch):
    pictures(tmp_path / "media", 12)
    with disk.refreshing(fake.store.path):
        fake.index([tmp_path / "media"])
    counts = [len(fake.search("red", top=50).hits)]
    build = importlib.import_module("engine.index.refresh").build_snapshot

    def searched(*given):
        counts.append(len(fake.search("red", top=50).hits))
        return build(*given)

    monkeypatch.setattr("engine.index.refresh.build_snapshot", searched)
    fake.refresh_in_background().join()
    assert held(fake) == (12, 0)
    assert counts == [12, 12, 12]
    assert len(fake.search("red", top=50).hits) == 12


def test_a_refresh_in_the_background_that_fails_is_logged(fake, tmp_path, eager, caplog):
    pictures(tmp_path / "media", 12)
    with disk.refreshing(fake.store.path):
        fake.index([tmp_path / "media"])
        fake.refresh_in_background().join()
    assert "not refreshed" in caplog.text


def test_the_recall_that_is_asked_for_is_that_of_the_index(tmp_path, eager, settings):
    exact = replace(settings, recall=1.0)
    pictures(tmp_path / "media", 12)
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=exact) as library:
        library.index([tmp_path / "media"])
        assert {about.target_recall for *_, about in library.snapshots()} == {1.0}
