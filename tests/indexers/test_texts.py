"""Sidecars make their file's words, without computing any vector again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PIL.ExifTags import IFD

from engine.store import Store
from engine.testing.fake_encoder import FakeEncoder, fake_towers
from engine.types import Kind, Modality
from indexers.texts import TRACK
from tests import media_files as make
from tests.store.make import tamper

from .conftest import Index

SRT = "1\n00:00:00,100 --> 00:00:00,500\nNever trust a pirate\n\n"


def found(store: Store, word: str) -> list[str]:
    ids = [moment for moment, _ in store.words(f'"{word}"', (), 9)]
    return [Path(record.path).name for record in store.records(ids).values()]


def later(path: Path) -> None:
    os.utime(path, ns=(2**60, 2**60))


def test_a_sidecar_that_appears_changes_and_goes(store: Store, media: Path, index: Index) -> None:
    make.picture(media / "a.png")
    index()
    before = store.next_moment()
    (media / "a.txt").write_text("grandma\n")
    assert index().unchanged == 1
    assert found(store, "grandma") == ["a.png"]
    (media / "a.txt").write_text("grandpa\n")
    later(media / "a.txt")
    index()
    assert (found(store, "grandma"), found(store, "grandpa")) == ([], ["a.png"])
    (media / "a.txt").unlink()
    index()
    assert found(store, "grandpa") == []
    assert store.next_moment() == before


def test_a_picture_is_found_by_the_town_and_the_country_that_it_was_made_in(
    store: Store, media: Path, index: Index
) -> None:
    pytest.importorskip("reverse_geocode")
    exif = Image.Exif()
    exif.get_ifd(IFD.GPSInfo).update({1: "N", 2: (50.0, 52.0, 17.0), 3: "E", 4: (4.0, 41.0, 49.0)})
    Image.new("RGB", (64, 48), "red").save(media / "town.jpg", exif=exif)
    make.picture(media / "nowhere.png")
    index()
    assert found(store, "leuven") == found(store, "belgium") == ["town.jpg"]
    # As an index without the package left it, or an earlier version.
    tamper(store, "UPDATE assets SET texts = NULL, texts_state = '1'")
    assert index().unchanged == 2
    assert found(store, "belgium") == ["town.jpg"]


def test_a_sidecar_of_a_file_with_another_date_is_read_in_the_same_run(
    store: Store, media: Path, index: Index
) -> None:
    make.picture(media / "a.png")
    make.video(media / "b.mp4", ["red", "blue"])
    index()
    (media / "a.txt").write_text("grandma\n")
    (media / "b.srt").write_text(SRT)
    for name in ("a.png", "b.mp4"):
        later(media / name)
    index()
    assert found(store, "grandma") == ["a.png"]
    assert found(store, "pirate") == ["b.mp4"]


def test_nothing_is_read_where_nothing_changed(
    store: Store, media: Path, index: Index, monkeypatch
) -> None:
    make.picture(media / "a.png")
    (media / "a.txt").write_text("grandma\n")
    index()
    monkeypatch.setattr("indexers.texts.read_texts", None)
    assert index().unchanged == 1


def test_a_video_that_an_earlier_version_took_for_a_sound_is_read_anew(
    store: Store, media: Path, index: Index
) -> None:
    video = make.video(media / "a.mp4", ["red", "blue"], hertz=300)
    make.picture(media / "b.png")
    index()
    path = str(video)
    tamper(store, "UPDATE assets SET texts_state = NULL")
    tamper(store, "UPDATE assets SET kind = 'audio' WHERE path = ?", path)
    before = store.next_moment()
    report = index()
    assert (report.changed, report.unchanged) == (1, 1)
    (asset,) = [asset for asset in store.assets() if asset.path == path]
    assert asset.kind is Kind.VIDEO
    assert {r.moment.modality for r in store.moments_of(asset.asset_id)} >= {Modality.KEYFRAME}
    assert store.next_moment() > before
    assert index().unchanged == 2


def test_a_file_that_is_named_alone_has_its_sidecars(
    store: Store, media: Path, index: Index
) -> None:
    path = make.picture(media / "a.png")
    (media / "a.txt").write_text("grandma\n")
    index(path)
    assert found(store, "grandma") == ["a.png"]
    assert index().unchanged == 1


def test_libraries_of_before_get_texts_without_vectors(
    store: Store, media: Path, index: Index
) -> None:
    class NoTower(FakeEncoder):
        def embed_images(self, pixels):
            raise AssertionError("a vector is computed again")

    path = make.picture(media / "a.png")
    index()
    with store.writer() as writer:
        writer.put_texts([(1, None, "0")])
    (media / "a.txt").write_text("grandma\n")
    index(towers=replace(fake_towers(), encoder=NoTower()))
    assert found(store, "grandma") == [path.name]


def test_subtitles_are_moments_with_times_and_follow_their_file(
    store: Store, media: Path, index: Index
) -> None:
    make.video(media / "a.mp4", ["red", "green"])
    (media / "a.en.srt").write_text(SRT)
    index()
    lines = [r.moment for r in store.moments_of(1) if r.moment.modality is Modality.SPEECH]
    assert [(m.start, m.end, m.ordinal, m.text) for m in lines] == [
        (0.1, 0.5, TRACK, "Never trust a pirate")
    ]
    (media / "a.en.srt").write_text(SRT.replace("pirate", "parrot"))
    later(media / "a.en.srt")
    assert index().changed == 1
    assert (found(store, "pirate"), found(store, "parrot")) == ([], ["a.mp4"])
    assert index().unchanged == 1


def test_no_line_reaches_past_the_end_of_its_file(store: Store, media: Path, index: Index) -> None:
    make.video(media / "a.mp4", ["red"])
    (media / "a.srt").write_text(SRT + "2\n01:00:00,000 --> 01:00:01,000\nAfter the end\n")
    index()
    assert found(store, "pirate") == ["a.mp4"]
    assert found(store, "after") == []
