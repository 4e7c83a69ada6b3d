"""Choose the index structure for a number of vectors. Pure, and the figures behind it.

Measured on 59,000 sentence vectors (384-d, FAISS 1.15, one thread; benchmarks/index.py):

- Exact search in float16 takes 30 to 50 ns a vector: at 10,000 half a millisecond, beside which
  the rest of a query is long.
- In the middle, a fast scan of 4-bit product codes over *all* vectors, re-scored
  exactly, finds more than a graph in a little more time (0.994 in 0.33 ms; HNSW32, built
  with efConstruction 200, 0.982 in 0.24 ms), takes a second to build where HNSW takes
  seventeen, is deterministic, and does not care how far a query lies from the vectors.
- For the large, an inverted file in front of the same codes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

EXACT = "SQfp16"
EXACT_ROWS = 10_000
"""Up to here exact search is fast enough."""
SCAN_ROWS = 200_000
"""Up to here all codes are scanned."""
_ID_BYTES = 8


def choose_key(count: int, dim: int, memory_budget: int, target_recall: float) -> str:
    """Return the FAISS factory key for ``count`` vectors.

    All keys but ``SQfp16`` are meant to be re-scored with the exact vectors, which stay
    on disk and are not counted.

    Args:
        count: vectors to hold.
        dim: of each.
        memory_budget: bytes that the index may take.
        target_recall: recall@10 to reach; 1 or more means exact search.
    """
    if target_recall >= 1 or (count <= EXACT_ROWS and 2 * dim * count <= memory_budget):
        return EXACT
    lists = 1 if count <= SCAN_ROWS else _lists(count)
    return f"IVF{lists},{_codes(count, dim, memory_budget)}"


def _lists(count: int) -> int:
    """Return the power of two at or below 4 sqrt(n).

    Twice as many train four times as long, and gave the same recall in the same time.
    """
    return int(2 ** math.floor(math.log2(4 * math.sqrt(count))))


def _codes(count: int, dim: int, memory_budget: int) -> str:
    """Return the finest codes that the budget has room for.

    They take two bits a dimension, one, or half a bit, below which too much would have to be scored
    exactly.
    """
    for subspaces in _subspaces(dim):
        if count * (subspaces / 2 + _ID_BYTES) <= memory_budget:
            break
    else:
        subspaces = min(_subspaces(dim), default=0)
    # A dimension without divisors has no product code; RaBitQ takes a bit of each.
    return f"PQ{subspaces}x4fs" if subspaces else "RaBitQfs"


def _subspaces(dim: int) -> list[int]:
    """Return the numbers of 4-bit subspaces to try, which divide ``dim``, the most first."""
    wanted = (dim // 2, dim // 4, dim // 8)
    return [n for n in wanted if n and dim % n == 0]


def fallbacks(key: str) -> Iterator[str]:
    """Yield what to build where ``key`` misses its target: itself first, exact last."""
    yield key
    if key != EXACT:
        yield EXACT
