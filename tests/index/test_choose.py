"""The choice of a structure is a pure function, and this is its table."""

from __future__ import annotations

import pytest

from engine.index.choose import choose_key, fallbacks

GIB = 2**30


@pytest.mark.parametrize(
    ("count", "dim", "memory", "recall", "key"),
    [
        # small: exact
        (0, 384, GIB, 0.95, "SQfp16"),
        (10_000, 384, GIB, 0.95, "SQfp16"),
        (10_000, 1280, GIB, 0.95, "SQfp16"),
        # in the middle: all codes are scanned
        (20_001, 384, GIB, 0.95, "IVF1,PQ192x4fs"),
        (59_000, 384, GIB, 0.98, "IVF1,PQ192x4fs"),
        (200_000, 512, GIB, 0.95, "IVF1,PQ256x4fs"),
        # large: lists, a power of two near 4 sqrt(n)
        (200_001, 384, GIB, 0.95, "IVF1024,PQ192x4fs"),
        (1_000_000, 384, GIB, 0.95, "IVF2048,PQ192x4fs"),
        (1_000_000, 512, GIB, 0.95, "IVF2048,PQ256x4fs"),
        (10_000_000, 384, 2 * GIB, 0.95, "IVF8192,PQ192x4fs"),
        (100_000_000, 384, 20 * GIB, 0.95, "IVF32768,PQ192x4fs"),
        # a tight budget takes coarser codes, and the coarsest where none fits
        (10_000_000, 384, 600 * 2**20, 0.95, "IVF8192,PQ96x4fs"),
        (10_000_000, 384, 400 * 2**20, 0.95, "IVF8192,PQ48x4fs"),
        (10_000_000, 384, 1, 0.95, "IVF8192,PQ48x4fs"),
        (10_000, 1280, 2**20, 0.95, "IVF1,PQ160x4fs"),
        # no divisor: a bit a dimension
        (1_000_000, 383, GIB, 0.95, "IVF2048,RaBitQfs"),
        # everything is asked for
        (1_000_000, 384, 1, 1.0, "SQfp16"),
    ],
)
def test_the_table(count, dim, memory, recall, key):
    assert choose_key(count, dim, memory, recall) == key


def test_what_misses_its_target_falls_back_to_exact_search():
    assert list(fallbacks("IVF1,PQ192x4fs")) == ["IVF1,PQ192x4fs", "SQfp16"]
    assert list(fallbacks("SQfp16")) == ["SQfp16"]
