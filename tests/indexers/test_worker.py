"""Every vector belongs to its own moment, whatever shares its batch and whatever fails."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.encoders.protocols import Embedded, Pixels
from engine.encoders.runtime.backend import Pending, Then
from engine.encoders.towers import PreparedInput, Towers
from engine.errors import SensoriumError
from engine.testing.fake_encoder import FakeEncoder, FakeSounds, fake_towers
from engine.types import Asset, IndexedAsset, Kind, MediaType, Modality, Moment
from indexers.decode_events import Prepared, TowerInput
from indexers.worker import IN_FLIGHT, Assembly, Worker
from tests.examples import examples

pytestmark = pytest.mark.slow

TOWERS = fake_towers()
ASSET = Asset("/a", "00", MediaType(Kind.IMAGE, "png"), 1, 1)


def prepared(tower: TowerInput, seed: int) -> Prepared:
    """A moment whose vectors no other seed shares; its ordinal remembers the seed."""
    random = np.random.default_rng(seed)
    data: dict[TowerInput, PreparedInput | str] = {
        TowerInput.PICTURE: PreparedInput((random.integers(0, 256, (16, 16, 3), np.uint8),)),
        TowerInput.SOUND: PreparedInput((random.random((1, 1, 32), np.float32),)),
        TowerInput.TEXT: f"sentence {seed}",
    }
    modality = {
        TowerInput.PICTURE: Modality.IMAGE,
        TowerInput.SOUND: Modality.SOUND,
        TowerInput.TEXT: Modality.SPEECH,
    }
    return Prepared(Moment(modality[tower], ordinal=seed), tower, data[tower])


def alone(item: Prepared) -> dict[str, NDArray[np.float32]]:
    """Its vectors when nothing else is in the batch."""
    if item.tower is TowerInput.TEXT:
        return {"fake": TOWERS.encoder.embed_texts([item.data])[0]}
    embed = TOWERS.encoder.embed_images if item.tower is TowerInput.PICTURE else TOWERS.embed_sounds
    return {name: rows[0] for name, rows in embed([*item.data.parts]).vectors.items()}


FILES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(list(TowerInput)), max_size=9),
        st.none() | st.integers(0, 9),
    ),
    min_size=1,
    max_size=8,
)
"""Per file its moments, and after how many of them it fails, if it does."""


@settings(database=None, deadline=None, max_examples=examples(250))
@given(FILES, st.integers(1, 7), st.randoms(use_true_random=False))
def test_survivors_keep_their_own_vectors(
    files: list[tuple[list[TowerInput], int | None]], batch_size: int, random: object
) -> None:
    worker: Worker[Assembly] = Worker(TOWERS, batch_size)
    assemblies = [Assembly() for _ in files]
    waiting = [
        [prepared(tower, 100 * i + j) for j, tower in enumerate(towers)]
        for i, (towers, _) in enumerate(files)
    ]
    put = [0] * len(files)
    turns = [i for i, items in enumerate(waiting) for _ in range(len(items) + 1)]
    random.shuffle(turns)  # type: ignore[attr-defined]
    for i in turns:
        assembly, fails = assemblies[i], files[i][1]
        if put[i] == fails:
            assembly.fault = "broke off"
        elif put[i] == len(waiting[i]):
            assembly.asset = ASSET
        if assembly.fault is None and assembly.asset is None:
            worker.add(assembly, waiting[i][put[i]])
        put[i] += 1
    worker.flush()
    for assembly, items in zip(assemblies, waiting, strict=True):
        indexed = assembly.indexed()
        if assembly.fault is not None:
            assert indexed is None
            continue
        assert indexed is not None
        assert [e.moment.ordinal for e in indexed.embeddings] == [p.moment.ordinal for p in items]
        for embedding, item in zip(indexed.embeddings, items, strict=True):
            expected = alone(item)
            assert embedding.vectors.keys() == expected.keys()
            for name, vector in expected.items():
                np.testing.assert_allclose(embedding.vectors[name], vector, atol=1e-5)


class _Counting(FakeEncoder):
    """Remembers how large its batches were."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        self.sizes.append(len(pixels))
        return super().embed_images(pixels)


def test_batches_are_full_across_files_and_failures() -> None:
    encoder = _Counting()
    worker: Worker[Assembly] = Worker(Towers(encoder, FakeSounds()), 4)
    bad, good = Assembly(), [Assembly() for _ in range(9)]
    worker.add(bad, prepared(TowerInput.PICTURE, 99))
    bad.fault = "broke off"
    for seed, assembly in enumerate(good):
        worker.add(assembly, prepared(TowerInput.PICTURE, seed))
    late = Assembly()
    worker.add(late, prepared(TowerInput.PICTURE, 98))
    late.fault = "broke off"
    worker.flush()
    assert encoder.sizes == [4, 4, 1]


