"""A second space is filled from the originals, and every vector belongs to its moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.config import Settings
from engine.encoders.multi import combine
from engine.encoders.protocols import Embedded, Pixels
from engine.encoders.towers import Towers
from engine.errors import Cancelled, EncoderUnavailable, LibraryBusy, SpaceMismatch
from engine.store import Store
from engine.store.verify import verify
from engine.testing.fake_encoder import FakeSounds, OtherFake, fake_towers, other_towers
from engine.types import IndexReport, Kind, Modality, Moment, MomentRecord
from indexers import backfill as filling
from indexers import redecode
from indexers.backfill import BackfillReport, fill
from indexers.pipeline import run
from tests import media_files as make
from tests.indexers.conftest import Index
from tests.indexers.runs import Told, moment_ids, pictures, vectors
from tests.store.forks import forked

pytestmark = pytest.mark.slow

_KILLED = """
import os, signal, sys
from engine.config import Settings
from engine.testing.fake_encoder import other_towers
from engine.store import Store
from indexers import backfill
from tests.indexers.runs import Told
backfill.COMMIT_MOMENTS = 4
told = Told(lambda: len(told.done) == 14 and os.kill(os.getpid(), signal.SIGKILL))
with Store.open(sys.argv[1]) as store:
    backfill.fill(store, other_towers("fake2"), Settings(threads=2, batch_size=4), progress=told)
