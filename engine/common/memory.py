"""Memory that ran out, and limits of it: told in time, and told from everything else.

Every library says in its own words that memory ran out, or does not say it: OpenBLAS, which
FAISS, OpenCV and NumPy bring along, jumps to address 0 where it cannot map its buffers. So
where the address space of a process is limited (``ulimit -v``), there has to be enough of it
before such a library is loaded.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import sys
import threading
from pathlib import Path

_WORDS = re.compile(
    r"can't start new thread|bad.?alloc|cannot allocate memory|failed to map segment"
    r"|can't allocate memory|cannot allocate .* static TLS|unable to allocate"
    r"|failed to allocate memory|not enough memory|out of memory|malloc of size"
    r"|cannot create thread|pthread_create|resource temporarily unavailable.*thread"
    r"|ThreadPoolBuildError",
    re.IGNORECASE,
)
"""The messages of Python's threads, C++, the dynamic loader, PyTorch, NumPy, ONNX, Arrow."""
_FLOOR, _EACH = 256 * 2**20, 96 * 2**20
"""Bytes that a library with an OpenBLAS maps while it is loaded, and those for each thread:
FAISS 211 MB with one thread and 345 MB with two, OpenCV 175 and 305."""
_FOR_PRODUCTS = 224 * 2**20
"""Bytes for NumPy, 83 MB, for two buffers of its OpenBLAS, 64, and for two threads."""
_SCARCE = 4 * 2**30
"""Under a limit of so many bytes a process is made to take less: `index` maps 2.6 GB with two
threads, of which it uses 0.5."""
_NEAR = 64 * 2**20
"""Bytes below a limit from which on it counts as reached: a heap of a thread is as large."""
_M_ARENA_MAX = -8
"""The parameter of glibc's mallopt that limits the heaps of threads, each of which maps 64 MB."""
_FOREIGN = ("onnxruntime", "pyarrow", "torch", "av", "pyo3_runtime")
_CLASSES = (RuntimeError, OSError, ImportError)


def is_out_of_memory(error: BaseException | None) -> bool:
    """Tell whether an error, or one that led to it, says that memory ran out."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return True
        foreign = type(error).__module__.startswith(_FOREIGN)
        if (foreign or isinstance(error, _CLASSES)) and _WORDS.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def address_space_limit() -> int | None:
    """Return the limit of this process's address space in bytes; None where there is none."""
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit in (resource.RLIM_INFINITY, -1) else limit


def has_room_for_blas() -> bool:
    """Tell whether a library that brings an OpenBLAS along can be loaded without a crash."""
    limit = address_space_limit()
    if limit is None:
        return True
    mapped = _mapped_bytes()
    return mapped is None or limit - mapped >= _FLOOR + _EACH * _blas_threads()


def has_room_for(nbytes: int) -> bool:
    """Tell whether so many bytes can be mapped, where the address space is limited to little."""
    limit = address_space_limit()
    if limit is None or limit >= _SCARCE:
        return True
    mapped = _mapped_bytes()
    return mapped is None or limit - mapped >= nbytes


def _mapped_bytes() -> int | None:
    """Return the address space that this process takes, in bytes; None on no Linux."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _blas_threads() -> int:
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        if (count := os.environ.get(name, "")).isdecimal() and int(count):
            return int(count)
    return os.cpu_count() or 1


def is_scarce() -> bool:
    """Tell whether the address space of this process is limited to little."""
    limit = address_space_limit()
    return limit is not None and limit < _SCARCE


def may_lack_memory(error: BaseException) -> bool:
    """Tell whether an error that nobody expects may come of memory that ran out.

    Under a limit that was reached, code of C ends in whatever error: Python's own raises
    ``SystemError: error return without exception set``.
    """
    limit = address_space_limit()
    if limit is None or limit >= _SCARCE:
        return False
    return isinstance(error, SystemError) or limit - _most_mapped_bytes() < _NEAR


def _most_mapped_bytes() -> int:
    """Return the most address space that this process has taken, in bytes; 0 on no Linux."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmPeak:"))
    except (OSError, ValueError, IndexError, StopIteration):
        return 0


def save_address_space() -> None:
    """Make this process map less, where it is limited to little. Before threads are started.

    One heap for all threads, and one thread for each product; what is computed stays the same.
    """
    if not is_scarce():
        return
    for name in ("OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):  # of FAISS, of tokenizers
        os.environ.setdefault(name, "1")
    # Arrow's own allocator begins a thread, and prints a line where it cannot.
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:  # which is glibc's alone
            mallopt(_M_ARENA_MAX, 1)


def reserve_for_products() -> None:
    """Have NumPy's OpenBLAS map its buffers now, where the address space is limited to little.

    It maps 32 MB when it first multiplies, one such for each product that runs at the time; where
    there is no room for it any more, it prints a line of its own and ends the process.

    Raises:
        MemoryError: there is no room now.
    """
    limit = address_space_limit()
    if limit is None or limit >= _SCARCE:
        return
    mapped = _mapped_bytes()
    if mapped is not None and limit - mapped < _FOR_PRODUCTS:
        raise MemoryError
    import numpy as np

    both = threading.Barrier(2)
    square = np.ones((512, 512), np.float32)

    def multiply() -> None:
        both.wait()
        _ = square @ square

    threads = [threading.Thread(target=multiply, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def give_back_memory() -> None:
    """Return to the system what this process has freed and keeps for later, where glibc can."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def resident_bytes(pid: int | None = None) -> int:
    """Return the memory of a process that is in use, in bytes; 0 where the system does not say.

    Args:
        pid: its number; None for this process.
    """
    try:
        pages = Path(f"/proc/{pid or 'self'}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
