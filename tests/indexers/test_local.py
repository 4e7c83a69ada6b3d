"""Whole runs: what becomes of good, bad and changing files, and of a run that is cut off."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.config import Settings
from engine.encoders.base import Embedded, Pixels
from engine.encoders.fake import COLOURS, FakeEncoder, FakeSounds, fake_towers
from engine.encoders.towers import Towers
from engine.errors import EncoderUnavailable, LibraryBusy, PathNotFound
from engine.media.image import Frame
from engine.store import Store, failpoints
from engine.types import Failure, IndexReport, Modality
from indexers import audio, commit, identify, image, local, lookahead
from indexers.local import retry_failures, run
from tests.indexers import media_files as make
from tests.indexers.conftest import moment_ids, vectors

Index = Callable[..., IndexReport]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


class Told:
    """A ``Progress`` that remembers, and does as it is told when a file is done."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.total = -1
        self.done: list[tuple[str, int]] = []
        self.failures: list[Failure] = []
        self._then = then

    def start(self, total_files: int) -> None:
        self.total = total_files

    def advance(self, path: str, moments: int) -> None:
        self.done.append((Path(path).name, moments))
        self._then()

    def note(self, failure: Failure) -> None:
        self.failures.append(failure)


def pictures(media: Path, count: int) -> list[Path]:
    return [make.picture(media / f"{i:03}.png", [*COLOURS][i % 6]) for i in range(count)]


def names(store: Store) -> list[str]:
    return [Path(asset.path).name for asset in store.assets()]


def reasons(report: IndexReport) -> dict[str, str]:
    return {Path(failure.path).name: failure.reason for failure in report.failures}


def assert_aligned(store: Store) -> None:
    """Every picture has the vector that its own colour has when it is alone."""
    found, encoder = vectors(store, "fake"), FakeEncoder()
    for asset in store.assets():
        for record in store.moments_of(asset.asset_id):
            words = " ".join(tag.word for tag in record.moment.tags)
            alone = encoder.embed_texts([words])[0]
            np.testing.assert_allclose(found[record.moment_id], alone, atol=1e-5)
            assert asset.path.endswith(f"{words}.png") or record.moment.modality != "image"


# --- what a run does ----------------------------------------------------------


def test_everything_finds_its_place(media: Path, store: Store, index: Index) -> None:
    for colour in COLOURS:
        make.picture(media / f"{colour}.png", colour)
    make.video(media / "v.mp4", ["red", "blue"], hertz=440)
    make.sound(media / "s.wav", (3000, 12))
    (media / "notes.txt").write_text("no media")
    told = Told()
    report = index(towers=fake_towers("hello"), progress=told)
    assert (report.found, report.added, report.skipped, report.failed) == (9, 8, 1, 0)
    assert told.total == 9 and len(told.done) == 9 and not told.failures
    assert report.moments == sum(moments for _, moments in told.done)
    stats = store.stats()
    assert stats.moments[Modality.SPEECH] == 2 and stats.moments[Modality.IMAGE] == 6
    assert set(vectors(store, "fake")) >= set(vectors(store, "fake-looks"))


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
    report = index(towers=Towers(_Broken(), FakeSounds()))
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


def test_files_that_swap_places(media: Path, store: Store, index: Index) -> None:
    red = make.picture(media / "red.png", "red")
    blue = make.picture(media / "blue.png", "blue")
    index()
    red.rename(media / "third")
    blue.rename(red)
    (media / "third").rename(blue)
    # A rename keeps the date of the file, and both are as large: touch them.
    os.utime(red)
    os.utime(blue)
    assert index().changed == 2
    tags = {Path(a.path).stem: store.moments_of(a.asset_id) for a in store.assets()}
    assert tags["red"][0].moment.tags[0].word == "blue"
    assert tags["blue"][0].moment.tags[0].word == "red"


def test_a_touched_file_is_not_encoded_again(media: Path, store: Store, index: Index) -> None:
    (path,) = pictures(media, 1)
    index()
    before = moment_ids(store, path)
    os.utime(path, (1, 1))
    assert index(towers=Towers(_Broken(), FakeSounds())).unchanged == 1
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
    assert index(one.parent).removed == 1


def test_a_pending_asset_is_indexed_again(
    media: Path, settings: Settings, tmp_path: Path, index: Index, store: Store
) -> None:
    pictures(media, 3)
    index()
    store.close()
    for segment in (tmp_path / "library" / "segments").iterdir():
        segment.unlink()
    with Store.open(tmp_path / "library") as mended:
        assert {asset.state for asset in mended.assets()} == {"pending"}
        assert run(mended, fake_towers(), [media], settings).changed == 3
        assert len(vectors(mended, "fake")) == 3
        assert run(mended, fake_towers(), [media], settings).unchanged == 3


# --- bad input ----------------------------------------------------------------


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
    assert sorted(told.failures, key=str) == sorted(report.failures, key=str)
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

    def breaks_off(path: Path, *limits: object) -> Iterator[Frame]:
        for frame in read(path, *limits):  # type: ignore[arg-type]
            yield frame
            if path.parent.name.startswith("bad"):
                raise ZeroDivisionError("in the middle")

    monkeypatch.setattr(image, "read_frames", breaks_off)
    for number in range(8):
        for colour in COLOURS:
            make.picture(
                media / f"{'bad' if number % 3 else 'good'}{number}" / f"{colour}.png", colour
            )
    report = run(store, fake_towers(), [media], replace(settings, batch_size=batch_size))
    assert (report.added, report.failed) == (18, 30)
    assert set(reasons(report).values()) == {"ZeroDivisionError: in the middle"}
    assert_aligned(store)


