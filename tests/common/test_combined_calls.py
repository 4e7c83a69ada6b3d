"""Calls of threads are combined while one of them runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from engine.common.combined_calls import CombinedCalls


class Gated:
    """Doubles numbers; its first call waits until it may go on."""

    def __init__(self) -> None:
        self.begun, self.gate, self.asked = Event(), Event(), []

    def __call__(self, items):
        self.asked.append([*items])
        self.begun.set()
        self.gate.wait()
        if -1 in items:
            raise ValueError("no")
        return [2 * item for item in items]


@pytest.fixture
def threads():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def waiting(combined, count) -> None:
    while len(combined._waiting) < count:
        pass


def test_one_caller_runs_at_once_and_alone():
    function = Gated()
    function.gate.set()
    combined = CombinedCalls(function)
    assert combined([1, 2]) == [2, 4]
    assert combined([]) == []
    assert function.asked == [[1, 2], []]


def test_who_comes_meanwhile_goes_together(threads):
    function = Gated()
    combined = CombinedCalls(function, most=3)
    first = threads.submit(combined, [1])
    function.begun.wait()
    others = []
    for number, items in enumerate(([2], [3], [4, 5], [6])):
        others.append(threads.submit(combined, items))
        waiting(combined, number + 1)
    function.gate.set()
    assert first.result() == [2]
    assert [other.result() for other in others] == [[4], [6], [8, 10], [12]]
    assert function.asked == [[1], [2, 3], [4, 5, 6]]


def test_a_fault_is_the_callers_own(threads):
    function = Gated()
    combined = CombinedCalls(function)
    first = threads.submit(combined, [1])
    function.begun.wait()
    bad = threads.submit(combined, [-1])
    waiting(combined, 1)
    good = threads.submit(combined, [2])
    waiting(combined, 2)
    function.gate.set()
    assert first.result() == [2] and good.result() == [4]
    with pytest.raises(ValueError, match="no"):
        bad.result()
    assert combined([3]) == [6]
