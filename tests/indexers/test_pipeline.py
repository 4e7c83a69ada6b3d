"""What runs make of files that are new, moved, changed and gone."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.store import Store
from engine.testing.fake_encoder import COLOURS, FakeSounds, fake_towers
from engine.types import Condition, IndexReport, Modality
from indexers.pipeline import run
from tests import media_files as make
from tests.indexers.runs import (
    Broken,
    Told,
    moment_ids,
    names,
    pictures,
    vectors,
)

Index = Callable[..., IndexReport]


def test_everything_finds_its_place(media: Path, store: Store, index: Index) -> None:
    for colour in COLOURS:
        make.picture(media / f"{colour}.png", colour)
    make.video(media / "v.mp4", ["red", "blue"], hertz=440)
    make.sound(media / "s.wav", (3000, 12))
    (media / "notes.txt").write_text("no media")
    told = Told()
    report = index(towers=fake_towers("hello"), progress=told)
    assert (report.found, report.added, report.skipped, report.failed) == (9, 8, 1, 0)
    assert told.total == 9 and len(told.done) == 9
    assert report.moments == sum(told.done)
    stats = store.stats()
    assert stats.moments[Modality.SPEECH] == 2 and stats.moments[Modality.IMAGE] == 6
    assert set(vectors(store, "fake")) >= set(vectors(store, "fake-looks"))


def test_places_and_captions_reach_the_catalog(media: Path, store: Store, index: Index) -> None:
    told = {"location": "+35.36+138.73/", "title": "A mountain at dawn"}
    path = make.video(media / "v.mp4", ["red", "blue"], metadata=told)
    make.picture(media / "a.png")
    index()
    around = Condition("place", "=", (35.0, 138.0, 36.0, 139.0))
    assert store.passing(around).tolist() == moment_ids(store, path)
    assert [moment for moment, _ in store.words('"mountain"')] == moment_ids(store, path)[:1]


def test_a_second_run_does_nothing(media: Path, store: Store, index: Index) -> None:
    pictures(media, 5)
    index()
    generation = store.generation()
    report = index()
    assert (report.unchanged, report.moments) == (5, 0)
    assert store.generation() == generation


def test_a_renamed_file_keeps_its_moments(media: Path, store: Store, index: Index) -> None:
    path = pictures(media, 3)[1]
    index()
    before, vector = moment_ids(store, path), vectors(store, "fake")
    moved = path.rename(media / "renamed.jpg")  # the wrong name is no matter
    report = index(towers=Towers(Broken(), FakeSounds()))
    assert (report.moved, report.added, report.removed) == (1, 0, 0)
    assert moment_ids(store, moved) == before and store.get(path) is None
    assert vectors(store, "fake").keys() == vector.keys()


def test_a_file_moved_in_from_elsewhere_keeps_its_moments(
    media: Path, tmp_path: Path, store: Store, index: Index
) -> None:
    outside = make.picture(tmp_path / "outside" / "a.png")
    index(outside)
    before = moment_ids(store, outside.resolve())
    outside.rename(media / "a.png")
    assert index().moved == 1
    assert moment_ids(store, media / "a.png") == before


def test_a_file_moved_over_another(media: Path, store: Store, index: Index) -> None:
    first, second = pictures(media, 2)
    index()
    before = moment_ids(store, first)
    first.rename(second)
    report = index()
    assert (report.moved, report.removed, report.changed) == (1, 1, 0)
    assert names(store) == [second.name] and moment_ids(store, second) == before


def rename_all(media: Path, names: dict[str, str]) -> None:
    """Rename pictures all at once, so that they may trade their names."""
    for old in names:
        (media / f"{old}.png").rename(media / f"{old}.old")
    for old, new in names.items():
        (media / f"{old}.old").rename(media / f"{new}.png")


@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize(
    "names",
    [
        {"000": "001", "001": "000"},
        {"000": "001", "001": "002", "002": "000"},
        {"000": "001", "001": "002", "002": "003", "003": "new"},
        {"003": "new", "002": "003", "001": "002"},
        {"000": "001", "001": "000", "002": "003", "003": "002"},
    ],
    ids=["swap", "cycle", "chain", "shift", "two swaps"],
)
def test_files_that_trade_names_keep_their_moments(
    media: Path, store: Store, index: Index, names: dict[str, str], touched: bool
) -> None:
    before = {}
    for path in pictures(media, 4):
        os.utime(path, ns=(0, int(path.stem) + 1))
    index()
    for path in media.iterdir():
        before[path.stem] = moment_ids(store, path)
    vector = vectors(store, "fake")
    rename_all(media, names)
    for new in names.values() if touched else ():
        os.utime(media / f"{new}.png")
    dry = index(dry_run=True)
    report = index(towers=Towers(Broken(), FakeSounds()))
    assert (report.moved, report.unchanged) == (len(names), 4 - len(names))
    assert (report.added, report.changed, report.removed, report.moments) == (0, 0, 0, 0)
    assert (dry.moved, dry.unchanged, dry.removed) == (report.moved, report.unchanged, 0)
    for old, ids in before.items():
        assert moment_ids(store, media / f"{names.get(old, old)}.png") == ids
    assert vectors(store, "fake").keys() == vector.keys()
    assert index().unchanged == 4


def test_a_file_that_gave_its_name_away_may_be_new_or_bad_or_no_media(
    media: Path, store: Store, index: Index
) -> None:
    paths = [*pictures(media, 2), make.picture(media / "thing", "blue"), media / "gone.png"]
    make.picture(paths[3], "white")
    index()
    before = {path: moment_ids(store, path) for path in paths}
    for path in paths[:3]:
        path.rename(path.with_suffix(".moved.png"))
    make.picture(paths[0], "black", (40, 40))
    paths[1].write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    paths[2].write_text("no media")
    paths[3].unlink()
    report = index()
    assert (report.moved, report.added, report.failed) == (3, 1, 1)
    assert (report.skipped, report.removed, report.changed) == (1, 1, 0)
    for path in paths[:3]:
        assert moment_ids(store, path.with_suffix(".moved.png")) == before[path]
    assert set(moment_ids(store, paths[0])).isdisjoint(before[paths[0]])
    assert store.get(paths[1]) is None and store.get(paths[2]) is None


def test_a_trade_over_another_file_forgets_what_was_there(
    media: Path, store: Store, index: Index
) -> None:
    first, second, third = pictures(media, 3)
    index()
    before = moment_ids(store, first)
    first.rename(second)
    make.picture(first, "black", (40, 40))
    report = index()
    assert (report.moved, report.removed, report.added, report.changed) == (1, 1, 1, 0)
    assert moment_ids(store, second) == before
    assert names(store) == [first.name, second.name, third.name]


def test_an_asset_that_was_traded_is_not_handed_out_again(
    media: Path, store: Store, index: Index
) -> None:
    path = make.picture(media / "a.png")
    index()
    content = path.read_bytes()
    make.picture(path, "black", (40, 40))
    for name in ("b.png", "c.png"):
        (media / name).write_bytes(content)
    told = Told(lambda: path.unlink(missing_ok=True))  # as soon as the trade is known
    assert index(progress=told).moved == 1
    assert names(store) == ["b.png", "c.png"]


def test_a_touched_file_is_not_encoded_again(media: Path, store: Store, index: Index) -> None:
    (path,) = pictures(media, 1)
    index()
    before = moment_ids(store, path)
    os.utime(path, (1, 1))
    assert index(towers=Towers(Broken(), FakeSounds())).unchanged == 1
    known = store.get(path)
    assert known is not None and known.mtime_ns == 10**9
    assert moment_ids(store, path) == before


def test_a_changed_file_is_replaced(media: Path, store: Store, index: Index) -> None:
    path = make.picture(media / "a.png", "red")
    index()
    before = moment_ids(store, path)
    make.picture(path, "blue", size=(50, 50))
    assert index().changed == 1
    assert set(moment_ids(store, path)).isdisjoint(before)
    (record,) = [r for a in store.assets() for r in store.moments_of(a.asset_id)]
    assert record.moment.tags[0].word == "blue"


def test_a_deleted_file_is_removed(media: Path, store: Store, index: Index) -> None:
    path = pictures(media, 3)[0]
    index()
    path.unlink()
    assert index().removed == 1
    assert names(store) == ["001.png", "002.png"]
    assert len(vectors(store, "fake")) == 2


def test_a_file_that_is_no_media_any_more_is_removed(
    media: Path, store: Store, index: Index
) -> None:
    path = make.picture(media / "thing")
    index()
    path.write_text("now words")
    report = index()
    assert (report.skipped, report.removed, names(store)) == (1, 1, [])


def test_only_what_was_scanned_is_missed(media: Path, store: Store, index: Index) -> None:
    one, two = make.picture(media / "one" / "a.png"), make.picture(media / "two" / "b.png")
    index()
    one.unlink()
    assert index(two.parent).removed == 0
    assert index(one.parent, vanished="forget").removed == 1


def test_a_pending_asset_is_indexed_again(
    media: Path, settings: Settings, tmp_path: Path, index: Index, store: Store
) -> None:
    pictures(media, 3)
    index()
    store.close()
    for segment in (tmp_path / "library" / "segments").iterdir():
        segment.unlink()
    with Store.open(tmp_path / "library", forget_lost=True) as mended:
        assert {asset.state for asset in mended.assets()} == {"pending"}
        assert run(mended, fake_towers(), [media], settings).changed == 3
        assert len(vectors(mended, "fake")) == 3
        assert run(mended, fake_towers(), [media], settings).unchanged == 3


# --- without writing ----------------------------------------------------------


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(
    media: Path, tmp_path: Path, store: Store, index: Index
) -> None:
    paths = pictures(media, 6)
    index()
    paths[0].unlink()
    paths[1].rename(media / "renamed.png")
    os.utime(paths[2], (1, 1))
    make.picture(paths[3], "white", (50, 50))
    make.picture(media / "new.png")
    (media / "empty.png").touch()
    store.close()
    before = _content(tmp_path / "library")
    dry = index(dry_run=True)
    store.close()
    assert _content(tmp_path / "library") == before
    wet = index()
    same = {"seconds": 0.0, "moments": 0, "dry_run": True}
    assert replace(dry, **same) == replace(wet, **same)  # type: ignore[arg-type]
    assert (dry.added, dry.changed, dry.moved, dry.removed, dry.unchanged) == (1, 1, 1, 1, 3)


def _content(folder: Path) -> dict[str, bytes]:
    """What counts: the journal comes and goes with every reader."""
    files = (p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".sqlite-wal",))
    return {p.name: p.read_bytes() for p in files if not p.name.endswith(("-wal", "-shm"))}


def test_a_dry_run_needs_no_library(media: Path, tmp_path: Path, settings: Settings) -> None:
    pictures(media, 3)
    before = sorted(tmp_path.rglob("*"))
    report = run(None, fake_towers(), [media], settings, dry_run=True)
    assert (report.added, report.dry_run) == (3, True)
    assert sorted(tmp_path.rglob("*")) == before
