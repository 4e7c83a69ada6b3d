"""Late interaction over the pictures of a library: vectors are made once a picture, and kept.

Many vectors a picture are too many to search among (44 kB each, two hundred times one vector), so
what they are for is the order of what was found. Peers do the same: Vespa's and Qdrant's guides
to ColPali find by one vector, or by pooled ones, and put the first hundred in order by all.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.lru import LRUCache
from engine.common.memory import resident_bytes
from engine.common.progress import Progress
from engine.common.text import clock
from engine.encoders.sentence_transformer.late import (
    PAGE_MARKS,
    LateInteraction,
    maxsim,
    page_bytes,
    read_page,
)
from engine.errors import SensoriumError
from engine.query.rerank.base import Document
from engine.query.rerank.seeing import SEEN, SeenOrRead
from engine.store.thumbnails import Marks

SIDE = 1024
"""Pixels of the longest side of a picture that is embedded; models look at 448 to 1,024."""
_QUERIES = 100


class PageSource(Protocol):
    """The pictures of a library, and what a model made of them."""

    def page(
        self, moment_id: int, side: int, kept: tuple[str, Marks], embed: Callable[[bytes], bytes]
    ) -> bytes:
        """Return what ``embed`` makes of the JPEG of a moment, from the library where it is kept.

        Raises:
            SensoriumError: the picture cannot be had.
            KeyError: the moment is gone.
        """
        ...

    def has_page(self, moment_id: int, side: int, kept: tuple[str, Marks]) -> bool:
        """Tell whether that is kept already."""
        ...


@dataclass(frozen=True, slots=True)
class PreparedPages:
    """The result of embedding the pictures of a library ahead."""

    embedded: int
    kept_before: int
    failed: int
    """Pictures that cannot be read now."""
    nbytes: int
    """Bytes on disk of those that were embedded now."""


class LatePairs:
    """``late:NAME`` as a model that a library measures and puts hits in order by.

    Args:
        pages: None for none: then only pictures that a caller brings are judged.
    """

    reads = False

    def __init__(self, model: LateInteraction, pages: PageSource | None) -> None:
        self.name = model.name
        self._model, self._pages = model, pages
        self._queries: LRUCache[str, NDArray[np.float32]] = LRUCache(_QUERIES)

    @property
    def revision(self) -> str:
        """The revision of the weights and of all that decides a vector."""
        return self._model.revision

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        return self._model.is_loaded()

    def load(self) -> None:
        """Load it now."""
        self._model.load()

    def logits(self, query: str, documents: Sequence[SeenOrRead]) -> NDArray[np.float64]:
        """Return the MaxSim of each picture, (n,)."""
        images = [document for document in documents if isinstance(document, Image.Image)]
        rows = self._query(query)
        return np.array([maxsim(rows, p) for p in self._model.embed_pages(images)], np.float64)

    def verdicts(self, query: str, documents: Sequence[Document]) -> dict[int, float]:
        """Return the MaxSim of the documents that are pictures, by moment.

        One whose picture cannot be had is left out.
        """
        found = {}
        for document in documents:
            if document.modality in SEEN:
                with suppress(SensoriumError, OSError, ValueError, KeyError):
                    page = read_page(self._kept(document.moment_id))
                    found[document.moment_id] = maxsim(self._query(query), page)
        return found

    def prepare(self, moment_ids: Sequence[int], progress: Progress) -> PreparedPages:
        """Embed pictures ahead; how long that takes and how large it gets is said first.

        Raises:
            EncoderUnavailable: the model cannot be had.
            Cancelled: the caller did; what was embedded by then is kept.
        """
        assert self._pages is not None
        before = resident_bytes()
        self.load()
        grown = max(0, resident_bytes() - before)
        todo = [m for m in moment_ids if not self._pages.has_page(m, SIDE, self._as_kept)]
        progress.start("embedding pictures", len(todo), "pictures")
        sizes, failed = [], 0
        for moment in todo:
            began = time.monotonic()
            try:
                sizes.append(len(self._kept(moment)))
            except (SensoriumError, OSError, ValueError, KeyError):
                failed += 1
            else:
                if len(sizes) == 1:
                    progress.message(_costs(len(todo), time.monotonic() - began, sizes[0], grown))
            progress.advance()
        return PreparedPages(len(sizes), len(moment_ids) - len(todo), failed, sum(sizes))

    @property
    def _as_kept(self) -> tuple[str, Marks]:
        return self.revision, PAGE_MARKS

    def _kept(self, moment_id: int) -> bytes:
        if self._pages is None:
            raise KeyError(moment_id)
        return self._pages.page(moment_id, SIDE, self._as_kept, self._embedded)

    def _embedded(self, jpeg: bytes) -> bytes:
        (page,) = self._model.embed_pages([Image.open(io.BytesIO(jpeg)).convert("RGB")])
        return page_bytes(page)

    def _query(self, text: str) -> NDArray[np.float32]:
        rows = self._queries.get(text)
        if rows is None:
            rows = self._model.embed_query(text)
            self._queries.put(text, rows)
        return rows


def _costs(pictures: int, seconds: float, size: int, memory: int) -> str:
    """Return the line of what embedding so many pictures takes, by the first of them."""
    return (
        f"{pictures:,} pictures: some {clock(seconds * pictures)} ({seconds:.1f} s each),"
        f" {size * pictures / 1e6:,.1f} MB on disk ({size / 1e3:.1f} kB each), and"
        f" {memory / 1e6:,.0f} MB of memory for the model"
    )
