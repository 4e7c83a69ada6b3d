"""Several encoders in one run: decoded once, and each vector as if its encoder were alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.config import Settings
from engine.encoders.multi import MultiEncoder, combine
from engine.encoders.protocols import Embedded, Heard, Pixels
from engine.encoders.runtime.backend import Pending, Pipelined, Then
from engine.errors import SpaceMismatch
from engine.media import audio as sounds
from engine.store import Store
from engine.store.verify import verify
from engine.testing.fake_encoder import FakeEncoder, FakeSounds, fake_towers, other_towers
from engine.types import Asset, IndexedAsset, IndexReport, Kind, MediaType, Modality
from indexers import audio
from indexers import image as images
from indexers.backfill import fill
from indexers.commit import Ledger
from indexers.pipeline import run
from indexers.space_registration import register_spaces
from tests import media_files as make
from tests.indexers.runs import pictures, vectors

pytestmark = pytest.mark.slow

NAMES = ("fake", "fake2", "fake-hearing")


def towers_of(name: str):
    return fake_towers("good morning") if name == "fake" else other_towers(name)


@pytest.fixture
def three(store: Store, settings: Settings) -> Store:
    """A library with all three spaces, and nothing in them."""
    run(store, fake_towers(), [], settings)
    for name in NAMES[1:]:
        fill(store, other_towers(name), settings)
    return store


def index(store: Store, media: Path, settings: Settings, *names: str) -> None:
    report = run(store, combine([towers_of(n) for n in names or NAMES]), [media], settings)
    assert report.failed == 0


def collection(media: Path) -> None:
    pictures(media, 7)
    make.animation(media / "a.gif", ["red", "green", "blue"])
    make.sound(media / "tones.wav", (200, 10.0), (3000, 10.0), (0, 10.0), (200, 8.5))
    make.video(media / "film.mp4", ["red", "blue", "green"], 2.0, hertz=3000)


def test_every_space_gets_what_its_encoder_alone_would_have_given_it(
    media: Path, three: Store, settings: Settings, tmp_path: Path
) -> None:
    collection(media)
    index(three, media, settings)
    assert verify(three, deep=True).problems == ()
    with Store.create(tmp_path / "first", "fake") as alone:
        run(alone, towers_of("fake"), [media], settings)
        for name in NAMES[1:]:
            fill(alone, other_towers(name), settings)
        places = {key(alone, i): i for i in alone.moment_ids().tolist()}
        for space in alone.spaces():
            expected, found = vectors(alone, space), vectors(three, space)
            assert len(found) == len(expected) > 0
            for moment, row in found.items():
                np.testing.assert_allclose(row, expected[places[key(three, moment)]], atol=1e-3)


class InFlight(FakeEncoder):
    """The fake encoder, ``Pipelined``: what is submitted is embedded when it is collected."""

    def __init__(self) -> None:
        super().__init__()
        self.on_their_way = self.most = 0

    def picture_batch(self) -> int:
        return 2

    def submit_images(self, pixels: Sequence[Pixels]) -> Pending[Embedded]:
        assert len(pixels) <= 2
        self.on_their_way += 1
        self.most = max(self.most, self.on_their_way)
        return Then(_Waiting(pixels), self._collected)

    def _collected(self, pixels: Sequence[Pixels]) -> Embedded:
        self.on_their_way -= 1
        return super().embed_images(pixels)

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        raise AssertionError("pictures are submitted")


@dataclass(frozen=True)
class _Waiting:
    pixels: Sequence[Pixels]

    def ready(self) -> bool:
        return False

    def result(self) -> Sequence[Pixels]:
        return self.pixels


def test_batches_of_several_are_on_their_way_where_one_encoder_does_that(
    media: Path, three: Store, settings: Settings, tmp_path: Path
) -> None:
    collection(media)
    encoder = InFlight()
    towers = combine([replace(fake_towers(), encoder=encoder), *map(other_towers, NAMES[1:])])
    assert run(three, towers, [media], settings).failed == 0
    assert (encoder.most, encoder.on_their_way) == (2, 0)
    with Store.create(tmp_path / "plain", "fake") as plain:
        run(plain, fake_towers(), [], settings)
        for name in NAMES[1:]:
            fill(plain, other_towers(name), settings)
        run(plain, combine([fake_towers(), *map(other_towers, NAMES[1:])]), [media], settings)
        places = {key(plain, i): i for i in plain.moment_ids().tolist()}
        for space in plain.spaces():
            expected, found = vectors(plain, space), vectors(three, space)
            assert len(found) == len(expected) > 0
            for moment, row in found.items():
                np.testing.assert_array_equal(row, expected[places[key(three, moment)]])


def test_several_of_which_none_does_that_embed_at_once() -> None:
    towers = combine([fake_towers(), other_towers("fake2")])
    assert not isinstance(towers.encoder, Pipelined)
    picture = towers.prepare_picture(Image.new("RGB", (20, 20)))
    assert towers.submit_pictures([picture]).ready() and towers.picture_batch(7) == 7


def key(store: Store, moment_id: int) -> tuple[object, ...]:
    record = store.records([moment_id])[moment_id]
    moment = record.moment
    return record.path, moment.modality, moment.start, moment.ordinal, moment.text, moment.tags


def test_a_picture_is_decoded_once_and_a_sound_once_a_rate(
    media: Path, three: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(media, 2)
    make.sound(media / "tone.wav", (200, 3.0))
    read: list[object] = []
    frames, windows = images.read_frames, sounds.read_windows

    def reads(of: object, *rest: object):
        read.append(of)
        return frames(of, *rest)

    def hears(of: object, with_: object, rate: int):
        read.append(rate)
        return windows(of, with_, rate)

    monkeypatch.setattr(images, "read_frames", reads)
    monkeypatch.setattr(audio, "read_windows", hears)
    run(three, combine([fake_towers(), *map(other_towers, NAMES[1:])]), [media], settings)
    assert sorted(map(str, read)) == [
        str(media / "000.png"),
        str(media / "001.png"),
        "16000",
        "8000",
    ]


def test_a_bridge_that_two_encoders_have_listens_once(
    media: Path, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(store, fake_towers(), [], settings)
    fill(store, other_towers("fake2"), settings)
    make.sound(media / "tone.wav", (200, 3.0))
    heard: list[int] = []
    listen = FakeSounds.listen

    def listens(self: FakeSounds, windows: list[np.ndarray]) -> Heard:
        heard.append(len(windows))
        return listen(self, windows)

    monkeypatch.setattr(FakeSounds, "listen", listens)
    index(store, media, settings, "fake", "fake2")
    assert heard == [1]
    for space in ("fake", "fake2", "fake-sounds"):
        assert vectors(store, space)


def test_the_first_encoder_decides_which_windows_are_moments(
    media: Path, three: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the edge of silence, one rate hears what another does not."""
    make.sound(media / "long.wav", (200, 30.0))
    windows = sounds.read_windows
    kept = {16_000: (0.0, 10.0), 8_000: (10.0, 20.0)}

    def hears(of: Path, with_: Settings, rate: int):
        return (chunk for chunk in windows(of, with_, rate) if chunk.start in kept[rate])

    monkeypatch.setattr(audio, "read_windows", hears)
    run(three, combine([fake_towers(), *map(other_towers, NAMES[1:])]), [media], settings)
    heard = three.moment_ids(modalities=("sound",)).tolist()
    assert len(heard) == 2
    assert sorted(vectors(three, "fake")) == sorted(vectors(three, "fake2")) == heard
    assert sorted(vectors(three, "fake-hearing")) == heard[1:]
    assert verify(three, deep=True).problems == ()