def test_spaces_and_tags_by_tower() -> None:
    worker: Worker[Assembly] = Worker(TOWERS, 8)
    assembly = Assembly()
    for tower in TowerInput:
        worker.add(assembly, prepared(tower, 1))
    assert worker.flush() == {assembly}
    assembly.asset = ASSET
    indexed = assembly.indexed()
    assert indexed is not None
    picture, sound, speech = indexed.embeddings
    assert set(picture.vectors) == {"fake", "fake-looks"} and picture.moment.tags
    assert set(sound.vectors) == {"fake", "fake-sounds"} and sound.moment.tags
    assert set(speech.vectors) == {"fake"} and not speech.moment.tags


class _Deaf(FakeSounds):
    """Hears, and has no word for anything."""

    def listen(self, windows: Sequence[NDArray[np.float32]]) -> object:
        heard = super().listen(windows)
        return replace(heard, probabilities=heard.probabilities * 0)


def test_a_sound_without_words_is_found_as_a_sound() -> None:
    towers = Towers(FakeEncoder(), _Deaf())
    worker: Worker[Assembly] = Worker(towers, 8)
    assembly = Assembly(asset=ASSET)
    worker.add(assembly, prepared(TowerInput.SOUND, 1))
    worker.flush()
    indexed = assembly.indexed()
    assert indexed is not None
    (embedding,) = indexed.embeddings
    expected = towers.encoder.embed_texts(["a sound"])[0]
    np.testing.assert_allclose(embedding.vectors["fake"], expected, atol=1e-6)
    assert embedding.moment.tags == ()


class _Odd(FakeEncoder):
    """Loses the last picture of a batch, or returns NaN for dark ones."""

    def __init__(self, *, lose: bool) -> None:
        self._lose = lose

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        embedded = super().embed_images(pixels[: -1 if self._lose else None])
        for row, picture in enumerate(pixels[: len(embedded.tags)]):
            if not picture.any():
                embedded.vectors["fake"][row] = np.nan
        return embedded


def test_a_lost_row_stops_everything() -> None:
    worker: Worker[Assembly] = Worker(Towers(_Odd(lose=True), FakeSounds()), 2)
    worker.add(Assembly(), prepared(TowerInput.PICTURE, 1))
    with pytest.raises(SensoriumError, match="1 vectors for 2 moments"):
        worker.add(Assembly(), prepared(TowerInput.PICTURE, 2))


def test_a_vector_that_is_no_number_costs_its_file_only() -> None:
    worker: Worker[Assembly] = Worker(Towers(_Odd(lose=False), FakeSounds()), 2)
    good, bad = Assembly(asset=ASSET), Assembly(asset=ASSET)
    worker.add(good, prepared(TowerInput.PICTURE, 1))
    worker.add(
        bad,
        replace(
            prepared(TowerInput.PICTURE, 2), data=PreparedInput((np.zeros((16, 16, 3), np.uint8),))
        ),
    )
    assert good.indexed() is not None
    assert bad.indexed() is None
    assert bad.fault is not None and "not finite" in bad.fault.reason


def test_vectors_do_not_keep_their_batch_alive() -> None:
    worker: Worker[Assembly] = Worker(TOWERS, 2)
    assembly = Assembly(asset=ASSET)
    for seed in (1, 2):
        worker.add(assembly, prepared(TowerInput.PICTURE, seed))
    indexed = assembly.indexed()
    assert indexed is not None
    vectors = [v for e in indexed.embeddings for v in e.vectors.values()]
    assert all(v.base is None and v.dtype == np.float32 for v in vectors)


@dataclass(eq=False)
class _Sent:
    """A batch that a device has; embedded when it is asked for."""

    device: _Device
    pixels: Sequence[Pixels]

    def ready(self) -> bool:
        return self.device.quick

    def result(self) -> Embedded:
        assert self.device.out.pop(0) is self, "batches are collected in their order"
        return FakeEncoder.embed_images(self.device, self.pixels)


class _Device(FakeEncoder):
    """Implements ``Pipelined``: nothing is done before somebody waits for it."""

    def __init__(self, size: int, *, quick: bool = False) -> None:
        self.size, self.quick = size, quick
        self.out: list[_Sent] = []
        self.most = 0
        self.sizes: list[int] = []

    def picture_batch(self) -> int:
        return self.size

    def submit_images(self, pixels: Sequence[Pixels]) -> Pending[Embedded]:
        self.out.append(_Sent(self, pixels))
        self.most = max(self.most, len(self.out))
        self.sizes.append(len(pixels))
        return self.out[-1]

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        raise AssertionError("pictures are submitted")


def _indexed(assembly: Assembly) -> IndexedAsset:
    found = assembly.indexed()
    assert found is not None
    return found


