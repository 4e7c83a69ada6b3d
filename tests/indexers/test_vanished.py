"""What vanishes in bulk is missing, not gone.

The kind: a folder whose disk is not there looks like one whose files were deleted. So no run
gives up many files at once without a word from whoever runs it, and nothing is computed twice.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.config import Settings
from engine.encoders.protocols import Embedded, Pixels
from engine.errors import FilesVanished
from engine.store import Store
from engine.store.verify import verify
from engine.testing.fake_encoder import FakeEncoder, fake_towers
from indexers import file_hash
from indexers.pipeline import run
from tests.indexers.runs import Told, vectors

pytestmark = pytest.mark.slow


class Counting(FakeEncoder):
    """Counts the pictures that it embeds."""

    embedded = 0

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        Counting.embedded += len(pixels)
        return super().embed_images(pixels)


def distinct(folder: Path, count: int) -> list[Path]:
    """Make pictures of which no two are the same."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for i in range(count):
        pixels = np.zeros((12, 12, 3), np.uint8)
        pixels[..., 0], pixels[..., 1], pixels[..., 2] = i % 256, i // 256, hash(folder.name) % 256
        pixels[:2, :2] = 255
        path = folder / f"{i:04}.png"
        Image.fromarray(pixels).save(path)
        made.append(path)
    return made


