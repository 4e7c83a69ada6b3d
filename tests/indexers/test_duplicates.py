"""Files with the same bytes are decoded and embedded once, whatever becomes of the first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from engine.config import Settings
from engine.encoders.protocols import Embedded, Pixels, Spectrogram
from engine.encoders.towers import Towers
from engine.errors import LibraryUnavailable
from engine.store import Store
from engine.testing.fake_encoder import FakeEncoder, FakeScreen, FakeSounds, FakeSpeech, fake_towers
from engine.types import FileStat, IndexReport, Kind, MediaType, Moment
from indexers.committed_assets import stored_assets
from indexers.duplicates import Duplicates
from indexers.identify import Unknown
from indexers.pipeline import run
from indexers.reading import read_texts
from indexers.scan import Candidate
from tests import media_files as make
from tests.indexers.runs import Told, names, pictures, reasons, vectors

Index = Callable[..., IndexReport]


class Counting(FakeEncoder):
    """Counts what it prepares and embeds, and does as it is told before it prepares."""

    def __init__(self, before: Callable[[int], object] = lambda _: None) -> None:
        self.prepared = 0
        self.embedded = 0
        self._before = before

    def prepare_image(self, image: Image.Image) -> Pixels:
        self.prepared += 1
        self._before(self.prepared)
        return super().prepare_image(image)

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        self.embedded += len(pixels)
        return super().embed_images(pixels)


class CountingSounds(FakeSounds):
    """Counts the windows that it hears."""

    heard = 0

    def prepare(self, samples: np.ndarray) -> Spectrogram:
        self.heard += 1
        return super().prepare(samples)


class Deaf(FakeSounds):
    """Breaks whenever there is something to hear."""

    def prepare(self, samples: np.ndarray) -> Spectrogram:
        raise ZeroDivisionError("deaf")


def towers(encoder: FakeEncoder) -> Towers:
    return Towers(encoder, FakeSounds())


def copies(original: Path, *names: str) -> list[Path]:
    """Copies beside the original, each with a date of its own."""
    made = []
    for place, name in enumerate(names):
        path = original.with_name(name)
        shutil.copyfile(original, path)
        os.utime(path, ns=(0, 1_000_000 + place))
        made.append(path)
    return made


def held(store: Store, path: Path) -> tuple[list[Moment], list[dict[str, bytes]]]:
    """An asset's moments, and the bits of their vectors."""
    asset = store.get(path)
    assert asset is not None, f"{path} is not indexed"
    records = store.moments_of(asset.asset_id)
    spaces = {name: vectors(store, name) for name in store.spaces()}
    bits = [
        {
            name: found[r.moment_id].tobytes()
            for name, found in spaces.items()
            if r.moment_id in found
        }
        for r in records
    ]
    return [record.moment for record in records], bits


def assert_same(store: Store, *paths: Path) -> None:
    first, *others = [held(store, path) for path in paths]
    assert first[1] and all(first[1])
    for other in others:
        assert other == first


@pytest.mark.parametrize("threads", [1, 4])
def test_copies_of_one_run_are_embedded_once(
    media: Path, store: Store, settings: Settings, threads: int
) -> None:
    original = make.picture(media / "a.png", "blue")
    paths = [original, *copies(original, *(f"copy-{i}.png" for i in range(20)))]
    encoder, told = Counting(), Told()
    chosen = replace(settings, threads=threads)
    report = run(store, towers(encoder), [media], chosen, progress=told)
    assert (encoder.prepared, encoder.embedded) == (1, 1)
    assert (report.added, report.moments, report.failed) == (21, 21, 0)
    assert len(told.done) == len(paths) == len(names(store))
    assert_same(store, *paths)
    for asset in store.whole_assets(range(1, 22)).values():
        mtime_ns = Path(asset.path).stat().st_mtime_ns
        assert (asset.width, asset.height, asset.mtime_ns) == (40, 30, mtime_ns)
    assert run(store, towers(encoder), [media], chosen).unchanged == 21


def test_a_copy_of_an_asset_gets_its_vectors(media: Path, store: Store, index: Index) -> None:
    original = make.picture(media / "a.png", "blue")
    index()
    (copy,) = copies(original, "b.png")
    encoder = Counting()
    report = index(towers=towers(encoder))
    assert (encoder.prepared, report.added, report.unchanged) == (0, 1, 1)
    assert_same(store, original, copy)
    assert [r.asset_id for r in store.records([m for m, _ in store.words('"b"')]).values()] == [2]


