"""Items of many requests go together, and each has its own result or its own fault."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress

import pytest

from engine.server.load.admission import Admission, DeadlineMissed, Overloaded
from engine.server.load.batcher import Batcher, BatchLimits


class Encoder:
    """Doubles numbers; 13 is a fault of a whole call, and calls wait for a gate."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, items):
        self.calls.append([*items])
        self.gate.wait()
        if 13 in items:
            raise ValueError("13")
        return [2 * item for item in items]


def prepare(raw: int) -> int:
    if raw < 0:
        raise ValueError(f"{raw} cannot be decoded")
    return raw


@contextmanager
def batching(
    seconds: float = 30.0, prepare: Callable[[int], int] = prepare, at_a_time: int = 1, **limits
):
    preparing, encoding = Admission(2, 1000, seconds), Admission(at_a_time, 1, seconds)
    encoder = Encoder()
    batcher = Batcher(
        prepare, encoder, preparing=preparing, encoding=encoding, limits=BatchLimits(**limits)
    )
    try:
        yield batcher, encoder
    finally:
        encoder.gate.set()
        preparing.close()
        encoding.close()


def sized(*items: int) -> list[tuple[int, int]]:
    return [(item, 10) for item in items]


def run(main) -> None:
    asyncio.run(asyncio.wait_for(main(), 30))


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0)


def test_items_of_many_requests_go_together_and_keep_their_order():
    async def main() -> None:
        with batching() as (batcher, encoder):
            encoder.gate.clear()
            first = asyncio.create_task(batcher.submit(sized(0)))
            await until(lambda: encoder.calls == [[0]])
            others = [asyncio.create_task(batcher.submit(sized(n, n + 4))) for n in (1, 2, 3)]
            await until(lambda: batcher._waiting == 6)
            encoder.gate.set()
            assert await first == [0]
            assert [await other for other in others] == [[2, 10], [4, 12], [6, 14]]
            assert [sorted(call) for call in encoder.calls] == [[0], [1, 2, 3, 5, 6, 7]]
            assert batcher.items == batcher.nbytes == 0

    run(main)


def test_a_request_of_many_items_lets_others_have_their_turn():
    async def main() -> None:
        with batching(batch=3, preparing=10) as (batcher, encoder):
            encoder.gate.clear()
            first = asyncio.create_task(batcher.submit(sized(0)))
            await until(lambda: encoder.calls == [[0]])
            many = asyncio.create_task(batcher.submit(sized(1, 2, 3, 4, 5)))
            await until(lambda: batcher._waiting == 5)
            late = asyncio.create_task(batcher.submit(sized(9)))
            await until(lambda: batcher._waiting == 6)
            encoder.gate.set()
            await asyncio.gather(first, many, late)
            assert 9 in encoder.calls[1] and [len(call) for call in encoder.calls] == [1, 3, 3]

    run(main)


def test_two_calls_run_side_by_side_and_share_what_is_inside():
    async def main() -> None:
        with batching(at_a_time=2, preparing=10, linger=30.0) as (batcher, encoder):
            encoder.gate.clear()
            many = asyncio.create_task(batcher.submit(sized(*range(7))))
            await until(lambda: len(encoder.calls) == 2)  # neither has ended
            assert [len(call) for call in encoder.calls] == [4, 3]
            late = asyncio.create_task(batcher.submit(sized(9)))
            await until(lambda: batcher._waiting == 1)
            assert len(encoder.calls) == 2
            encoder.gate.set()
            assert await many == [2 * n for n in range(7)] and await late == [18]

    run(main)


def test_of_32_items_a_bad_one_costs_only_itself():
    async def main() -> None:
        with batching(batch=32) as (batcher, _encoder):
            items = [
                n if n != 5 else -5 for n in range(32)
            ]  # cannot be decoded; and 13 not encoded
            results = await batcher.submit(sized(*items))
            for n, result in enumerate(results):
                if n in (5, 13):
                    assert isinstance(result, ValueError) and str(n) in str(result)
                else:
                    assert result == 2 * n
            assert await batcher.submit(sized(1)) == [2]

    run(main)


def test_a_slow_item_holds_nobody_up():
    gate = threading.Event()

    def slow(raw: int) -> int:
        if raw == 7:
            gate.wait()
        return raw

    async def main() -> None:
        with batching(prepare=slow, linger=0.0) as (batcher, _):
            stuck = asyncio.create_task(batcher.submit(sized(7)))
            assert await batcher.submit(sized(1, 2)) == [2, 4]
            assert not stuck.done()
            gate.set()
            assert await stuck == [14]

    run(main)


def test_an_item_waits_for_those_on_their_way_and_no_longer():
    gate = threading.Event()

    def slow(raw: int) -> int:
        if raw == 2:
            gate.wait()
        return raw

    async def main() -> None:
        with batching(prepare=slow, linger=20.0) as (batcher, encoder):
            both = asyncio.create_task(batcher.submit(sized(1, 2)))
            await until(lambda: batcher._waiting == 1)
            assert not encoder.calls
            gate.set()
            assert await both == [2, 4]
            assert len(encoder.calls) == 1

    run(main)


def test_what_is_full_refuses_by_items_and_by_bytes():
    async def main() -> None:
        with batching(items=3, nbytes=25) as (batcher, encoder):
            encoder.gate.clear()
            first = asyncio.create_task(batcher.submit(sized(1)))
            await until(lambda: encoder.calls == [[1]])
            for items in (sized(1, 2, 3), [(1, 16)]):
                with pytest.raises(Overloaded):
                    await batcher.submit(items)
            second = asyncio.create_task(batcher.submit([(2, 15)]))
            encoder.gate.set()
            assert (await first, await second) == ([2], [4])
            assert await batcher.submit([(3, 99)]) == [6]  # alone, what is large is let in

    run(main)


def test_who_goes_away_takes_the_waiting_items_along():
    async def main() -> None:
        with batching() as (batcher, encoder):
            encoder.gate.clear()
            first = asyncio.create_task(batcher.submit(sized(1)))
            await until(lambda: encoder.calls == [[1]])
            gone, other = (asyncio.create_task(batcher.submit(sized(n))) for n in (2, 3))
            await until(lambda: batcher._waiting == 2)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            encoder.gate.set()
            assert (await first, await other) == ([2], [6])
            assert encoder.calls == [[1], [3]]

    run(main)


def test_a_call_that_does_not_end_is_a_missed_deadline_and_no_place_for_ever():
    async def main() -> None:
        with batching(seconds=0.05) as (batcher, encoder):
            encoder.gate.clear()
            with pytest.raises(DeadlineMissed):
                await batcher.submit(sized(1))
            with pytest.raises(DeadlineMissed):
                await batcher.submit(sized(2))
            assert batcher.items == 0
            encoder.gate.set()
            result = None
            while result != [6]:  # when the stuck call has ended
                with suppress(DeadlineMissed):
                    result = await batcher.submit(sized(3))

    run(main)