def test_two_batches_are_on_their_way_and_none_is_lost() -> None:
    device = _Device(3)
    worker: Worker[Assembly] = Worker(Towers(device, FakeSounds()), 8)
    assemblies = [Assembly(asset=ASSET) for _ in range(20)]
    told: list[Assembly] = []
    for seed, assembly in enumerate(assemblies):
        filled = worker.add(assembly, prepared(TowerInput.PICTURE, seed))
        told += sorted(filled, key=assemblies.index)
    assert device.most == IN_FLIGHT == 2
    assert told == assemblies[:12], "six batches went out, and two are on their way"
    told += sorted(worker.flush(), key=assemblies.index)
    assert told == assemblies and not device.out
    assert device.sizes == [3, 3, 3, 3, 3, 3, 2]
    for seed, assembly in enumerate(assemblies):
        (embedding,) = _indexed(assembly).embeddings
        expected = alone(prepared(TowerInput.PICTURE, seed))
        np.testing.assert_allclose(embedding.vectors["fake"], expected["fake"], atol=1e-5)


def test_what_is_ready_is_not_kept_waiting() -> None:
    device = _Device(2, quick=True)
    worker: Worker[Assembly] = Worker(Towers(device, FakeSounds()), 8)
    first, second = Assembly(asset=ASSET), Assembly(asset=ASSET)
    assert not worker.add(first, prepared(TowerInput.PICTURE, 1))
    assert worker.add(second, prepared(TowerInput.PICTURE, 2)) == {first, second}
    assert device.most == 1


def test_a_device_that_takes_less_from_now_on_is_given_less() -> None:
    device = _Device(4)
    worker: Worker[Assembly] = Worker(Towers(device, FakeSounds()), 8)
    for seed in range(3):
        worker.add(Assembly(), prepared(TowerInput.PICTURE, seed))
    device.size = 2
    for seed in range(3, 8):
        worker.add(Assembly(), prepared(TowerInput.PICTURE, seed))
    worker.flush()
    assert device.sizes == [4, 2, 2]


def test_sounds_and_texts_keep_their_order_beside_pictures_on_their_way() -> None:
    worker: Worker[Assembly] = Worker(Towers(_Device(2), FakeSounds()), 2)
    assembly = Assembly()
    items = [prepared(tower, seed) for seed in range(4) for tower in TowerInput]
    for item in items:
        worker.add(assembly, item)
    worker.flush()
    assembly.asset = ASSET
    ordinals = [e.moment.ordinal for e in _indexed(assembly).embeddings]
    assert ordinals == [item.moment.ordinal for item in items]


class _Nan(_Device):
    """NaN for dark pictures."""

    def submit_images(self, pixels: Sequence[Pixels]) -> Pending[Embedded]:
        sent = super().submit_images(pixels)
        assert isinstance(sent, _Sent)
        return Then(sent, lambda embedded: _dark_is_nan(embedded, pixels))


def _dark_is_nan(embedded: Embedded, pixels: Sequence[Pixels]) -> Embedded:
    for row, picture in enumerate(pixels):
        if not picture.any():
            embedded.vectors["fake"][row] = np.nan
    return embedded


def test_a_file_that_failed_is_told_of_once_though_more_of_it_is_on_its_way() -> None:
    worker: Worker[Assembly] = Worker(Towers(_Nan(2), FakeSounds()), 2)
    bad, good = Assembly(asset=ASSET), [Assembly(asset=ASSET) for _ in range(6)]
    dark = replace(
        prepared(TowerInput.PICTURE, 9), data=PreparedInput((np.zeros((16, 16, 3), np.uint8),))
    )
    told = [worker.add(bad, dark), worker.add(good[0], prepared(TowerInput.PICTURE, 0))]
    told += [worker.add(bad, prepared(TowerInput.PICTURE, 1))]
    for seed, assembly in enumerate(good[1:], 1):
        told.append(worker.add(assembly, prepared(TowerInput.PICTURE, seed)))
    told.append(worker.flush())
    assert sum(bad in filled for filled in told) == 1
    assert bad.indexed() is None
    assert bad.fault is not None and "not finite" in bad.fault.reason
    assert all(assembly.indexed() is not None for assembly in good)


def test_pixels_are_let_go_of_when_they_are_submitted() -> None:
    device = _Device(2)
    worker: Worker[Assembly] = Worker(Towers(device, FakeSounds()), 2)
    pixels = [prepared(TowerInput.PICTURE, seed) for seed in (1, 2)]
    seen = [weakref.ref(item.data.parts[0]) for item in pixels]
    for item in pixels:
        worker.add(Assembly(), item)
    del pixels, item
    device.out[0].pixels = ()
    assert all(ref() is None for ref in seen)