"""


@pytest.fixture
def collection(media: Path) -> Path:
    """A file of every kind."""
    pictures(media, 7)
    make.animation(media / "a.gif", ["red", "green", "blue"])
    make.sound(media / "tones.wav", (200, 10.0), (3000, 10.0), (0, 10.0), (200, 10.0))
    make.video(media / "film.mp4", ["red", "blue", "green"], 2.0, hertz=3000)
    return media


def same_as_at_once(store: Store, tmp_path: Path, media: Path, settings: Settings) -> None:
    """The filled space holds what a library has that was made with that encoder alone."""
    with Store.create(tmp_path / "at-once", "fake2") as alone:
        run(alone, replace(other_towers("fake2"), speech=SPEECH.speech), [media], settings)
        expected = {key(alone, i): row for i, row in vectors(alone, "fake2").items()}
    found = {key(store, i): row for i, row in vectors(store, "fake2").items()}
    assert found.keys() == expected.keys()
    for which, row in found.items():
        np.testing.assert_allclose(row, expected[which], atol=1e-3)


SPEECH = fake_towers("good morning")


def key(store: Store, moment_id: int) -> tuple[object, ...]:
    record = store.records([moment_id])[moment_id]
    moment = record.moment
    return record.path, moment.modality, moment.start, moment.end, moment.ordinal, moment.text


def filled(
    store: Store, settings: Settings, name: str = "fake2", **options: object
) -> BackfillReport:
    return fill(store, other_towers(name), settings, **options)  # type: ignore[arg-type]


def reasons(done: BackfillReport) -> dict[str, str]:
    return {Path(failure.path).name: failure.reason for failure in done.failures}


def test_every_moment_gets_the_vector_that_it_would_have_got(
    collection: Path, store: Store, index: Index, settings: Settings, tmp_path: Path
) -> None:
    index(towers=SPEECH)
    told = Told()
    done = filled(store, settings, progress=told)
    count = len(store.moment_ids())
    assert (done.space, done.ready, done.moments, done.failures) == ("fake2", True, count, ())
    assert done.files == told.total == 10
    assert store.space_infos()["fake2"].ready
    assert verify(store, deep=True).problems == ()
    same_as_at_once(store, tmp_path, collection, settings)


def test_what_is_written_down_needs_no_file(
    collection: Path, store: Store, index: Index, settings: Settings
) -> None:
    index(towers=SPEECH)
    (collection / "tones.wav").unlink()
    filled(store, settings)
    said = store.moment_ids(modalities=("speech",))
    assert set(said.tolist()) <= set(vectors(store, "fake2"))
    assert len(said) == 2


def test_a_space_of_sound_holds_sound(
    collection: Path,
    store: Store,
    index: Index,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index(towers=SPEECH)
    monkeypatch.setattr(redecode, "keyframes", None)  # and no picture is decoded for it
    monkeypatch.setattr(redecode, "decode_image", None)
    filled(store, settings, "fake-hearing")
    heard = store.moment_ids(modalities=("sound",)).tolist()
    assert sorted(vectors(store, "fake-hearing")) == heard
    assert sorted(vectors(store, "fake-hearing-sounds")) == heard
    role = store.space_infos()["fake-hearing"].role
    assert role is not None and role.modalities == {Modality.SOUND}


def test_a_run_that_was_killed_goes_on(
    media: Path, store: Store, index: Index, settings: Settings, tmp_path: Path
) -> None:
    pictures(media, 30)
    index()
    assert forked(_KILLED, str(store.path)) == -signal.SIGKILL
    with Store.open(store.path) as reopened:
        held = reopened.stored_ids("fake2").tolist()
        assert 4 <= len(held) < 30
        assert not reopened.space_infos()["fake2"].ready
        assert verify(reopened, deep=True).problems == ()
        told = Told()
        done = filled(reopened, settings, progress=told)
        assert (told.total, done.moments) == (30 - len(held), 30 - len(held))
        assert verify(reopened, deep=True).problems == ()
        same_as_at_once(reopened, tmp_path, media, settings)


def test_vectors_are_committed_a_few_at_a_time_by_ascending_moment(
    media: Path, store: Store, index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(media, 40)
    index()
    monkeypatch.setattr(filling, "COMMIT_MOMENTS", 8)
    fill(store, other_towers("fake2"), replace(settings, threads=1))
    parts = [store.read_segment(info)[0] for info in store.segments("fake2")]
    assert len(parts) == 5
    assert np.concatenate(parts).tolist() == store.moment_ids().tolist()


def test_files_that_are_gone_or_have_changed_are_passed_over(
    media: Path, store: Store, index: Index, settings: Settings
) -> None:
    files = pictures(media, 5)
    index()
    files[0].unlink()
    make.picture(files[1], "white", (50, 50))
    os.utime(files[2])  # the same content under another date
    files[3].write_bytes(b"\0" * files[3].stat().st_size)
    done = filled(store, settings)
    assert reasons(done) == {
        "000.png": "is gone; the next index forgets it",
        "001.png": "has changed; the next index takes it in anew",
        "003.png": "has changed; the next index takes it in anew",
    }
    assert (done.ready, done.moments) == (True, 2)
    towers = combine([fake_towers(), other_towers("fake2")])
    report = run(store, towers, [media], settings)
    assert (report.changed, report.removed, report.failed) == (1, 1, 1)
    assert sorted(vectors(store, "fake2")) == store.moment_ids().tolist()
    assert verify(store, deep=True).problems == ()


def test_a_file_that_changes_while_it_is_read_leaves_nothing(
    media: Path, store: Store, index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = pictures(media, 1)
    index()
    prepare = OtherFake.prepare_image

    def touched(self: OtherFake, image: object) -> Pixels:
        make.picture(file, "white", (50, 50))
        return prepare(self, image)  # type: ignore[arg-type]

    monkeypatch.setattr(OtherFake, "prepare_image", touched)
    done = filled(store, settings)
    assert reasons(done) == {"000.png": "changes while it is read"}
    assert vectors(store, "fake2") == {}


def test_moments_that_are_not_found_again_are_noted(
    media: Path, store: Store, index: Index, settings: Settings
) -> None:
    """Windows of ten seconds were heard; now those of one have to do."""
    make.sound(media / "long.wav", (200, 25.0))
    make.animation(media / "a.gif", ["red", "green", "blue"])
    index()
    changed = replace(settings, window_seconds=4.0, max_frames=1)
    done = fill(store, other_towers("fake2"), changed)
    assert reasons(done) == {"a.gif": "2 of 3 moments are not found in it again"}
    sounds = store.moment_ids(modalities=("sound",)).tolist()
    assert set(sounds) <= set(vectors(store, "fake2")), "a window that lies in the middle serves"


def test_a_piece_is_of_the_moments_whose_middle_lies_in_it() -> None:
    def shot(start: float, end: float) -> Moment:
        return Moment(Modality.KEYFRAME, start, end)

    spans = ((0.0, 2.0), (2.0, 4.0), (4.0, 9.0), (9.0, 9.5), (9.5, 12.0))
    left = redecode._UnmatchedMoments(
        [MomentRecord(i, 1, "/a", Kind.VIDEO, shot(*span)) for i, span in enumerate(spans, 1)]
    )
    assert left.match(Moment(Modality.SOUND, 0.0, 10.0)) == []
    assert left.match(shot(0.0, 2.0)) == [1]
    assert left.match(shot(4.1, 9.0)) == [3], "the second has been passed, and is in no piece"
    assert left.match(shot(9.0, 12.0)) == [4, 5]
    assert left.count() == 1


def test_a_space_is_not_ready_while_another_run_adds_to_what_it_lacks(
    media: Path, store: Store, index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last look without the lock and the one with it."""
    pictures(media, 3)
    index()
    writer, late = store.writer, media / "late.png"

    def writes(wait: bool = False):
        full = "fake2" in store.spaces() and len(store.stored_ids("fake2")) == 3
        if full and not late.exists():
            make.picture(late, "white")
            with Store.open(store.path) as other:
                run(other, fake_towers(), [media], settings)
        return writer(wait)

    monkeypatch.setattr(store, "writer", writes)
    assert filled(store, settings).moments == 4
    assert store.stored_ids("fake2").tolist() == store.moment_ids().tolist()


