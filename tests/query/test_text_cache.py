"""Texts are embedded once."""

from __future__ import annotations

import numpy as np

from engine.query.text_cache import TextCache


class Counted:
    """An embedder that says what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, texts):
        self.asked.append(list(texts))
        return np.array([[len(text), 0.0] for text in texts], np.float32)


def test_a_text_is_embedded_once_and_new_ones_in_one_batch():
    embed = Counted()
    cache = TextCache(embed)
    cache.embed(["a", "bb"])
    found = cache.embed(["bb", "ccc", "bb", "dddd"])
    assert embed.asked == [["a", "bb"], ["ccc", "dddd"]]
    assert {text: row[0] for text, row in found.items()} == {"bb": 2, "ccc": 3, "dddd": 4}


def test_the_texts_asked_longest_ago_are_forgotten_first():
    embed = Counted()
    cache = TextCache(embed, most=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        cache.embed([text])
    assert embed.asked == [["a"], ["b"], ["c"], ["b"]]
