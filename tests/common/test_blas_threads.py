"""Products of numpy on one thread, for as long as anybody asks."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from engine.common.blas_threads import one_thread_a_product


def threads() -> set[int]:
    """Of numpy's own library of products; others may be loaded by other tests."""
    np.ones((2, 2)) @ np.ones((2, 2))
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    own = [pool for pool in pools if "numpy" in pool["filepath"]] or pools[:1]
    return {pool["num_threads"] for pool in own}


def test_the_last_to_leave_takes_it_back():
    with threadpool_limits(2, user_api="blas"):
        assert threads() == {2}
        one, other = one_thread_a_product(), one_thread_a_product()
        one.__enter__()
        other.__enter__()
        assert threads() == {1}
        one.__exit__(None, None, None)
        assert threads() == {1}
        other.__exit__(None, None, None)
        assert threads() == {2}


def test_an_error_takes_it_back():
    with threadpool_limits(2, user_api="blas"):
        with pytest.raises(ValueError, match="inside"), one_thread_a_product():
            raise ValueError("inside")
        assert threads() == {2}
