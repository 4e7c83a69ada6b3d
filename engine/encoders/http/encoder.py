"""A model behind an embedding server through the ``Encoder`` protocol."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import RLock

import numpy as np
from PIL import Image

from engine.common.vectors import chunks, l2_normalize
from engine.config import Settings
from engine.encoders.http import probe
from engine.encoders.http.client import EmbeddingClient, RequestRefused, Spending, key_of, require
from engine.encoders.http.dialects import EmbeddingInput, Row, most_items, question, read_rows
from engine.encoders.http.kept_rows import UnusedRows
from engine.encoders.http.kept_rows import key_of as item_key
from engine.encoders.http.names import parse
from engine.encoders.one_space import OneSpace, fitted
from engine.encoders.protocols import Embedded, Heard, Pixels, Spectrogram
from engine.encoders.revisions import revision_of
from engine.encoders.runtime.backend import Done, Pending
from engine.errors import EmbeddingFailed, UnsupportedMedia
from engine.types import Modality, Space
from engine.types.arrays import Vectors

_REVISION = 1
"""Revision of the code between an input and what is sent."""
_SIDE = 512
"""The shortest side in pixels of the pictures that are sent: most models take fewer."""
_BATCH = 32
_AGAIN = 3
"""Times that an item is asked for, where the answer lacks its row or has NaN in it."""
_SEEN = frozenset({Modality.IMAGE, Modality.KEYFRAME})


class HttpEncoder(OneSpace):
    """Implements ``Encoder``, ``EmbedsQueries``, ``Pipelined`` and ``MayHear``: sounds lie in the
    shared space where the server takes them. Making one asks nothing.

    An item is sent once: what a server answered is kept where a later part of the batch
    fails, and of an answer with fewer rows, the missing ones alone are asked for again.

    Args:
        name: as ``engine.encoders.http.names`` has it.
        first_wait: seconds before a request is tried again the first time.
    """

    image_size = _SIDE
    rate = probe.RATE

    def __init__(self, name: str, settings: Settings, *, first_wait: float = 0.5) -> None:
        self._served = parse(name)
        self.name = self._served.name
        self._settings = settings
        self._first_wait = first_wait
        self._lock = RLock()

    @cached_property
    def _client(self) -> EmbeddingClient:
        require(self.name)
        return EmbeddingClient(self._served, self._settings, key_of(self._served), self._first_wait)

    @property
    def spent(self) -> Spending:
        """The sum of what was asked of the server since this encoder was made."""
        client: EmbeddingClient | None = vars(self).get("_client")
        return Spending() if client is None else client.spent

    @property
    def _facts(self) -> probe.ServerFacts:
        with self._lock:  # threads that decode are often the first to ask, all at once
            return self._known

    @cached_property
    def _known(self) -> probe.ServerFacts:
        return probe.facts(self._client, Path(self._settings.cache))

    def check(self) -> None:
        """Ask the server what it takes, unless that is known.

        Raises:
            EncoderUnavailable: it does not take the model, the address or the key.
            ExtraMissing: httpx is not installed.
            EmbeddingFailed: it does not answer.
        """
        _ = self._client, self._facts

    @cached_property
    def shared(self) -> Space:
        """All that the model takes; named for it and its server."""
        facts = self._facts
        revision = revision_of(
            code=_REVISION, model=self._served.model, dialect=facts.dialect, dim=facts.dim
        )
        return Space(self.name, self.name, revision, facts.dim)

    @property
    def hears(self) -> bool:
        """Tell whether sounds have vectors of their own; else they are put into words."""
        return "audio" in self._facts.takes

    @property
    def modalities(self) -> frozenset[Modality]:
        """The modalities that enter: all, but pictures only where the server takes them."""
        return frozenset(Modality) - (frozenset() if "image" in self._facts.takes else _SEEN)

    # --- texts ---

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return self._embedded([_text(text) for text in texts], asks=False)

    def embed_queries(self, space: str, texts: Sequence[str]) -> Vectors:  # noqa: ARG002
        """Embed n texts that ask, (n, dim), by servers that distinguish these."""
        return self._embedded([_text(text) for text in texts], asks=True)

    # --- pictures ---

    def prepare_image(self, image: Image.Image) -> Pixels:
        """Return the picture as the JPEG that is sent, (bytes,) uint8.

        Raises:
            UnsupportedMedia: the server takes no pictures.
        """
        if "image" not in self._facts.takes:
            raise UnsupportedMedia(f"{self.name} embeds no pictures")
        return np.frombuffer(probe.as_jpeg(fitted(image, _SIDE)), np.uint8)

    def embed_images(self, pixels: Sequence[Pixels]) -> Embedded:
        vectors = self._embedded([EmbeddingInput("image", picture.tobytes()) for picture in pixels])
        return Embedded({self.shared.name: vectors}, ((),) * len(pixels))

    def picture_batch(self) -> int:
        """Return the pictures of one request: fewer would cost a way to the server each."""
        return _BATCH

    def submit_images(self, pixels: Sequence[Pixels]) -> Pending[Embedded]:
        """Embed pictures at once. With two batches on their way, one could be paid in vain."""
        return Done(self.embed_images(pixels))

    # --- sounds ---

    def listen(self, windows: Sequence[Spectrogram]) -> Heard:
        """Vectors of n windows in the shared space, (n, dim), and no words: (n, 0)."""
        features = self._embedded(
            [EmbeddingInput("audio", probe.as_wav(window)) for window in windows]
        )
        return Heard(features, self.words_of(features))

    # --- asking ---

    @cached_property
    def _kept(self) -> UnusedRows:
        return UnusedRows(self._settings, f"{self.name} {self.shared.revision}")

    def _embedded(self, items: Sequence[EmbeddingInput], *, asks: bool = False) -> Vectors:
        """Return the vectors of items of one kind, (n, dim), L2-normalised.

        A row is NaN where the server does not take that picture or sound, or has no number
        for it, which is a fault of its file.

        Raises:
            EmbeddingFailed: the server does not answer, or not as it was asked. What it
                answered is kept.
        """
        rows: dict[int, Row] = {}
        with self._lock:
            for at, item in enumerate(items):
                if (row := self._kept.take(item_key(item, asks))) is not None:
                    rows[at] = row
            missing = [at for at in range(len(items)) if at not in rows]
            try:
                for part in chunks(missing, self._most(items)):
                    self._fill(part, items, rows, asks)
            except BaseException:
                self._kept.keep({item_key(items[at], asks): row for at, row in rows.items()})
                raise
        found = np.zeros((len(items), self.shared.dim), np.float32)
        for at, row in rows.items():
            found[at] = row
        return l2_normalize(found)

    def _most(self, items: Sequence[EmbeddingInput]) -> int:
        return most_items(self._facts.dialect, items[0].kind) if items else 1

    def _fill(
        self, part: Sequence[int], items: Sequence[EmbeddingInput], rows: dict[int, Row], asks: bool
    ) -> None:
        """Ask for the rows of some items, and for those that lack once more."""
        try:
            self._ask_until_whole(part, items, rows, asks)
        except RequestRefused as error:
            if not error.of_items or (len(part) == 1 and items[part[0]].kind == "text"):
                raise EmbeddingFailed(str(error)) from None
            if len(part) == 1:
                rows[part[0]] = np.full(self.shared.dim, np.nan, np.float32)
                return
            # One that the server cannot read is not to cost those beside it.
            half = len(part) // 2
            for some in (part[:half], part[half:]):
                self._fill(some, items, rows, asks)
            if len(part) == len(items) and all(np.isnan(rows[at]).all() for at in part):
                raise EmbeddingFailed(str(error)) from None  # it is none of the items' fault

    def _ask_until_whole(
        self, part: Sequence[int], items: Sequence[EmbeddingInput], rows: dict[int, Row], asks: bool
    ) -> None:
        missing, unfinite = list(part), set[int]()
        for attempt in range(_AGAIN):
            # Rows without numbers can only be told apart one at a time.
            groups = [missing] if attempt == 0 else [[at] for at in missing]
            for group in groups:
                for at, row in zip(group, self._ask(group, items, asks), strict=True):
                    if row is not None and np.isfinite(row).all():
                        rows[at] = row
                    elif row is not None:
                        unfinite.add(at)
            missing = [at for at in missing if at not in rows]
            if not missing:
                return
        if lost := [at for at in missing if at not in unfinite]:
            raise EmbeddingFailed(
                f"{self._served.host} answered {len(part) - len(lost)} vectors for"
                f" {len(part)} items, {_AGAIN} times; what was embedded is kept"
            )
        for at in missing:
            rows[at] = np.full(self.shared.dim, np.nan, np.float32)

    def _ask(
        self, part: Sequence[int], items: Sequence[EmbeddingInput], asks: bool
    ) -> list[Row | None]:
        facts, host = self._facts, self._served.host
        sent = question(self._served, facts.dialect, [items[at] for at in part], asks=asks)
        answer = self._client.post(sent)
        try:
            rows = read_rows(answer, facts.dialect, len(part))
        except ValueError as error:
            raise EmbeddingFailed(f"{host} answered without embeddings ({error})") from None
        for row in rows:
            if row is not None and len(row) != facts.dim:
                probe.forget(self._client, Path(self._settings.cache))
                raise EmbeddingFailed(
                    f"{host} answered {len(row)} dimensions where {self._served.model} had"
                    f" {facts.dim}: does another model run there now? Start the first one again,"
                    " or drop the space and add it anew"
                )
        self._client.spent.rows += sum(row is not None for row in rows)
        return rows


def _text(text: str) -> EmbeddingInput:
    return EmbeddingInput("text", (text or " ").encode("utf-8", "replace"))
