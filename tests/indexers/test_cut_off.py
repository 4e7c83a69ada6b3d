"""Runs that are cut off, and what they hold while they run."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.common.progress import CancelToken, cancellable
from engine.config import Settings
from engine.encoders.protocols import Pixels
from engine.encoders.towers import Towers
from engine.errors import Cancelled, EncoderUnavailable, LibraryBusy, PathNotFound
from engine.store import Store, failpoints
from engine.testing.fake_encoder import COLOURS, FakeEncoder, FakeSounds, fake_towers
from engine.types import IndexReport
from indexers import bounded_queue, commit, event_loop, readers
from indexers.file_job import FileJob
from indexers.pipeline import run
from tests import media_files as make
from tests.indexers.runs import (
    Broken,
    Told,
    names,
    pictures,
    vectors,
)

pytestmark = pytest.mark.slow

Index = Callable[..., IndexReport]


def test_an_error_of_the_encoder_ends_the_run_and_keeps_what_is_done(
    media: Path, store: Store, settings: Settings
) -> None:
    pictures(media, 30)
    with pytest.raises(EncoderUnavailable, match="the tower fell"):
        run(store, Towers(Broken(after=3), FakeSounds()), [media], settings)
    # Three batches of four; of the last ones a thread may not have said that they are whole.
    kept = len(names(store))
    assert 12 - settings.threads <= kept <= 12
    with store.writer():
        pass  # the lock is free
    report = run(store, fake_towers(), [media], settings)
    assert (report.unchanged, report.added) == (kept, 30 - kept)


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
    media: Path,
    store: Store,
    index: Index,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    pictures(media, 12)
    # Who runs the tests in the background of a shell has them ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
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
    monkeypatch.setattr(readers, "Thread", Watched)
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

    class Watched(bounded_queue.BoundedQueue):  # type: ignore[type-arg]
        def put(self, item: object, nbytes: int = 0) -> None:
            super().put(item, nbytes)
            most[0] = max(most[0], self.nbytes)

    monkeypatch.setattr(event_loop, "BoundedQueue", Watched)
    report = run(store, fake_towers(), [media], replace(settings, look_ahead=2000, threads=4))
    assert report.moments == 52
    assert 768 <= most[0] <= 2000  # a picture of the fake tower has 768 bytes


def test_finished_files_are_let_go(media: Path, store: Store, settings: Settings) -> None:
    """However many files: only those of one commit and of the open batches are held."""
    pictures(media, 60)
    live: list[int] = []

    def count() -> None:
        live.append(sum(1 for thing in gc.get_objects() if _holds_vectors(thing)))

    gc.collect()
    gc.freeze()  # what other tests have left is not looked through 60 times
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(commit, "COMMIT_ASSETS", 8)
            few = replace(settings, look_ahead=2000)
            run(store, fake_towers(), [media], few, progress=Told(count))
    finally:
        gc.unfreeze()
    assert len(live) == 60 and max(live) <= 20


def _holds_vectors(thing: object) -> bool:
    # not isinstance: it asks the object, and some objects warn when they are asked
    return type(thing) is FileJob and bool(thing.slots)


# --- cancelling ---------------------------------------------------------------


def test_a_cancelled_run_commits_what_is_done_and_the_next_goes_on(
    media: Path, store: Store, index: Index
) -> None:
    pictures(media, 40)
    token = CancelToken()
    told = Told(lambda: token.cancel() if len(told.done) == 10 else None)
    with pytest.raises(Cancelled):
        index(progress=cancellable(told, token))
    done = len(names(store))
    assert 10 <= done < 40
    with store.writer():
        pass  # the lock is free
    report = index()
    assert (report.unchanged, report.added) == (done, 40 - done)
    assert len(vectors(store, "fake")) == 40


def test_a_run_that_waits_for_a_decoder_is_cancelled(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(media, 6)
    token, release = CancelToken(), threading.Event()
    prepare = FakeEncoder.prepare_image

    def waits(self: FakeEncoder, picture: object) -> Pixels:
        token.cancel()
        release.wait(60)
        return prepare(self, picture)  # type: ignore[arg-type]

    class Releases(Told):
        def advance(self, items: int = 1, *, moments: int = 0) -> None:
            release.set()  # called while no file ends

    monkeypatch.setattr(FakeEncoder, "prepare_image", waits)
    with pytest.raises(Cancelled):
        index(progress=cancellable(Releases(), token))
    assert len(names(store)) < 6
    index()
    assert len(names(store)) == 6


def test_a_scan_is_cancelled_and_writes_nothing(media: Path, store: Store, index: Index) -> None:
    pictures(media, 3)
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        index(progress=cancellable(Told(), token))
    assert names(store) == [] and not store.spaces()