def test_a_copy_of_a_video_has_all_that_is_seen_heard_said_and_read_in_it(
    media: Path, store: Store, settings: Settings
) -> None:
    first = make.video(media / "a.mp4", ["red", "blue"], hertz=3000, metadata={"title": "Two"})
    (second,) = copies(first, "b.mp4")
    encoder, sounds = Counting(), CountingSounds()
    bridges = FakeSpeech("hello there"), FakeScreen({"red": "stop"})
    every = Towers(encoder, sounds, *bridges)
    run(store, every, [media], settings)
    read_texts(store, every, [media], settings)
    (third,) = copies(first, "c.mp4")
    run(store, every, [media], settings)
    assert (encoder.prepared, sounds.heard) == (2, 1)
    assert {moment.modality.value for moment in held(store, first)[0]} == {
        "keyframe", "sound", "speech", "screen",
    }  # fmt: skip
    assert_same(store, first, second, third)
    facts = [replace(a, path="", mtime_ns=0) for a in store.whole_assets([1, 2, 3]).values()]
    assert facts[0] == facts[1] == facts[2]
    assert facts[0].caption == "Two" and facts[0].duration == pytest.approx(4, abs=0.2)


def test_the_original_is_moved_in_the_same_run(media: Path, store: Store, index: Index) -> None:
    original = make.picture(media / "a.png", "blue")
    index()
    paths = copies(original, "b.png", "c.png", "d.png")
    original.unlink()
    encoder = Counting()
    report = index(towers=towers(encoder))
    assert (report.moved, report.added, report.removed, encoder.prepared) == (1, 2, 0, 0)
    assert names(store) == ["b.png", "c.png", "d.png"]
    assert_same(store, *paths)


def test_the_original_is_replaced_in_the_same_run(media: Path, store: Store, index: Index) -> None:
    original = make.picture(media / "b.png", "blue")
    index()
    paths = copies(original, "a.png", "c.png")
    make.picture(original, "red", (50, 60))
    encoder = Counting()
    index(towers=towers(encoder))
    assert encoder.prepared == 1  # the red one
    assert_same(store, *paths)
    assert held(store, original) != held(store, paths[0])


