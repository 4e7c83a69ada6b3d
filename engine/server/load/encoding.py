"""The encoders of libraries as a server uses them: items of many requests in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from engine.common.blas_threads import one_thread_a_product
from engine.library.facade import Library
from engine.server.dialects.inputs import MediaInput, Part, TextInput
from engine.server.load.admission import Admission
from engine.server.load.batcher import Batcher, BatchLimits
from engine.server.options import ServerOptions
from engine.types.arrays import Vectors

if TYPE_CHECKING:
    from engine.query.prepare import PreparedExample

OnBatch = Callable[[str, int, float], object]
"""Receives the kind, the number of items and the seconds waited of each call of an encoder."""
TEXTS = BatchLimits(batch=32)
MEDIA = BatchLimits(batch=16)
_DECODING = 4
"""Threads that decode for all libraries: with fewer, two pictures that take seconds would hold up
all others."""


class LibraryEncoding:
    """The batchers of one library: its texts do not wait for its pictures."""

    def __init__(
        self, library: Library, decoding: Admission, seconds: float, on_batch: OnBatch
    ) -> None:
        self._texts_lane = Admission(1, 1, seconds, "texts")
        self._media_lane = Admission(2, 2, seconds, "media")
        self._texts: Batcher[str, str, Vectors] = Batcher(
            str, library.embed, preparing=None, encoding=self._texts_lane, limits=TEXTS,
            on_batch=partial(on_batch, "text"),
        )  # fmt: skip
        self._media: Batcher[MediaInput, PreparedExample, Vectors] = Batcher(
            lambda media: library.prepare_example(media.url or media.content or b""),
            partial(_embedded, library), preparing=decoding, encoding=self._media_lane,
            limits=MEDIA, on_batch=partial(on_batch, "media"),
        )  # fmt: skip

    @property
    def lanes(self) -> tuple[Admission, ...]:
        """The threads that encode."""
        return self._texts_lane, self._media_lane

    async def embed(self, parts: Sequence[Part]) -> list[Vectors | BaseException]:
        """Return the vector (dim,) of each part, or its fault.

        Raises:
            Overloaded: too much waits for the encoder.
            DeadlineMissed: it takes longer than a request may.
        """
        texts = [part.text for part in parts if isinstance(part, TextInput)]
        media = [part for part in parts if isinstance(part, MediaInput)]
        of_texts, of_media = await asyncio.gather(
            self._texts.submit([(text, len(text)) for text in texts]),
            self._media.submit([(item, len(item.content or b"")) for item in media]),
        )
        rows: dict[Part, Vectors | BaseException] = dict(zip(media, of_media, strict=True))
        rows |= zip(map(TextInput, texts), of_texts, strict=True)
        return [rows[part] for part in parts]


def _embedded(library: Library, prepared: Sequence[PreparedExample]) -> Vectors:
    """Embed what is prepared; the threads of a product would spin on while the next is encoded."""
    with one_thread_a_product():
        return library.embed_prepared(prepared)


class Encoding:
    """The encoders of all libraries of a server."""

    def __init__(self, options: ServerOptions, on_batch: OnBatch) -> None:
        self._seconds, self._on_batch = options.seconds, on_batch
        self._decoding = Admission(_DECODING, MEDIA.items, options.seconds, "decode")
        self._of: dict[int, LibraryEncoding] = {}

    def of(self, library: Library) -> LibraryEncoding:
        """Return the encoder of a library."""
        if id(library) not in self._of:
            made = LibraryEncoding(library, self._decoding, self._seconds, self._on_batch)
            self._of[id(library)] = made
        return self._of[id(library)]

    @property
    def lanes(self) -> Iterator[Admission]:
        """All threads that decode and encode."""
        yield self._decoding
        for encoding in self._of.values():
            yield from encoding.lanes

    def close(self) -> None:
        """Let running calls end, and take no more."""
        for lane in self.lanes:
            lane.close()