@pytest.fixture
def counted(index: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Run ``index`` with an encoder that counts."""
    Counting.embedded = 0
    towers = replace(fake_towers(), encoder=Counting())
    return lambda *paths, **options: index(*paths, towers=towers, **options)


def living(store: Store) -> dict[str, list[np.ndarray]]:
    """The vectors of every file, by its path."""
    found = vectors(store, "fake")
    return {
        asset.path: [found[record.moment_id] for record in store.moments_of(asset.asset_id)]
        for asset in store.assets()
    }


def test_files_of_a_folder_that_cannot_be_read_are_not_gone(
    store: Store, media: Path, counted: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kind: a server that does not answer, or a disk that fails, is no deletion."""
    distinct(media / "share", 4)
    distinct(media / "here", 4)
    counted()
    (media / "share").rename(media.with_name("away"))
    (media / "share").mkdir()
    listing = os.scandir

    def failing(path: str) -> object:
        if str(path).endswith("share"):
            raise OSError(errno.EIO, "Input/output error", path)
        return listing(path)

    monkeypatch.setattr(os, "scandir", failing)
    report = counted()
    assert (report.failed, report.removed, report.missing, report.unchanged) == (1, 0, 0, 4)
    assert [(f.path, f.reason) for f in report.failures] == [
        (str(media / "share"), "folder cannot be read: input/output error")
    ]
    assert len(living(store)) == 8


def test_300_files_that_vanish_and_come_back(store, media, counted):
    distinct(media, 300)
    assert counted().added == 300
    before, embedded = living(store), Counting.embedded
    tagged = store.get(str(media / "0007.png")).asset_id
    with store.writer() as writer:
        writer.curation.import_tags({str(media / "0007.png"): ["keep"]})
    away = media.rename(media.with_name("away"))
    media.mkdir()
    with pytest.raises(FilesVanished, match=r"300 of the 300 files below .*vanished='forget'"):
        counted()
    assert living(store).keys() == before.keys()
    report = counted(vanished="keep")
    assert (report.missing, report.removed, report.found) == (300, 0, 0)
    assert (list(store.assets()), len(store.moment_ids())) == ([], 0)
    assert (store.stats().missing, store.stats().tombstones) == (300, 0)
    with store.writer() as writer:
        writer.compact(lambda ids: np.zeros(len(ids), bool))
    assert verify(store, deep=True).problems == ()
    media.rmdir()
    away.rename(media)
    report = counted()
    assert (report.returned, report.added, report.found) == (300, 0, 300)
    assert Counting.embedded == embedded, "no vector is computed twice"
    after = living(store)
    assert after.keys() == before.keys()
    for path, rows in before.items():
        np.testing.assert_array_equal(after[path], rows)
    assert store.get(str(media / "0007.png")).asset_id == tagged
    assert store.tags([tagged]) == {tagged: ("keep",)}
    assert store.stats().missing == 0
    assert len(store.words('"keep"')) == 1
    assert verify(store, deep=True).problems == ()
    assert counted().unchanged == 300
    with store.writer() as writer:
        writer.compact(lambda ids: np.zeros(len(ids), bool))
    assert verify(store, deep=True).problems == ()


def test_files_come_back_at_another_place_and_with_other_dates(store, media, counted):
    for path in distinct(media, 20):
        path.touch()
    counted()
    embedded = Counting.embedded
    away = media.rename(media.with_name("elsewhere"))
    media.mkdir()
    counted(vanished="keep")
    for path in away.iterdir():
        path.touch()
    report = counted(away)
    assert (report.returned, report.added) == (20, 0)
    assert Counting.embedded == embedded
    assert {Path(asset.path).parent for asset in store.assets()} == {away}
    assert store.stats().missing == 0


@pytest.mark.parametrize(("left", "refused"), [(4, True), (5, False)])
def test_more_than_half_of_a_folder_is_a_question(store, media, counted, left, refused):
    files = distinct(media, 10)
    counted()
    for path in files[left:]:
        path.unlink()
    if refused:
        with pytest.raises(FilesVanished, match="6 of the 10 files") as caught:
            counted()
        assert caught.value.exit_code == 2
        assert len(list(store.assets())) == 10
        assert counted(vanished="forget").removed == 6
        assert store.stats().missing == 0
    else:
        assert (counted().removed, store.stats().missing) == (5, 0)


def test_one_file_of_an_empty_folder_is_a_question_too(store, media, counted):
    (path,) = distinct(media, 1)
    counted()
    path.unlink()
    with pytest.raises(FilesVanished, match="1 of the 1 files"):
        counted()


def test_a_folder_below_that_is_not_mounted_is_kept_without_a_question(store, media, counted):
    distinct(media / "home", 30)
    distinct(media / "nas" / "deep", 12)
    counted()
    away = (media / "nas").rename(media.with_name("nas"))
    (media / "nas").mkdir()
    report = counted()
    assert (report.missing, report.removed, report.unchanged) == (12, 0, 30)
    (media / "nas").rmdir()
    away.rename(media / "nas")
    assert counted().returned == 12


def test_files_that_only_moved_are_no_question(store, media, counted):
    files = distinct(media / "a", 12)
    counted()
    (media / "b").mkdir()
    for path in files:
        path.rename(media / "b" / f"new-{path.name}")
    report = counted()
    assert (report.moved, report.missing, report.removed) == (12, 0, 0)


def test_what_is_missing_is_forgotten_when_it_is_asked(store, media, settings, counted):
    distinct(media, 12)
    counted()
    away = media.rename(media.with_name("away"))
    media.mkdir()
    counted(vanished="keep")
    counted()
    assert store.stats().missing == 12
    run(store, fake_towers(), [media], replace(settings, missing_days=1.0))
    assert store.stats().missing == 12, "they have been missing for seconds"
    counted(vanished="forget")
    assert store.stats().missing == 0
    with store.writer() as writer:
        writer.compact(lambda ids: np.zeros(len(ids), bool))
    assert (store.stats().tombstones, store.stats().segments) == (0, 0)
    embedded = Counting.embedded
    assert counted(away).added == 12
    assert Counting.embedded == 2 * embedded


def test_what_is_missing_for_longer_than_the_user_says_is_forgotten(
    store, media, settings: Settings, counted
):
    """But for one whose file was changed later: the clock that said so was wrong."""
    later = distinct(media, 12)[0]
    for path in media.iterdir():
        if path != later:
            os.utime(path, (1, 1))
    counted()
    for path in media.iterdir():
        path.unlink()
    with store.writer() as writer:
        writer.hide([asset.asset_id for asset in store.assets()], "2020-01-01T00:00:00+00:00")
    run(store, fake_towers(), [media], settings)
    assert store.stats().missing == 12
    run(store, fake_towers(), [media], replace(settings, missing_days=30.0))
    assert [asset.path for asset in store.missing()] == [str(later)]


def test_a_lost_segment_takes_its_missing_files_along(store, media, counted):
    """Their vectors are not there, so they are read anew when they are back."""
    distinct(media, 12)
    counted()
    away = media.rename(media.with_name("away"))
    media.mkdir()
    counted(vanished="keep")
    info = store.all_segments()[0]
    with store.writer() as writer:
        writer.lose(info, "is lost")
    assert store.stats().missing == 0
    media.rmdir()
    away.rename(media)
    assert counted().added == 12
    assert verify(store, deep=True).problems == ()


def test_a_folder_that_goes_away_while_it_is_read_is_one_line(media, store, settings, counted):
    """The kind: a disk that is pulled out, or a server that goes away, in the middle of a run."""
    distinct(media / "usb" / "a", 20)
    distinct(media / "usb" / "b", 20)
    distinct(media / "here", 3)
    counted(media / "usb" / "a")
    for path in (media / "usb" / "a").iterdir():
        os.utime(path, (1, 1))  # so that all are read again
    before, away = living(store), media.with_name("away")

    class Thief(Told):
        def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
            if task == "indexing":
                (media / "usb").rename(away)
                (media / "usb").mkdir()

    report = run(store, fake_towers(), [media], settings, progress=Thief())
    assert (report.added, report.failed, report.removed) == (3, 40, 0)
    (failure,) = report.failures
    assert failure.path == str(media / "usb") and "40 of them are left" in failure.reason
    assert living(store).keys() >= before.keys() and not verify(store).problems
    (media / "usb").rmdir()
    away.rename(media / "usb")
    report = counted()
    assert (report.added, report.unchanged, report.failed) == (20, 23, 0)
    assert store.failures() == []


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ESTALE, errno.ENOMEM])
def test_a_file_that_cannot_be_read_anew_keeps_what_it_had(
    store, media, counted, monkeypatch, number
):
    path = distinct(media, 3)[1]
    counted()
    before = living(store)
    os.utime(path, (1, 1))
    digest = file_hash._digest

    def failing(file: Path) -> str:
        if file == path:
            raise OSError(number, os.strerror(number), str(file))
        return digest(file)

    monkeypatch.setattr(file_hash, "_digest", failing)
    report = counted()
    assert (report.failed, report.unchanged) == (1, 2)
    assert living(store).keys() == before.keys()
    assert [failure.path for failure in store.failures()] == [str(path)]
    monkeypatch.undo()
    assert (counted().unchanged, store.failures(), Counting.embedded) == (3, [], 3)
