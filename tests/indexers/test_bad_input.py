"""Bad files cost a line each, shift nobody, and can be tried again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine.config import Settings
from engine.encoders.protocols import Pixels
from engine.media.image import ImageFrame
from engine.store import Store
from engine.testing.fake_encoder import COLOURS, FakeEncoder, fake_towers
from engine.types import IndexReport, Modality
from indexers import audio, file_hash, image
from indexers.pipeline import retry_failures, run
from tests import media_files as make
from tests.indexers.runs import (
    Told,
    assert_aligned,
    names,
    pictures,
    reasons,
    vectors,
)

Index = Callable[..., IndexReport]


def _bad_files(media: Path) -> dict[str, str]:
    """One of every kind, and what its line has to say."""
    (media / "empty.jpg").touch()
    (media / "random.png").write_bytes(np.random.default_rng(0).bytes(4096))
    (media / "text.jpg").write_text("I am no picture")
    make.truncated(media / "short.png", make.picture(media / "red.png", "red", (64, 64)))
    make.truncated(media / "short.mp4", make.video(media / "blue.mp4", ["blue"]))
    make.huge_png(media / "huge.png")
    make.sound(media / "nothing.wav")
    return {
        "empty.jpg": "no bytes",
        "random.png": "",
        "text.jpg": "",
        "short.png": "truncated",
        "short.mp4": "",
        "huge.png": "SENSORIUM_MAX_PIXELS",
        "nothing.wav": "no samples",
    }


def test_each_bad_file_costs_one_line_and_nothing_else(
    media: Path, store: Store, index: Index
) -> None:
    expected = _bad_files(media)
    for colour in COLOURS:
        make.picture(media / f"{colour}.png", colour)
    told = Told()
    report = index(progress=told)
    assert reasons(report).keys() == expected.keys()
    for name, words in expected.items():
        assert words in reasons(report)[name]
    assert all("\n" not in reason for reason in reasons(report).values())
    assert (report.failed, report.added, report.found) == (7, 7, 14)
    assert sorted(store.failures(), key=str) == sorted(report.failures, key=str)
    assert len(told.done) == report.found
    assert names(store) == sorted([*(f"{c}.png" for c in COLOURS), "blue.mp4"])
    assert_aligned(store)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_files_that_fail_in_the_middle_shift_nobody(
    media: Path,
    store: Store,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    batch_size: int,
) -> None:
    read = image.read_frames

    def breaks_off(path: Path, *limits: object) -> Iterator[ImageFrame]:
        for frame in read(path, *limits):  # type: ignore[arg-type]
            yield frame
            if path.parent.name.startswith("bad"):
                raise ZeroDivisionError("in the middle")

    monkeypatch.setattr(image, "read_frames", breaks_off)
    for number in range(8):
        for colour in COLOURS:
            folder = media / f"{'bad' if number % 3 else 'good'}{number}"
            make.picture(folder / f"{number}-{colour}.png", colour)  # no two have the same bytes
    report = run(store, fake_towers(), [media], replace(settings, batch_size=batch_size))
    assert (report.added, report.failed) == (18, 30)
    assert set(reasons(report).values()) == {"ZeroDivisionError: in the middle"}
    assert_aligned(store)


def test_a_file_that_vanishes_after_the_scan(media: Path, store: Store, settings: Settings) -> None:
    paths = pictures(media, 6)

    class Thief(Told):
        def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
            if task == "indexing":
                paths[2].unlink()

    report = run(store, fake_towers(), [media], settings, progress=Thief())
    assert (report.added, reasons(report)) == (5, {"002.png": "vanished before it was read"})
    assert run(store, fake_towers(), [media], settings).failed == 0
    assert store.failures() == []


def test_a_file_that_vanishes_or_changes_while_it_is_decoded(
    media: Path, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = pictures(media, 3)
    prepare = FakeEncoder.prepare_image
    turns = iter((paths[0].unlink, lambda: paths[1].write_bytes(b"other bytes"), lambda: None))

    def meddle(self: FakeEncoder, picture: object) -> Pixels:
        next(turns)()
        return prepare(self, picture)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeEncoder, "prepare_image", meddle)
    report = run(store, fake_towers(), [media], replace(settings, threads=1))
    assert reasons(report) == {
        "000.png": "vanished before it was read",
        "001.png": "changes while it is read",
    }
    assert names(store) == ["002.png"]


def test_an_unreadable_file_is_tried_again_without_being_asked(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = pictures(media, 3)[1]
    digest = file_hash._digest

    def denied(path: Path) -> str:
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return digest(path)

    monkeypatch.setattr(file_hash, "_digest", denied)
    report = index()
    assert reasons(report) == {locked.name: "cannot be read: permission denied"}
    assert report.added == 2
    monkeypatch.undo()  # as chmod would: neither size nor date change
    assert (index().added, store.failures()) == (1, [])


def test_a_changed_file_that_fails_leaves_no_old_vectors(
    media: Path, store: Store, index: Index
) -> None:
    path = pictures(media, 2)[0]
    index()
    path.write_bytes(path.read_bytes()[:40])
    report = index()
    assert (report.failed, report.changed) == (1, 0)
    assert names(store) == ["001.png"] and len(vectors(store, "fake")) == 1
    (failure,) = store.failures()
    assert (failure.path, failure.code, failure.retryable) == (str(path), "corrupt_media", False)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("std::bad_alloc")])
def test_a_file_for_which_memory_was_lacking_keeps_what_it_had_and_is_tried_again(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = pictures(media, 2)[0]
    index()
    make.picture(path, "white")

    def lacking(*_: object) -> Pixels:
        raise error

    monkeypatch.setattr(FakeEncoder, "prepare_image", lacking)
    assert reasons(index()) == {"000.png": "there was not enough memory for it"}
    assert names(store) == ["000.png", "001.png"]
    monkeypatch.undo()
    assert (index().changed, store.failures()) == (1, [])


def test_a_mended_file_loses_its_failure(media: Path, store: Store, index: Index) -> None:
    path = media / "a.png"
    path.write_text("not yet")
    index()
    make.picture(path)
    assert index().added == 1 and store.failures() == []


def test_part_of_a_video_is_kept_with_a_failure(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterator[object]:
        raise MemoryError
        yield

    make.video(media / "a.mp4", ["red", "blue"], hertz=440)
    monkeypatch.setattr(audio, "read_windows", broken)
    report = index()
    assert (report.added, report.failed) == (1, 0)
    assert reasons(report) == {"a.mp4": "sound: there was not enough memory for it"}
    assert [f.reason for f in store.failures()] == ["sound: there was not enough memory for it"]
    assert index().unchanged == 1
    monkeypatch.undo()
    assert index(retry=True).changed == 1 and store.failures() == []
    assert Modality.SOUND in store.stats().moments


# --- retrying -----------------------------------------------------------------


def test_failures_are_retried_or_forgotten(media: Path, store: Store, settings: Settings) -> None:
    good, still, gone = (media / name for name in ("good.png", "still.png", "gone.png"))
    for path in (good, still, gone):
        path.write_text("not yet")
    run(store, fake_towers(), [media], settings)
    stat = good.stat()
    make.picture(good)
    os.utime(good, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    gone.unlink()
    report = retry_failures(store, fake_towers(), settings)
    assert (report.found, report.added, report.failed) == (2, 1, 1)
    assert [Path(f.path).name for f in store.failures()] == ["still.png"]
    assert retry_failures(store, fake_towers(), settings).failed == 1


def test_failures_of_one_reason_are_retried_alone(
    media: Path, store: Store, settings: Settings
) -> None:
    words, cut = media / "words.png", media / "cut.png"
    words.write_text("not yet")
    make.picture(cut)
    cut.write_bytes(cut.read_bytes()[:60])
    run(store, fake_towers(), [media], settings)
    for path in (words, cut):
        make.picture(path)
    report = retry_failures(
        store, fake_towers(), settings, only=lambda failure: failure.code == "corrupt_media"
    )
    assert (report.found, report.added) == (1, 1)
    assert [Path(f.path).name for f in store.failures()] == ["words.png"]


def test_nothing_to_retry(store: Store, settings: Settings) -> None:
    assert retry_failures(store, fake_towers(), settings).found == 0


@pytest.mark.parametrize("year", [1601, 1677, 2263, 2300])
def test_a_time_on_disk_that_no_database_holds_costs_no_file(
    media: Path, store: Store, settings: Settings, year: int
) -> None:
    """The kind: facts of one file that cannot be stored, beside files that can."""
    seconds = (datetime(year, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    odd = make.picture(media / "odd.png", "red")
    make.picture(media / "good.png", "blue")
    try:
        os.utime(odd, (seconds, seconds))
    except (OverflowError, OSError):
        pytest.skip("this system has no such times")
    report = run(store, fake_towers(), [media], settings)
    assert (report.added, report.failed) == (2, 0)
    report = run(store, fake_towers(), [media], settings)
    assert (report.added, report.changed, report.unchanged) == (0, 0, 2)
