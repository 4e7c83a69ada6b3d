"""Whether pictures are what their captions say: the CLIP score, and what it is worth.

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
from engine.curate.csv_annotations import Said
from engine.curate.records import Finding
from engine.curate.text_relevance import Shared
from engine.errors import UsageError
from engine.store import Store
from engine.types import Modality

LEAST = 1.8
"""Nats below which a caption is a finding: one deviation above what unrelated ones get."""
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Aligned:
    """A picture with its caption."""

    asset_id: int
    moment_id: int
    path: str
    caption: str
    cosine: float
    nats: float


def captions(store: Store) -> Iterator[Said]:
    """What the files' own metadata say of pictures."""
    for asset_id, path, caption in store.captions():
        yield Said(asset_id, path, caption)


def aligned(
    store: Store, shared: Shared, said: Iterable[Said], progress: Progress = NO_PROGRESS
) -> list[Aligned]:
    """Every picture that has a caption, with how well they go together; of a picture of
    several frames, by the best.

    Raises:
        UsageError: no picture has a caption.
    """
    found: list[Aligned] = []
    rest = iter(said)
    progress.start("comparing captions", unit="captions")
    while part := list(islice(rest, _AT_ONCE)):
        vectors = shared.texts([one.value for one in part])
        progress.advance(len(part))
        for one, vector in zip(part, vectors, strict=True):
            moments = [
                record.moment_id
                for record in store.moments_of(one.asset_id)
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
                Aligned(
                    one.asset_id,
                    int(ids[best]),
                    one.path,
                    one.value,
                    float(cosines[best]),
                    float(odds[best]),
                )
            )
    if not found:
        raise UsageError(
            "no picture of the library has a caption; give some: --captions FILE.csv (path,caption)"
        )
    return found


def findings(pairs: Iterable[Aligned], least: float, top: int | None = None) -> list[Finding]:
    """The pairs that speak for each other with less than ``least`` nats, the worst first.

    The score is the nats that a picture lacks.
    """
    low = sorted((p for p in pairs if p.nats < least), key=lambda p: (p.nats, p.asset_id))
    return [
        Finding(
            one.asset_id,
            one.moment_id,
            one.path,
            "misaligned",
            None,
            least - one.nats,
            f"cosine {one.cosine:.3f}, {one.nats:+.1f} nats (at least {least:g} wanted) with"
            f" {one.caption!r}",
        )
        for one in low[:top]
    ]
