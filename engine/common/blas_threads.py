"""Limits on the threads that a product of numpy takes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any

_lock = Lock()
_inside = 0
_limited: Any = None


@contextmanager
def one_thread_a_product() -> Iterator[None]:
    """Run products of numpy on one thread each while in the block.

    For when the cores have threads of their own to run: those inside of a product wait for
    each other, and so a product that takes a millisecond takes thirty. The setting is the
    process's; the last to leave takes it back.
    """
    global _inside, _limited
    entered = False
    try:
        with _lock:
            if not _inside:
                _limited = _libraries(len(sys.modules)).limit(limits=1, user_api="blas")
            _inside, entered = _inside + 1, True
        yield
    finally:
        with _lock:
            _inside -= entered
            if not _inside and _limited is not None:
                _limited.restore_original_limits()


@lru_cache(maxsize=1)
def _libraries(_: int) -> Any:
    """Look anew for libraries of products once a module was imported: it takes 4 ms each time."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
