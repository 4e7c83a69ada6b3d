"""Vectors that were paid for and could not be used yet: kept until they are asked for again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from engine.common.atomic_write import whole
from engine.config import Settings
from engine.encoders.http.dialects import EmbeddingInput, Row

_FOLDER = "http"


class UnusedRows:
    """Rows of one space by what was embedded, in a file of the cache between two runs.

    A run that ends because its server does had part of a batch answered. What was answered
    is not asked for, and not paid, a second time.
    """

    def __init__(self, settings: Settings, space: str) -> None:
        name = hashlib.blake2b(space.encode(), digest_size=16).hexdigest()
        self._file = Path(settings.cache) / _FOLDER / f"{name}.npz"
        self._rows: dict[str, Row] | None = None

    def take(self, key: str) -> Row | None:
        """Return the row of an item, by ``key_of``, and let go of it; None where there is none."""
        rows = self._read()
        row = rows.pop(key, None)
        if row is not None and not rows:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)
        return row

    def keep(self, rows: Mapping[str, Row]) -> None:
        """Keep rows beside those that are there. A cache that takes nothing costs what it costs."""
        found = {**self._read(), **rows}
        if not found:
            return
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with whole(self._file) as draft, draft.open("wb") as stream:
                np.savez(stream, keys=np.array(list(found)), rows=np.stack(list(found.values())))
        self._rows = found

    def _read(self) -> dict[str, Row]:
        if self._rows is None:
            self._rows = {}
            with suppress(OSError, ValueError, KeyError), np.load(self._file) as kept:
                rows = np.asarray(kept["rows"], np.float32)
                self._rows = dict(zip(kept["keys"].tolist(), rows, strict=True))
        return self._rows


def key_of(item: EmbeddingInput, asks: bool) -> str:
    """Return what stands for an item: the hash of its content and of how it is asked."""
    content = f"{item.kind}{int(asks)}".encode() + item.content
    return hashlib.blake2b(content, digest_size=16).hexdigest()