def test_bytes_that_cannot_be_decoded_are_tried_once(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make.picture(media / "whole.png", size=(400, 300))
    bad = make.truncated(media / "bad0.png", whole)
    copies(bad, "bad1.png", "bad2.png")
    from engine.media import image

    tried, read = [], image.read_frames
    monkeypatch.setattr("indexers.image.read_frames", lambda *a: tried.append(a[0]) or read(*a))
    report = index()
    assert (report.added, report.failed) == (1, 3)
    assert len(set(reasons(report).values())) == 1 and "truncated" in reasons(report)["bad2.png"]
    assert sorted(path.name[:3] for path in tried) == ["bad", "who"]


def test_where_the_first_changes_while_it_is_read_the_next_is_decoded(
    media: Path, store: Store, settings: Settings
) -> None:
    first = make.picture(media / "a.png", "blue")
    others = copies(first, "b.png", "c.png")
    encoder = Counting(lambda turn: os.utime(first) if turn == 1 else None)
    report = run(store, towers(encoder), [media], replace(settings, threads=1))
    assert (report.added, reasons(report)) == (2, {"a.png": "changes while it is read"})
    assert encoder.prepared == 2
    assert_same(store, *others)
    report = run(store, towers(encoder), [media], settings)
    assert (report.added, encoder.prepared) == (1, 2)
    assert_same(store, first, *others)


def test_vectors_that_are_not_finite_fail_every_copy(
    media: Path, store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies(make.picture(media / "a.png"), "b.png")

    def broken(self: FakeEncoder, pixels: Sequence[Pixels]) -> Embedded:
        nan = np.full((len(pixels), self.shared.dim), np.nan, np.float32)
        return Embedded({self.shared.name: nan}, ((),) * len(pixels))

    monkeypatch.setattr(FakeEncoder, "embed_images", broken)
    report = index()
    assert (report.failed, report.added) == (2, 0)


def test_what_was_read_in_part_is_no_original(
    media: Path, store: Store, settings: Settings
) -> None:
    """Its copy may be read as a whole, as when a bridge could not be had that day."""
    first = make.video(media / "a.mp4", ["red"], hertz=440)
    (second,) = copies(first, "b.mp4")
    report = run(store, Towers(FakeEncoder(), Deaf()), [media], settings)
    assert (report.added, sorted(reasons(report))) == (2, ["a.mp4", "b.mp4"])
    (third,) = copies(first, "c.mp4")
    assert run(store, fake_towers(), [media], settings).failures == ()
    assert len(held(store, third)[0]) == 1 + len(held(store, second)[0])


def test_commits_go_on_while_other_threads_find_first_files() -> None:
    files = [FileStat(f"/{i}", 1, i) for i in range(20_000)]
    duplicates = Duplicates[int](None, [Candidate(stat) for stat in files])
    found = [Unknown(s, MediaType(Kind.IMAGE, "ppm"), f"{i:032x}") for i, s in enumerate(files)]
    finding = Thread(target=lambda: [duplicates.is_first(one, forced=False) for one in found])
    finding.start()
    while finding.is_alive():
        duplicates.committed()
    finding.join()


def test_a_retry_decodes_what_is_known(media: Path, store: Store, settings: Settings) -> None:
    first = make.video(media / "a.mp4", ["red"], hertz=440)
    run(store, Towers(FakeEncoder(), Deaf()), [media], settings)
    copies(first, "b.mp4")
    run(store, fake_towers(), [media], settings)
    report = run(store, fake_towers(), [media], settings, retry=True)
    assert report.failures == () and report.changed == 1
    assert_same(store, first, media / "b.mp4")


@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_original_is_no_original(
    media: Path, store: Store, index: Index, cut: bool
) -> None:
    """A file that is cut must be given up first, and one that is not is noticed when it is read."""
    original = make.picture(media / "a.png", "blue")
    index()
    for file in (store.path / "segments").iterdir():
        content = file.read_bytes()
        file.write_bytes(content[:-100] if cut else content.replace(content[40:60], bytes(20), 1))
    (copy,) = copies(original, "b.png")
    encoder = Counting()
    if cut:
        with pytest.raises(LibraryUnavailable, match="nothing was changed"):
            index(towers=towers(encoder))
        Store.open(store.path, forget_lost=True).close()
    report = index(towers=towers(encoder))
    assert encoder.prepared == 1 and not report.failures
    asset = store.get(copy)
    assert asset is not None and asset.state == "indexed"
    assert len(vectors(store, "fake")) == (2 if cut else 1)


def test_a_retry_reads_copies_anew_and_once(media: Path, store: Store, settings: Settings) -> None:
    first = make.video(media / "a.mp4", ["red"], hertz=440)
    (second,) = copies(first, "b.mp4")
    run(store, Towers(FakeEncoder(), Deaf()), [media], settings)
    encoder = Counting()
    report = run(store, towers(encoder), [media], settings, retry=True)
    assert (report.changed, report.failures, encoder.prepared) == (2, (), 1)
    assert_same(store, first, second)
    assert len(held(store, second)[0]) == 2


def test_copies_across_many_commits(
    media: Path, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexers.commit.COMMIT_ASSETS", 2)
    monkeypatch.setattr("indexers.pipeline.COMMIT_ASSETS", 2)
    firsts = pictures(media, 7)
    for number, first in enumerate(firsts):
        copies(first, f"{number}-a.png", f"z-{number}.png")
    encoder = Counting()
    report = run(store, towers(encoder), [media], settings)
    assert (report.added, encoder.prepared) == (21, 7)
    for number, first in enumerate(firsts):
        assert_same(store, first, media / f"{number}-a.png", media / f"z-{number}.png")


def test_a_dry_run_counts_copies_as_new(media: Path, store: Store, index: Index) -> None:
    copies(make.picture(media / "a.png"), "b.png")
    report = index(dry_run=True)
    assert (report.added, report.moments) == (2, 0)


def test_assets_come_out_of_the_store_as_they_went_in(
    media: Path, store: Store, index: Index
) -> None:
    pictures(media, 3)
    index()
    found = stored_assets(store, [2, 99])
    assert list(found) == [2]
    (embedding,) = found[2].embeddings
    assert set(embedding.vectors) == {"fake", "fake-looks"}
    assert found[2].asset.path == str(media / "001.png")
    assert embedding.moment.tags