def test_one_encoder_is_itself() -> None:
    only = fake_towers()
    assert combine([only]) is only


def test_decoders_leave_what_the_one_wants_that_wants_most() -> None:
    class Large(FakeEncoder):
        image_size = 99

    several = combine([fake_towers(), replace(fake_towers(), encoder=Large())])
    assert isinstance(several, MultiEncoder)
    assert several.image_size == 99
    assert several.modalities == frozenset(Modality)


def test_a_run_that_does_not_know_of_a_space_is_refused(
    media: Path, three: Store, settings: Settings
) -> None:
    """It was added after the run chose its towers."""
    pictures(media, 1)
    with pytest.raises(SpaceMismatch, match="has got or lost a space since this began"):
        run(three, fake_towers(), [media], settings)
    assert len(three.moment_ids()) == 0


def test_a_run_does_not_bring_back_a_space_that_was_dropped(
    media: Path, store: Store, settings: Settings
) -> None:
    pictures(media, 1)
    run(store, fake_towers(), [], settings)
    with pytest.raises(SpaceMismatch, match="has got or lost a space"):
        index(store, media, settings, "fake", "fake2")
    assert "fake2" not in store.spaces()


def test_what_a_run_made_for_an_earlier_revision_is_not_committed(store: Store) -> None:
    towers = fake_towers()
    asset = Asset("/a.png", "00", MediaType(Kind.IMAGE, "png"), 1, 1)
    stale = tuple(replace(space, revision="0") for space in towers.spaces)
    for made_for, error in ((stale, True), (towers.spaces, False)):
        with store.writer() as writer:
            register_spaces(writer, towers)
            ledger = Ledger(writer, IndexReport(), made_for)
            ledger.indexed(IndexedAsset(asset, ()), [])
            with pytest.raises(SpaceMismatch) if error else nullcontext():
                ledger.flush()
        assert (store.get("/a.png") is None) is error
