"""Text is read once pictures can be searched, and what was looked at is not looked at again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import Cancelled
from engine.store import Store
from engine.testing.fake_encoder import COLOURS, FakeScreen, fake_towers
from engine.types import Modality
from indexers import reading
from indexers.pipeline import run
from indexers.reading import ReadingReport, read_texts
from tests import media_files as make
from tests.indexers.runs import Told, moment_ids, pictures, vectors

SIGNS = {"red": "Stop here", "green": "Go on"}


class Counting(FakeScreen):
    """Counts the pictures that it reads."""

    def __init__(self) -> None:
        super().__init__(SIGNS)
        self.count = 0

    def read(self, image: Image.Image) -> Sequence[str]:
        self.count += 1
        return super().read(image)


def towers(screen: FakeScreen | None = None) -> Towers:
    return replace(fake_towers(), screen=screen or Counting())


def searchable(store: Store, media: Path, settings: Settings) -> None:
    """Index without reading, as the first part of a run does."""
    run(store, towers(), [media], settings)


def read(
    store: Store, media: Path, settings: Settings, screen: FakeScreen | None = None, **options
) -> ReadingReport:
    return read_texts(store, towers(screen), [media], settings, **options)


def texts(store: Store) -> list[str | None]:
    every = (r.moment for a in store.assets() for r in store.moments_of(a.asset_id))
    return [moment.text for moment in every if moment.modality is Modality.SCREEN]


def test_pictures_can_be_searched_before_any_text_is_read(store, media, settings):
    pictures(media, 6)
    screen = Counting()
    report = run(store, towers(screen), [media], settings)
    assert (report.added, report.moments, screen.count) == (6, 6, 0)
    assert store.stats().unread == 6


def test_what_is_read_joins_its_asset_and_changes_no_vector(store, media, settings):
    pictures(media, 6)
    searchable(store, media, settings)
    before = vectors(store, "fake")
    report = read(store, media, settings)
    assert (report.files, report.moments) == (6, 2)
    assert sorted(map(str, texts(store))) == ["Go on", "Stop here"]
    after = vectors(store, "fake")
    assert all((after[moment] == row).all() for moment, row in before.items())
    assert len(after) == len(before) + 2
    assert store.stats().unread == 0
    assert [found for found, _ in store.words('"stop"', (), 10)]


def test_nothing_is_looked_at_twice(store, media, settings):
    pictures(media, 6)
    searchable(store, media, settings)
    read(store, media, settings)
    again = Counting()
    assert read(store, media, settings, again) == ReadingReport()
    assert again.count == 0


def test_a_run_that_is_cut_off_goes_on_where_it_was(store, media, settings, monkeypatch):
    monkeypatch.setattr(reading, "COMMIT_ASSETS", 1)
    pictures(media, 12)
    for place, path in enumerate(media.iterdir()):
        path.write_bytes(path.read_bytes() + bytes([place]))  # no copies
    searchable(store, media, settings)
    told = Told()

    def stop() -> None:
        if len(told.done) == 4:
            raise Cancelled("enough")

    told._then = stop
    with pytest.raises(Cancelled):
        read(store, media, settings, progress=told)
    left = store.stats().unread
    assert 0 < left < 12
    assert read(store, media, settings).files == left
    assert len(texts(store)) == 4


def test_copies_are_read_once_and_all_have_the_text(store, media, settings):
    first = make.picture(media / "a.png", "red")
    for name in "bc":
        shutil.copyfile(first, media / f"{name}.png")
    searchable(store, media, settings)
    screen = Counting()
    assert read(store, media, settings, screen).files == 3
    assert (screen.count, texts(store)) == (1, ["Stop here"] * 3)


def test_a_copy_of_what_was_read_is_not_read_again(store, media, settings):
    make.picture(media / "a.png", "red")
    searchable(store, media, settings)
    read(store, media, settings)
    shutil.copyfile(media / "a.png", media / "b.png")
    searchable(store, media, settings)
    read(store, media, settings)
    assert texts(store) == ["Stop here"] * 2
    assert store.stats().unread == 0


def test_a_file_that_changed_meanwhile_waits_for_the_next_index(store, media, settings):
    path = make.picture(media / "a.png", "red")
    searchable(store, media, settings)
    make.picture(path, "green", size=(50, 50))
    report = read(store, media, settings)
    assert (report.files, report.failures, texts(store)) == (0, (), [])
    searchable(store, media, settings)
    read(store, media, settings)
    assert texts(store) == ["Go on"]


def test_only_what_is_below_the_paths_is_read(store, media, settings):
    (media / "in").mkdir()
    make.picture(media / "in" / "a.png", "red")
    make.picture(media / "b.png", "green")
    searchable(store, media, settings)
    read_texts(store, towers(), [media / "in"], settings)
    assert texts(store) == ["Stop here"]
    assert store.stats().unread == 1


def test_without_a_bridge_everything_waits(store, media, settings):
    pictures(media, 2)
    run(store, fake_towers(), [media], settings)
    assert read_texts(store, fake_towers(), [media], settings) == ReadingReport()
    assert store.stats().unread == 2
    assert read(store, media, settings).files == 2


def test_the_promising_are_read_first(store, media, settings, monkeypatch):
    monkeypatch.setattr(reading, "PROMISING", frozenset({"blue"}))
    for place, colour in enumerate(COLOURS):
        make.picture(media / f"{place}.png", colour)
    searchable(store, media, settings)
    waiting = reading._by_promise(store, reading._copies(store.unread([media])))
    first = store.moments_of(waiting[0][0].asset_id)[0].moment
    assert [tag.word for tag in first.tags] == ["blue"]


def test_a_text_that_is_gone_with_its_file_leaves_nothing(store, media, settings):
    path = make.picture(media / "a.png", "red")
    searchable(store, media, settings)
    read(store, media, settings)
    assert len(moment_ids(store, path)) == 2
    path.unlink()
    run(store, towers(), [media], settings, vanished="forget")
    assert vectors(store, "fake") == {}
