"""The cache forgets what was not used for longest, and no more."""

from concurrent.futures import ThreadPoolExecutor

from engine.common.lru import LRUCache


def test_the_least_recently_used_value_is_dropped_first():
    cache: LRUCache[str, int] = LRUCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert ("a" in cache, "b" in cache, "c" in cache) == (True, False, True)
    assert len(cache) == 2


def test_a_value_is_made_once_and_then_kept():
    cache: LRUCache[str, int] = LRUCache(2)
    made = []
    for _ in range(2):
        assert cache.get_or_make("a", lambda: made.append(1) or 7) == 7
    assert len(made) == 1


def test_none_is_a_value_like_any_other():
    cache: LRUCache[str, None] = LRUCache(2)
    made = []
    for _ in range(2):
        cache.get_or_make("a", lambda: made.append(1))
    assert len(made) == 1
    cache.clear()
    assert "a" not in cache


def test_a_value_that_is_false_is_a_value():
    cache: LRUCache[str, float] = LRUCache(2)
    cache.put("a", 0.0)
    assert cache.get("a") == 0.0


def test_threads_share_it():
    cache: LRUCache[int, int] = LRUCache(50)

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
