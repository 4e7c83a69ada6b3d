"""What was read of one generation is no answer for another."""

from __future__ import annotations

from engine.query.generation_cache import GenerationCache


def test_a_value_is_read_once_a_generation():
    kept: GenerationCache[int] = GenerationCache()
    read: list[str] = []

    def get(generation: int, key: str) -> int:
        return kept.get(generation, key, lambda: read.append(key) or len(read))

    assert [get(1, "a"), get(1, "b"), get(1, "a")] == [1, 2, 1]
    assert [get(2, "a"), get(2, "a")] == [3, 3]
    assert get(1, "a") == 4, "a reader of an earlier generation is told nothing of a later one"
    assert read == ["a", "b", "a", "a"]
