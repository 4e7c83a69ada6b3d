"""The towers of a library, with the head of sounds that it has learned.

The revision of the shared space names the head, and the head lies in a file of that
name. So one row of the catalog says where sounds lie, for everybody who opens the
library, and a process that has it open follows when another one changes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.encoders import projection
from engine.encoders.projection import WAY_OUT, Projection
from engine.encoders.towers import Towers
from engine.errors import EncoderUnavailable
from engine.store import Store

FOLDER = "heads"


def head_file(library: Path, head: str) -> Path:
    """Return the file of the head of that revision."""
    return library / FOLDER / f"{head}.safetensors"


class LibraryTowers:
    """The towers that a library is indexed and searched with, those of every space.

    Args:
        make: the encoder of that name with its bridges and without a head; asked at the
            first use of each.
    """

    def __init__(self, store: Store, make: Callable[[str], Towers]) -> None:
        self._store = store
        self._make = make
        self._plain: dict[str, Towers] = {}
        self._aligned: dict[str, Towers] = {}

    @property
    def plain(self) -> Towers:
        """The towers of the default space, without a head."""
        return self._plain_of(self._store.encoder)

    def now(self) -> Towers:
        """Return the towers of the default space, as ``of`` has them."""
        return self.of(self._store.encoder)

    def of(self, encoder: str) -> Towers:
        """Return the towers of an encoder.

        They have the head that the library has for it in this thread's snapshot of the catalog.

        Raises:
            EncoderUnavailable: no encoder has that name, or its head is lost or damaged.
        """
        plain = self._plain_of(encoder)
        head = self._head(plain)
        if not head:
            return plain
        aligned = self._aligned.get(encoder)
        if aligned is None or aligned.head is None or aligned.head.revision != head:
            aligned = self._aligned[encoder] = replace(plain, head=self._load(head))
        return aligned

    def _plain_of(self, encoder: str) -> Towers:
        if encoder not in self._plain:
            self._plain.setdefault(encoder, self._make(encoder))
        return self._plain[encoder]

    def _head(self, plain: Towers) -> str:
        spaces = self._store.spaces()
        if not any(space.head for space in spaces.values()):
            return ""  # which spares asking an encoder for its space, and so loading it
        shared = spaces.get(plain.shared.name)
        return shared.head if shared else ""

    def _load(self, head: str) -> Projection:
        file = head_file(self._store.path, head)
        loaded = projection.load(file)
        if loaded.revision != head:
            raise EncoderUnavailable(f"{file} is another head than its name says; {WAY_OUT}")
        return loaded
