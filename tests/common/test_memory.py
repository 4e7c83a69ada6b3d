"""Memory that ran out is told from everything else, whoever says so."""

from __future__ import annotations

import errno
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from engine.common.memory import is_out_of_memory
from engine.common.optional_package import importing
from engine.errors import ExtraMissing, OutOfMemory, UsageError


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        np._core._exceptions._ArrayMemoryError((9, 9), np.dtype("f4")),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        RuntimeError("std::bad_alloc"),
        ImportError("libfoo.so: failed to map segment from shared object"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
    ids=str,
)
def test_words_and_classes_of_memory_are_known(error):
    assert is_out_of_memory(error)
    try:
        raise UsageError("something else") from error
    except UsageError as outer:
        assert is_out_of_memory(outer)


@pytest.mark.parametrize(
    "error", [None, ValueError("out of memory of old songs"), OSError(errno.ENOSPC, "full")]
)
def test_other_errors_are_none(error):
    assert not is_out_of_memory(error)


def _import(error: Exception) -> None:
    with importing("the bridge", "speech", "bridge"):
        raise error


def test_a_package_is_missing_only_where_it_is_not_installed():
    with pytest.raises(ExtraMissing):
        _import(ModuleNotFoundError("No module named 'bridge'", name="bridge"))
    with pytest.raises(UsageError, match="is installed, but does not load") as error:
        _import(ModuleNotFoundError("No module named 'part'", name="part"))
    assert not isinstance(error.value, ExtraMissing)
    with pytest.raises(OutOfMemory, match="there is not enough memory"):
        _import(ImportError("bridge.so: failed to map segment from shared object"))
    with pytest.raises(OutOfMemory):
        _import(MemoryError())


def test_what_was_freed_is_given_back_to_the_system():
    program = (
        "from engine.common.memory import give_back_memory, resident_bytes\n"
        "blocks = [bytearray(100_000) for _ in range(2_000)]\n"
        "last = blocks.pop(); del blocks\n"  # The last one keeps the heap from shrinking.
        "kept = resident_bytes(); give_back_memory(); print(kept, resident_bytes())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    kept, left = map(int, done.stdout.split())
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("the C library cannot")
    assert kept - left > 100 * 2**20


_PRODUCT = """
import resource
from engine.common import memory
def limit(spare):
    size = memory._mapped_bytes() + spare
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
"""


def _under_limit(script: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", _PRODUCT + script]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(words, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc")
def test_products_have_their_room_before_it_is_gone():
    """Where it is gone before, OpenBLAS ends the process with words of its own."""
    script = """
limit(2**29); memory.save_address_space(); memory.reserve_for_products()
import numpy as np
limit(2**22); square = np.ones((64, 64), np.float32); print((square @ square).sum())
"""
    done = _under_limit(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "262144.0\n", "")
    done = _under_limit("limit(2**26); memory.reserve_for_products()")
    assert done.stderr.endswith("MemoryError\n")
