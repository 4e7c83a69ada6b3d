"""Groups of real files that are the same, found through a library of the default encoder."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.config import Settings
from engine.curate.copies.near_duplicates import (
    DUPLICATE,
    KEEPER,
    DuplicateOptions,
    Edge,
    find,
    findings,
)
from engine.curate.copies.split_leaks import by_folder, by_tag, common_folder, leaks
from engine.curate.copies.union_find import DisjointSets
from engine.curate.copies.verify import PairVerifier
from engine.errors import UsageError
from engine.store.records import AssetFacts
from engine.types import Kind
from tests.curate.copies.test_picture_match import COPIES, PICTURES, VIDEOS, opened
from tests.waves import RATE, noise, tone, write


def encode(path: Path, frames: list[Image.Image], rate: int = 10, bits: int = 400_000) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *frames[0].size, "yuv420p"
        stream.bit_rate = bits
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_image(frame)))
        container.mux(stream.encode(None))
    return path


def show(*names: str, size=(320, 240)) -> list[Image.Image]:
    """A second of black, then two seconds of each picture."""
    black = Image.new("RGB", size)
    shown = [opened(name).resize(size) for name in names]
    return [black] * 10 + [image for image in shown for _ in range(20)]


def melody(seed: int, seconds: float = 4.0) -> np.ndarray:
    """Notes and noise that swell and fade as no other seed's do."""
    rng = np.random.default_rng(seed)
    parts = []
    while sum(map(len, parts)) < seconds * RATE:
        length = float(rng.uniform(0.1, 0.6))
        loud = rng.uniform(0.05, 0.9)
        parts.append(loud * tone(float(rng.uniform(200, 2000)), length, partials=4))
    samples = np.concatenate(parts)[: int(seconds * RATE)]
    return samples + 0.02 * noise(seconds, seed)[: len(samples)]


