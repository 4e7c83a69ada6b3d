"""Pictures whose captions say what the fake encoder's classes cannot, and tables of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from engine.testing.fake_encoder import FakeEncoder

SPACE = "fake-captions"
_KINDS = 12
"""Places, and as many times of day: each picture is of one of each."""


def words(place: int, hour: int) -> str:
    return f"harbour{place} morning{hour}"


def draw(folder: Path, numbers: Sequence[int]) -> list[tuple[Path, str]]:
    """Draw pictures, each the pattern of its place with that of its hour; with their captions."""
    side = FakeEncoder.image_size
    patterns = np.random.default_rng(5).normal(0, 22, (2, _KINDS, side, side, 3))
    drawn = []
    folder.mkdir(exist_ok=True)
    for number in numbers:
        place, hour = number % _KINDS, number // _KINDS % _KINDS
        noise = np.random.default_rng(number).normal(0, 4, (side, side, 3))
        pixels = (128 + patterns[0, place] + patterns[1, hour] + noise).clip(0, 255)
        file = folder / f"{number:03}.png"
        Image.fromarray(pixels.astype(np.uint8)).save(file)
        drawn.append((file, words(place, hour)))
    return drawn


def table(file: Path, drawn: Sequence[tuple[Path, str]]) -> Path:
    """Write captions, two of each picture: its own words, and the same the other way round."""
    lines = []
    for path, caption in drawn:
        for text in (caption, " ".join(reversed(caption.split()))):
            lines.append(json.dumps({"path": str(path), "caption": text}))
    file.write_text("\n".join(lines) + "\n")
    return file


def unrelated(file: Path, drawn: Sequence[tuple[Path, str]]) -> Path:
    """Write captions that have nothing to do with the pictures."""
    rng = np.random.default_rng(3)
    lines = [
        json.dumps({"path": str(path), "caption": f"nothing{rng.integers(1000)} at all"})
        for path, _ in drawn
    ]
    file.write_text("\n".join(lines) + "\n")
    return file
