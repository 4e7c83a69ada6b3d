"""The cache forgets the least recently used, and threads can share it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from engine.query.rerank.cache import Cache, fingerprint


def test_the_least_recently_used_goes_first():
    cache: Cache[str, int] = Cache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)


def test_a_value_that_is_false_is_a_value():
    cache: Cache[str, float] = Cache(2)
    cache.put("a", 0.0)
    assert cache.get("a") == 0.0


def test_threads_share_it():
    cache: Cache[int, int] = Cache(50)

    def work(seed: int) -> bool:
        for i in range(2000):
            key = (i * seed) % 80
            cache.put(key, key)
            if (found := cache.get((key + 1) % 80)) is not None and found != (key + 1) % 80:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(1, 17)))
    assert len(cache) == 50


def test_other_contents_have_other_fingerprints():
    assert fingerprint("a") == fingerprint(b"a") != fingerprint("b")