@pytest.fixture(scope="module")
def real(tmp_path_factory, settings: Settings):
    """train/ has originals, test/ has copies of some of them and others."""
    folder = tmp_path_factory.mktemp("real")
    train, test = folder / "media" / "train", folder / "media" / "test"
    train.mkdir(parents=True)
    test.mkdir()
    for name in ("chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png", "motorcycle_left.png"):
        opened(name).save(train / f"{Path(name).stem}.jpg", quality=95)
    for name, how in (("chelsea", "cropped"), ("coffee", "mirrored"), ("rocket", "framed")):
        COPIES[how](Image.open(train / f"{name}.jpg")).save(test / f"{name}-{how}.jpg")
    shutil.copy(train / "astronaut.jpg", test / "astronaut-again.jpg")
    shutil.copy(PICTURES / "motorcycle_right.png", test)
    shown = ("coffee.png", "chelsea.png", "rocket.jpg")
    encode(train / "slides.mp4", show(*shown))
    encode(test / "slides-small.mp4", show(*shown, size=(160, 120)), bits=80_000)
    encode(test / "others.mp4", show("camera.png", "coins.png", "page.png"))
    shutil.copy(VIDEOS / "bikes.mp4", train)
    write(train / "melody.wav", melody(1))
    write(test / "another.wav", melody(2))
    half = melody(1).reshape(-1, 2).mean(1)
    with av.open(str(test / "melody-low.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE // 2, layout="mono")
        frame = av.AudioFrame.from_ndarray((half * 32767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = RATE // 2
        container.mux(stream.encode(frame))
    unread = replace(settings, ocr=False, speech=False)  # which takes most of the time
    with Library.open(folder / "library", create=True, settings=unread) as library:
        assert library.index([folder / "media"]).failed == 0
        yield library


@pytest.fixture(scope="module")
def found(real):
    return find(real.store, real.towers, real.thumbnail, DuplicateOptions())


def groups(real, listed) -> list[list[str]]:
    by_number: dict[int, list[str]] = {}
    for one in listed:
        by_number.setdefault(one.group, []).append(Path(one.path).name)
    return sorted(sorted(names) for names in by_number.values())


def test_copies_are_grouped_and_what_is_alike_is_not(real, found):
    assert groups(real, findings(real.store, found.edges)) == [
        ["astronaut-again.jpg", "astronaut.jpg"],
        ["chelsea-cropped.jpg", "chelsea.jpg"],
        ["coffee-mirrored.jpg", "coffee.jpg"],
        ["melody-low.wav", "melody.wav"],
        ["rocket-framed.jpg", "rocket.jpg"],
        ["slides-small.mp4", "slides.mp4"],
    ]
    assert found.unreadable == {}


def test_of_each_group_one_is_kept_and_the_others_say_why(real, found):
    listed = findings(real.store, found.edges)
    kept = {Path(one.path).name for one in listed if one.verdict == KEEPER}
    assert {"chelsea.jpg", "slides.mp4", "melody.wav"} <= kept
    why = {Path(one.path).name: one.why for one in listed if one.verdict == DUPLICATE}
    assert "mirrored" in why["coffee-mirrored.jpg"]
    assert "the same bytes" in why.get("astronaut.jpg", "") + why.get("astronaut-again.jpg", "")
    assert "frames are the same" in why["slides-small.mp4"]


def test_exact_means_the_same_bytes_alone(real):
    only = find(real.store, real.towers, real.thumbnail, DuplicateOptions(exact=True))
    assert groups(real, findings(real.store, only.edges)) == [
        ["astronaut-again.jpg", "astronaut.jpg"]
    ]
    assert only.compared == 0


def test_by_cosine_nobody_looks(real):
    def never(moment: int) -> bytes:
        raise AssertionError(moment)

    wanted = DuplicateOptions(kinds=(Kind.IMAGE,), by_cosine=True, threshold=0.8)
    alone = find(real.store, real.towers, never, wanted)
    listed = groups(real, findings(real.store, alone.edges))
    assert ["coffee-mirrored.jpg", "coffee.jpg"] in listed
    assert ["motorcycle_left.jpg", "motorcycle_right.png"] in listed, "two pictures, in truth"
    assert wanted.settings()["thresholds"] == {"image": 0.8}


def test_below_a_folder_only(real):
    train = str(Path(common_folder(real.store)) / "train")
    below = find(real.store, real.towers, real.thumbnail, DuplicateOptions(under=(train,)))
    assert below.edges == []


def test_what_cannot_be_looked_at_is_named(real):
    from engine.errors import CorruptMedia

    def broken(moment: int) -> bytes:
        raise CorruptMedia("gone bad")

    seen = find(real.store, real.towers, broken, DuplicateOptions(kinds=(Kind.IMAGE,)))
    assert [edge.why for edge in seen.edges] == ["the same bytes"]
    assert set(seen.unreadable.values()) == {"gone bad"}


def test_pictures_of_other_times_are_a_burst(real):
    """However much they look alike: here, they are one and the same."""
    moment = int(real.store.moment_ids(["image"])[0])
    first, again, later = (
        AssetFacts(1, "/a", "", Kind.IMAGE, 1, 1, 1, 1, None, f"2024-01-01T10:00:{second}")
        for second in ("00", "00", "01")
    )
    looker = PairVerifier(real.thumbnail)
    assert looker.compare(first, again, [(moment, moment)]).same
    assert not looker.compare(first, later, [(moment, moment)]).same


# --- leaks --------------------------------------------------------------------------


def test_leaks_between_folders(real, found):
    splits = by_folder(real.store, [common_folder(real.store)])
    listed = leaks(findings(real.store, found.edges), splits)
    leaking = sorted(Path(one.path).name for one in listed if one.verdict == "leak")
    held = sorted(Path(one.path).name for one in listed if one.verdict == "held")
    assert len(leaking) == len(held) == 6
    sizes = [list(splits.values()).count(name) for name in ("train", "test")]
    assert sizes[0] < sizes[1], "so that train is held"
    assert {splits[one.asset_id] for one in listed if one.verdict == "leak"} == {"test"}
    assert "chelsea-cropped.jpg" in leaking
    assert "the same is in train" in next(one.why for one in listed if one.verdict == "leak")


def test_within_one_split_nothing_leaks(real, found):
    splits = dict.fromkeys((asset.asset_id for asset in real.store.assets()), "train")
    assert leaks(findings(real.store, found.edges), splits) == []


def test_splits_that_are_none_are_named(real):
    with pytest.raises(UsageError, match="there is none"):
        by_tag(real.store, ["train", "test"], None)
    train = str(Path(common_folder(real.store)) / "train")
    with pytest.raises(UsageError, match="two folders"):
        by_folder(real.store, [train])


# --- groups -------------------------------------------------------------------------


def test_what_is_connected_is_one_group():
    union = DisjointSets(7)
    assert union.join(1, 2)
    assert union.join(5, 2)
    assert not union.join(1, 5)
    union.join(0, 6)
    assert union.groups() == [[0, 6], [1, 2, 5]]
    assert union.are_connected(1, 5)
    assert not union.are_connected(0, 1)


def test_a_group_is_named_once_however_it_is_connected(store):
    ids = [asset.asset_id for asset in store.assets()]
    edges = [Edge(ids[0], ids[1], 0.9, "x"), Edge(ids[1], ids[2], 0.8, "y")]
    listed = findings(store, edges)
    assert [one.verdict for one in listed] == [KEEPER, DUPLICATE, DUPLICATE]
    assert {one.group for one in listed} == {1}
    assert findings(store, []) == []
