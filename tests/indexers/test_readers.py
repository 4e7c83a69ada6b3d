"""Threads that read, for the length of a block."""

from __future__ import annotations

from threading import Event

import pytest
from threadpoolctl import threadpool_limits

from indexers.bounded_queue import BoundedQueue, Drained
from indexers.readers import reading
from tests.common.test_blas_threads import threads


def test_all_jobs_are_read_and_products_beside_them_take_one_thread():
    queue: BoundedQueue[int] = BoundedQueue(10, writers=2)
    with threadpool_limits(2, user_api="blas"):
        with reading(iter(range(5)), queue.put, queue, 2, "test"):
            assert threads() == {1}
            assert sorted(queue.get() for _ in range(5)) == list(range(5))
            with pytest.raises(Drained):
                queue.get()
        assert threads() == {2}


def test_what_a_reader_raises_is_raised_by_the_queue():
    queue: BoundedQueue[int] = BoundedQueue(10, writers=1)

    def fail(_: int) -> None:
        raise OSError("gone")

    with reading(iter([1]), fail, queue, 1, "test"), pytest.raises(OSError, match="gone"):
        queue.get()


def test_leaving_early_stops_the_readers():
    queue: BoundedQueue[int] = BoundedQueue(1, writers=1)
    read, begun = [], Event()

    def put(job: int) -> None:
        read.append(job)
        begun.set()
        queue.put(job, 1)  # the second one waits for room that never comes

    with reading(iter(range(100)), put, queue, 1, "test"):
        assert begun.wait(60)
    assert len(read) <= 2