def test_a_space_that_is_full_is_left_as_it_is(
    media: Path, store: Store, index: Index, settings: Settings
) -> None:
    pictures(media, 3)
    index()
    filled(store, settings)
    generation = store.generation()
    assert filled(store, settings).moments == 0
    assert store.generation() == generation


def test_files_that_are_indexed_meanwhile_are_filled_too(
    media: Path, store: Store, index: Index, settings: Settings
) -> None:
    pictures(media, 12)
    index()
    reports: list[IndexReport] = []

    def meanwhile() -> None:
        if not reports:
            make.picture(media / "late.png", "white")
            reports.append(index())

    done = filled(store, settings, progress=Told(meanwhile))
    assert reports[0].added == 1
    assert done.moments == 13
    (late,) = moment_ids(store, media / "late.png")
    assert late in vectors(store, "fake2")


def test_a_space_that_is_dropped_meanwhile_is_not_written_to(
    media: Path, store: Store, index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(media, 12)
    index()
    monkeypatch.setattr(filling, "COMMIT_MOMENTS", 4)

    def drop() -> None:
        if "fake2" in store.spaces():
            with Store.open(store.path) as other, other.writer() as writer:
                writer.drop_space("fake2")

    with pytest.raises(SpaceMismatch, match="'fake2', which is no more"):
        filled(store, settings, progress=Told(drop))
    assert set(store.spaces()) == {"fake", "fake-looks", "fake-sounds"}
    assert verify(store, deep=True).problems == ()


class _Falls(OtherFake):
    """Fails after so many batches."""

    left = 3

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        self.left -= 1
        if self.left < 0:
            raise EncoderUnavailable("the tower fell")
        return super().embed_images(pixels)


@pytest.mark.parametrize("error", [EncoderUnavailable, KeyboardInterrupt, Cancelled])
def test_a_run_that_is_cut_off_keeps_what_it_has(
    media: Path, store: Store, index: Index, settings: Settings, error: type[BaseException]
) -> None:
    pictures(media, 30)
    index()

    def interrupt() -> None:
        if error is not EncoderUnavailable and len(told.done) == 9:
            raise error

    told = Told(interrupt)
    towers = Towers(_Falls() if error is EncoderUnavailable else OtherFake(), FakeSounds())
    with pytest.raises(error):
        fill(store, towers, settings, progress=told)
    kept = len(vectors(store, "fake2"))
    assert 6 <= kept <= 12
    assert filled(store, settings).moments == 30 - kept


def test_another_writer_is_named_before_anything_is_done(
    media: Path, store: Store, index: Index, settings: Settings
) -> None:
    pictures(media, 1)
    index()
    with store.writer(), pytest.raises(LibraryBusy):
        filled(store, settings)
    assert "fake2" not in store.spaces()