def test_a_file_that_vanishes_after_the_scan(media: Path, store: Store, settings: Settings) -> None:
    paths = pictures(media, 6)

    class Thief(Told):
        def start(self, total_files: int) -> None:
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
    digest = identify._digest

    def denied(path: Path) -> str:
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return digest(path)

    monkeypatch.setattr(identify, "_digest", denied)
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
    assert [f.path for f in store.failures()] == [str(path)]


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
    assert reasons(report) == {"a.mp4": "sound: MemoryError"}
    assert [f.reason for f in store.failures()] == ["sound: MemoryError"]
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


def test_nothing_to_retry(store: Store, settings: Settings) -> None:
    assert retry_failures(store, fake_towers(), settings).found == 0


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


# --- being cut off ------------------------------------------------------------


class _Broken(FakeEncoder):
    """Fails after so many batches."""

    def __init__(self, after: int = 0) -> None:
        self._left = after

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        self._left -= 1
        if self._left < 0:
            raise EncoderUnavailable("the tower fell")
        return super().embed_images(pixels)


def test_an_error_of_the_encoder_ends_the_run_and_keeps_what_is_done(
    media: Path, store: Store, settings: Settings
) -> None:
    pictures(media, 30)
    with pytest.raises(EncoderUnavailable, match="the tower fell"):
        run(store, Towers(_Broken(after=3), FakeSounds()), [media], settings)
    assert len(names(store)) == 12
    with store.writer():
        pass  # the lock is free
    report = run(store, fake_towers(), [media], settings)
    assert (report.unchanged, report.added) == (12, 18)


def test_an_error_of_the_store_ends_the_run_and_keeps_what_was_committed(
    media: Path, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "COMMIT_ASSETS", 4)
    pictures(media, 30)
    told = Told(lambda: told.done[10:] and failpoints._armed.update({"commit.rows": "raise"}))
    try:
        with pytest.raises(failpoints.Injected):
            run(store, fake_towers(), [media], settings, progress=told)
    finally:
        failpoints._armed.clear()
    committed = len(names(store))
    assert 4 <= committed <= 12 and committed == len(vectors(store, "fake"))
    assert run(store, fake_towers(), [media], settings).added == 30 - committed


def test_an_interrupted_run_commits_what_is_done_and_the_next_goes_on(
    media: Path, store: Store, index: Index
) -> None:
    pictures(media, 40)

    def interrupt() -> None:
        if len(told.done) == 10:
            raise KeyboardInterrupt

    told = Told(interrupt)
    with pytest.raises(KeyboardInterrupt):
        index(progress=told)
    done = len(names(store))
    assert 10 <= done < 40
    report = index()
    assert (report.unchanged, report.added) == (done, 40 - done)
    assert len(vectors(store, "fake")) == 40


def test_a_signal_wakes_a_run_that_waits_for_a_decoder(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(media, 12)
    prepare, signalled = FakeEncoder.prepare_image, threading.Event()

    def interrupt(self: FakeEncoder, picture: object) -> Pixels:
        if not signalled.is_set():
            signalled.set()
            os.kill(os.getpid(), signal.SIGINT)
        return prepare(self, picture)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeEncoder, "prepare_image", interrupt)
    with pytest.raises(KeyboardInterrupt):
        index()
    assert len(names(store)) < 12
    index()
    assert len(names(store)) == 12


def test_an_interrupted_run_waits_for_its_threads(
    media: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: set[threading.Thread] = set()

    class Watched(threading.Thread):
        def start(self) -> None:
            alive.add(self)
            super().start()

        def join(self, timeout: float | None = None) -> None:
            super().join(timeout)
            alive.discard(self)

    def interrupt() -> None:
        assert len(alive) == 2
        raise KeyboardInterrupt

    pictures(media, 12)
    monkeypatch.setattr(local, "Thread", Watched)
    with pytest.raises(KeyboardInterrupt):
        index(progress=Told(interrupt))
    assert not alive


def test_a_missing_path_writes_nothing(media: Path, store: Store, index: Index) -> None:
    pictures(media, 2)
    generation = store.generation()
    with pytest.raises(PathNotFound):
        index(media, media / "nowhere")
    assert store.generation() == generation and not store.spaces()


def test_a_second_writer_is_told(media: Path, store: Store, index: Index) -> None:
    pictures(media, 1)
    with store.writer(), pytest.raises(LibraryBusy):
        index()
    assert index(dry_run=True).added == 1


# --- memory -------------------------------------------------------------------


def test_what_waits_stays_within_the_look_ahead(
    media: Path, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.animation(media / "a.gif", [*COLOURS, *COLOURS])
    pictures(media, 40)
    most = [0]

    class Watched(lookahead.LookAhead):  # type: ignore[type-arg]
        def put(self, item: object, nbytes: int = 0) -> None:
            super().put(item, nbytes)
            most[0] = max(most[0], self.held)

    monkeypatch.setattr(local, "LookAhead", Watched)
    report = run(store, fake_towers(), [media], replace(settings, look_ahead=2000, threads=4))
    assert report.moments == 52
    assert 768 <= most[0] <= 2000  # a picture of the fake tower has 768 bytes


def test_finished_files_are_let_go(media: Path, store: Store, settings: Settings) -> None:
    """However many files: only those of one commit and of the open batches are held."""
    pictures(media, 60)
    live: list[int] = []

    def count() -> None:
        live.append(sum(1 for thing in gc.get_objects() if _holds_vectors(thing)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commit, "COMMIT_ASSETS", 8)
        few = replace(settings, look_ahead=2000)
        run(store, fake_towers(), [media], few, progress=Told(count))
    assert len(live) == 60 and max(live) <= 20


def _holds_vectors(thing: object) -> bool:
    return isinstance(thing, local._Job) and bool(thing.slots)
