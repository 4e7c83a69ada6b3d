"""The towers of a library, with the heads that it has learned: of sounds, and of captions.

The revision of the shared space names the head of sounds, that of the space of captions its
head, and a head lies in a file of that name. So one row of the catalog says where sounds or
pictures lie, for everybody who opens the library, and a process that has it open follows when
another one changes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.encoders import caption_head, projection
from engine.encoders.caption_head import CaptionHead
from engine.encoders.projection import WAY_OUT, Projection
from engine.encoders.towers import Towers
from engine.errors import EncoderUnavailable
from engine.store import Store

FOLDER = "heads"
_OF_CAPTIONS = "captions-"


def head_file(library: Path, head: str) -> Path:
    """Return the file of the head of that revision."""
    return library / FOLDER / f"{head}.safetensors"


def captions_file(library: Path, revision: str) -> Path:
    """Return the file of the head of captions of that revision."""
    return library / FOLDER / f"{_OF_CAPTIONS}{revision}.safetensors"


def is_captions_file(file: Path) -> bool:
    """Tell whether a file is of a head of captions."""
    return file.name.startswith(_OF_CAPTIONS)


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
        self._aligned: dict[str, tuple[tuple[str, str], Towers]] = {}

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
        head, captions = self._heads(plain)
        if not (head or captions):
            return plain
        aligned = self._aligned.get(encoder)
        if aligned is None or aligned[0] != (head, captions):
            learned = replace(
                plain,
                head=self._load(head) if head else None,
                captions=self._load_captions(captions) if captions else None,
            )
            aligned = self._aligned[encoder] = (head, captions), learned
        return aligned[1]

    def _plain_of(self, encoder: str) -> Towers:
        if encoder not in self._plain:
            self._plain.setdefault(encoder, self._make(encoder))
        return self._plain[encoder]

    def _heads(self, plain: Towers) -> tuple[str, str]:
        """Return the revisions of the heads of sounds and of captions; empty for none."""
        spaces = self._store.spaces()
        if not any(
            space.head or caption_head.is_of_captions(space.name) for space in spaces.values()
        ):
            return "", ""  # which spares asking an encoder for its space, and so loading it
        shared = spaces.get(plain.shared.name)
        captions = spaces.get(plain.shared.name + caption_head.SUFFIX)
        return shared.head if shared else "", captions.revision if captions else ""

    def _load_captions(self, revision: str) -> CaptionHead:
        return caption_head.load(captions_file(self._store.path, revision), revision)

    def _load(self, head: str) -> Projection:
        file = head_file(self._store.path, head)
        loaded = projection.load(file)
        if loaded.revision != head:
            raise EncoderUnavailable(f"{file} is another head than its name says; {WAY_OUT}")
        return loaded
