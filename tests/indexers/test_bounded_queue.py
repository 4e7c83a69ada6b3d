"""The queue between decoding and encoding: bounded in bytes, and it never hangs."""

from __future__ import annotations

import time
from threading import Thread

import pytest

from indexers.bounded_queue import BoundedQueue, Drained, Stopped


def _start(queue: BoundedQueue[int], sizes: list[int]) -> Thread:
    def write() -> None:
        try:
            for size in sizes:
                queue.put(size, size)
        except Stopped:
            pass
        finally:
            queue.finish()

    thread = Thread(target=write)
    thread.start()
    return thread


def _drain(queue: BoundedQueue[int]) -> tuple[list[int], int]:
    """Everything, and the most bytes that were seen waiting."""
    items, most = [], 0
    while True:
        most = max(most, queue.nbytes)
        try:
            item = queue.get()
        except Drained:
            return items, most
        assert item is not None
        items.append(item)


def test_many_writers_stay_within_the_limit() -> None:
    queue: BoundedQueue[int] = BoundedQueue(100, writers=4)
    sizes = [[(7 * i * (w + 1)) % 60 for i in range(200)] for w in range(4)]
    threads = [_start(queue, s) for s in sizes]
    items, most = _drain(queue)
    for thread in threads:
        thread.join()
    assert sorted(items) == sorted(item for writer in sizes for item in writer)
    assert 0 < most <= 100


def test_items_of_one_writer_keep_their_order() -> None:
    queue: BoundedQueue[int] = BoundedQueue(10, writers=1)
    thread = _start(queue, [3, 1, 4, 1, 5, 9, 2, 6])
    assert _drain(queue)[0] == [3, 1, 4, 1, 5, 9, 2, 6]
    thread.join()


def test_an_item_past_the_limit_passes_alone() -> None:
    queue: BoundedQueue[int] = BoundedQueue(10, writers=1)
    thread = _start(queue, [1, 50, 1])
    assert _drain(queue)[0] == [1, 50, 1]
    thread.join()


def test_stopping_frees_whoever_waits_for_room() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1, writers=2)
    threads = [_start(queue, [1] * 50), _start(queue, [1] * 50)]
    queue.stop()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    with pytest.raises(Stopped):
        queue.put(1)


def test_what_a_writer_died_of_reaches_the_reader() -> None:
    queue: BoundedQueue[int] = BoundedQueue(10, writers=2)
    queue.put(1)
    queue.finish(KeyError("why"))
    with pytest.raises(KeyError, match="why"):
        queue.get()


def test_reading_waits_no_longer_than_told() -> None:
    queue: BoundedQueue[int] = BoundedQueue(10, writers=1)
    assert queue.get(until=time.monotonic() - 1) is None
    queue.put(5)
    assert queue.get(until=time.monotonic() - 1) == 5
