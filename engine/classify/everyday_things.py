"""Things that are looked for in pictures and videos where nobody says which."""

from __future__ import annotations

EVERYDAY_THINGS = (
    "people", "a face", "a child", "a dog", "a cat", "a bird", "a horse", "an insect", "flowers",
    "trees", "a forest", "mountains", "a beach", "the sea", "a river", "snow", "the sky",
    "a sunset", "a street", "a car", "a train", "a boat", "an airplane", "a bicycle",
    "a building", "a bridge", "a church", "a room", "a kitchen", "furniture", "food", "a drink",
    "a book", "a computer", "a screenshot", "a document", "a map", "a drawing", "a painting",
    "a statue", "sports", "a concert", "a toy", "clothes", "fire", "the moon", "a clock", "fruit",
    "fish", "a garden",
)  # fmt: skip
"""Things of everyday life, as a text asks for one."""
