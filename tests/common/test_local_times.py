"""Many times at once are what one is, in every zone, also where clocks were changed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from engine.common.local_time import SECOND, iso_of
from engine.common.local_times import isos_of

pytestmark = pytest.mark.slow

ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_many_times_are_what_each_is(zone: str) -> None:
    drawn = np.random.default_rng(5)
    # The quarter hours of a leap year have both changes of a clock; the rest goes far back and on.
    near = 1_700_000_000 + np.arange(0, 366 * 86_400, 900) + 1
    far = drawn.integers(-8_000_000_000, 8_000_000_000, 2_000)
    times = np.concatenate([near, far]) * SECOND + 7
    assert isos_of(times) == [iso_of(each) for each in times.tolist()]


def test_no_times_are_none() -> None:
    assert isos_of(np.array([], np.int64)) == []
