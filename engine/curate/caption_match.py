"""Pictures scored against their captions by the CLIP score, as log odds.

A cosine between a text and a picture means something only against what unrelated texts
get from the same picture (Hessel et al. 2021 use it raw, for one encoder at a time). So it
is put in log odds as a search has it: 0 is what an unrelated caption gets on average,
1.8 a deviation of those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from engine.common.progress import NO_PROGRESS, Progress
from engine.curate.csv_annotations import Annotation
from engine.curate.records import Finding
from engine.curate.text_relevance import SharedSpace
from engine.errors import UsageError
from engine.store import Store
from engine.types import Modality

LEAST = 1.8
"""Nats below which a caption is a finding: one deviation above what unrelated ones get."""
_TEXTS_PER_BATCH = 256
"""Captions that are embedded at a time."""


@dataclass(frozen=True, slots=True)
class CaptionMatch:
    """A picture, its caption, and how well they go together."""

    asset_id: int
    moment_id: int
    path: str
    caption: str
    cosine: float
    nats: float


def file_captions(store: Store) -> Iterator[Annotation]:
    """Yield the captions in the files' own metadata."""
    for asset_id, path, caption in store.captions():
        yield Annotation(asset_id, path, caption)


def match_captions(
    store: Store,
    shared: SharedSpace,
    annotations: Iterable[Annotation],
    progress: Progress = NO_PROGRESS,
) -> list[CaptionMatch]:
    """Score every picture that has a caption; of several frames, the best counts.

    Raises:
        UsageError: no picture has a caption.
    """
    found: list[CaptionMatch] = []
    rest = iter(annotations)
    progress.start("comparing captions", unit="captions")
    while part := list(islice(rest, _TEXTS_PER_BATCH)):
        vectors = shared.texts([caption.value for caption in part])
        progress.advance(len(part))
        for given, vector in zip(part, vectors, strict=True):
            moments = [
                record.moment_id
                for record in store.moments_of(given.asset_id)
                if record.moment.modality is Modality.IMAGE
            ]
            ids = np.array(moments, np.int64)
            ids = ids[shared.holds(ids)] if len(ids) else ids
            if not len(ids):
                continue
            rows = shared.vectors(ids)
            cosines = (rows @ vector).astype(np.float64)
            odds = shared.odds(cosines, rows)
            best = int(odds.argmax())
            found.append(
                CaptionMatch(
                    given.asset_id,
                    int(ids[best]),
                    given.path,
                    given.value,
                    float(cosines[best]),
                    float(odds[best]),
                )
            )
    if not found:
        raise UsageError(
            "no picture of the library has a caption; give some: table=FILE.csv (path,caption)",
            arguments=("table",),
        )
    return found


def findings(pairs: Iterable[CaptionMatch], least: float, top: int | None = None) -> list[Finding]:
    """Return the pairs of less than ``least`` nats as findings, the worst first.

    The score is the nats that a picture lacks.
    """
    low = sorted((p for p in pairs if p.nats < least), key=lambda p: (p.nats, p.asset_id))
    return [
        Finding(
            pair.asset_id,
            pair.moment_id,
            pair.path,
            "misaligned",
            None,
            least - pair.nats,
            f"cosine {pair.cosine:.3f}, {pair.nats:+.1f} nats (at least {least:g} wanted) with"
            f" {pair.caption!r}",
        )
        for pair in low[:top]
    ]
