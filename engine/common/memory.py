"""Telling that memory ran out, which every library says in its own words."""

from __future__ import annotations

import errno
import re

_WORDS = re.compile(
    r"can't start new thread|bad.?alloc|cannot allocate memory|failed to map segment"
    r"|can't allocate memory|cannot allocate .* static TLS|unable to allocate"
    r"|failed to allocate memory|not enough memory|out of memory|malloc of size"
    r"|cannot create thread|pthread_create|resource temporarily unavailable.*thread",
    re.IGNORECASE,
)
"""The messages of Python's threads, C++, the dynamic loader, PyTorch, NumPy, ONNX, Arrow."""
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
        foreign = type(error).__module__.startswith(("onnxruntime", "pyarrow", "torch", "av"))
        if (foreign or isinstance(error, _CLASSES)) and _WORDS.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False
