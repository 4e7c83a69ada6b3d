"""Read the items of a JSON list while a model still writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_DECODER = json.JSONDecoder()


class JsonItems:
    """The items of the list under a key of an object, each as soon as it is whole.

    Only objects are read, since no other item says by itself where it ends. What cannot be read
    yields nothing.
    """

    def __init__(self, key: str) -> None:
        self._opening = json.dumps(key)
        self._text = ""
        self._at: int | None = None

    def feed(self, piece: str) -> Iterator[dict[str, Any]]:
        """Yield the items that end in a piece of the text."""
        self._text += piece
        if self._at is None:
            key = self._text.find(self._opening)
            opened = self._text.find("[", key) if key >= 0 else -1
            if opened < 0:
                return
            self._at = opened + 1
        if "}" not in piece:
            return
        while (begin := self._text.find("{", self._at)) >= 0:
            try:
                item, end = _DECODER.raw_decode(self._text, begin)
            except (ValueError, RecursionError):
                return
            self._at = end
            yield item
