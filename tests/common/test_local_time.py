"""The user's clock: what a time on disk is called, and how a date of a filter bounds it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.common import local_time

OPERATORS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.fixture
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", "2024-06-30T22:30:00"),
        ("Asia/Tokyo", "2024-07-01T07:30:00"),
        ("America/Los_Angeles", "2024-06-30T15:30:00"),
        ("Pacific/Kiritimati", "2024-07-01T12:30:00"),
        ("Asia/Kathmandu", "2024-07-01T04:15:00"),
    ],
    indirect=["zone"],
)
def test_a_time_on_disk_is_the_date_that_the_user_sees(zone: str, shown: str) -> None:
    changed = int(datetime(2024, 6, 30, 22, 30, tzinfo=UTC).timestamp()) * local_time.SECOND
    assert local_time.iso_of(changed) == shown
    assert local_time.instant(shown) == changed


@pytest.mark.parametrize("zone", ["Asia/Tokyo"], indirect=True)
def test_a_time_with_a_zone_is_shown_by_the_users_clock(zone: str) -> None:
    assert local_time.shown("2024-06-30T22:30:05.123+00:00") == "2024-07-01 07:30:05"
    assert local_time.shown("") == ""


@given(
    st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),
    st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)) | st.none(),
    st.sampled_from([0, 4, 7, 10, 13, 16, 19]),
    st.sampled_from(list(OPERATORS)),
)
def test_a_bound_says_what_the_texts_say(
    changed: datetime, other: datetime | None, length: int, operator: str
) -> None:
    text = (other or changed).isoformat()[:length]
    exact = int(changed.replace(tzinfo=UTC).timestamp() * 10**6) * 1_000
    op, bound = local_time.bound(operator, text)
    said = OPERATORS[operator](local_time.iso_of(exact), text)
    assert OPERATORS[op](exact, bound) is said
