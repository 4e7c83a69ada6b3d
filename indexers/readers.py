"""Threads that read jobs side by side, into the queue of the one who called them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from typing import TypeVar

from engine.common.blas_threads import one_thread_a_product
from indexers.bounded_queue import BoundedQueue, Stopped

_Job = TypeVar("_Job")
_Item = TypeVar("_Item")


@contextmanager
def reading(
    jobs: Iterator[_Job],
    read: Callable[[_Job], None],
    queue: BoundedQueue[_Item],
    threads: int,
    name: str,
) -> Iterator[None]:
    """Have threads read the jobs for the length of a ``with``; none is left at its end.

    Args:
        read: puts what comes of one job into ``queue``. What it raises is raised by the
            queue, and ends the thread; ``Stopped`` ends it without a word.
        queue: of as many producers as there are ``threads``.
        name: of the threads, before a number.
    """
    next_job = Lock()

    def work() -> None:
        error: BaseException | None = None
        try:
            while True:
                with next_job:
                    job = next(jobs, None)
                if job is None:
                    break
                read(job)
        except Stopped:
            pass
        except BaseException as raised:
            error = raised
        finally:
            queue.finish(error)

    started = [Thread(target=work, name=f"{name}-{number}") for number in range(threads)]
    with one_thread_a_product():  # the cores are taken
        try:
            for thread in started:
                thread.start()
            yield
        finally:
            queue.stop()
            for thread in started:
                if thread.ident is not None:
                    thread.join()
