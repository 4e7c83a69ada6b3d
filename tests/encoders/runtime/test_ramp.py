"""Sizes of batches on a device that is only told of: growing, running out, halving."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

from engine.encoders.runtime.backoff import BackOff
from engine.encoders.runtime.ramp import ramp
from engine.errors import SensoriumError


class _Full(Exception):
    """Memory ran out."""


class _Device:
    """Takes a fixed time for every batch and some for a picture, and holds so many."""

    def __init__(self, fixed: float, each: float, holds: int = 10**9) -> None:
        self.fixed, self.each, self.holds = fixed, each, holds
        self.tried: list[int] = []

    def seconds(self, size: int) -> float:
        self.tried.append(size)
        if size > self.holds:
            raise _Full
        return self.fixed + self.each * size


@pytest.mark.parametrize(
    ("fixed", "each", "holds", "expected"),
    [
        (0.0, 1.0, 10**9, 8),  # larger batches win nothing
        (8.0, 1.0, 10**9, 128),  # 136/128 of the best; 256 gains less than 5 %
        (10**6, 1.0, 10**9, 512),  # always worth it: the most
        (10**6, 1.0, 100, 64),
        (0.0, 1.0, 5, 4),
        (0.0, 1.0, 1, 1),
        (0.0, 1.0, 0, 1),
    ],
)
def test_the_size_is_where_larger_ones_gain_little_or_do_not_fit(fixed, each, holds, expected):
    device = _Device(fixed, each, holds)
    assert ramp(device.seconds, _Full) == expected
    assert len(device.tried) == len(set(device.tried)), "no size is tried twice"


@pytest.mark.parametrize("most", [1, 5, 8, 9, 200])
def test_nothing_past_the_most_is_tried(most):
    device = _Device(10**6, 1.0)
    size = ramp(device.seconds, _Full, most=most)
    assert max(device.tried) <= most
    assert size == max(device.tried)


class _Tower:
    """Doubles numbers, at most so many at a time."""

    def __init__(self, holds: int) -> None:
        self.holds = holds
        self.sizes: list[int] = []
        self.released = 0
        self.scratch: list[weakref.ref[np.ndarray]] = []

    def run(self, items):
        scratch = np.zeros(len(items))
        self.scratch.append(weakref.ref(scratch))
        if len(items) > self.holds:
            raise _Full
        self.sizes.append(len(items))
        return np.array(items, np.float32)[:, None] * 2

    def release(self) -> None:
        assert all(ref() is None for ref in self.scratch), "the failed batch is still held"
        self.released += 1


@pytest.mark.parametrize("holds", [1, 3, 7, 16, 100])
@pytest.mark.parametrize("count", [1, 16, 37])
def test_every_item_keeps_its_vector_when_memory_runs_out(holds, count):
    tower = _Tower(holds)
    run = BackOff(tower.run, _Full, tower.release, 16)
    items = list(range(count))
    np.testing.assert_array_equal(run(items)[:, 0], [2.0 * i for i in items])
    assert sum(tower.sizes) == count
    if min(count, 16) > holds:
        assert run.size <= holds and tower.released


def test_the_smaller_size_stays():
    tower = _Tower(4)
    run = BackOff(tower.run, _Full, tower.release, 16)
    run(list(range(16)))
    before = tower.released
    run(list(range(16)))
    assert tower.released == before


def test_a_single_one_that_does_not_fit_is_one_clear_line():
    run = BackOff(_Tower(0).run, _Full, lambda: None, 4)
    with pytest.raises(SensoriumError, match="SENSORIUM_DEVICE=cpu") as caught:
        run([1, 2, 3])
    assert "\n" not in str(caught.value)


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    def broken(_):
        raise KeyError("why")

    with pytest.raises(KeyError):
        BackOff(broken, _Full, lambda: None, 4)([1])
    with pytest.raises(KeyError):
        ramp(broken, _Full)
