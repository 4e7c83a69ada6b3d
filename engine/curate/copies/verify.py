"""Whether two assets are copies of each other, decided by looking at them or listening.

What the embeddings found alike is compared closely: pictures by ``same``; a video by the
frames that match, of which black ones say nothing; a sound by how loud it is when. What a
camera dated differently are two pictures and no copies, however much they look alike.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.curate.copies.picture_match import Likeness, Sketch, compare
from engine.errors import MediaError, SensoriumError
from engine.store.records import AssetFacts
from engine.types import Kind

_KEPT = 2_000
"""Sketches that are kept; each takes some 170 kB."""
_LOOKED_AT = 3
"""Frames of two videos that are compared, and most of which must be the same."""
_FEATURES = 30
"""Features under which a frame is black, or a card of one tone, and says nothing."""
_COLUMNS = 400
"""Of the outline of a sound."""
_LAG = 8
"""Columns by which an encoder may delay a sound."""
_HEARD = 0.97
"""Correlation of two outlines that are the same sound."""

Pair = tuple[int, int]
"""Two moments that look alike."""
Seen = Callable[[int], bytes]
"""Gives a JPEG of a moment, its longest side some 320 pixels; raises ``MediaError``."""


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """Whether they are copies, and why."""

    same: bool
    why: str


class PairVerifier:
    """Compares assets; remembers what it has looked at last."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._sketches: OrderedDict[int, Sketch | None] = OrderedDict()
        self._outlines: OrderedDict[str, NDArray[np.float32] | None] = OrderedDict()
        self.unreadable: dict[str, str] = {}
        """Files that could not be looked at, and why."""

    def compare(self, one: AssetFacts, other: AssetFacts, alike: Sequence[Pair]) -> PairVerdict:
        """Compare two assets of one kind.

        Args:
            alike: moments of theirs that are near to each other, the nearest first.

        Raises:
            ExtraMissing: OpenCV is not installed.
        """
        if one.taken_at and other.taken_at and one.taken_at != other.taken_at:
            return PairVerdict(False, "taken at another time")
        if one.kind is Kind.AUDIO:
            return self._by_ear(one, other)
        if one.kind is Kind.IMAGE and len(alike) == 1:
            return self._by_eye(one, other, *alike[0])
        return self._by_frames(one, other, alike)

    def _by_eye(self, one: AssetFacts, other: AssetFacts, first: int, second: int) -> PairVerdict:
        sketches = self._sketch(one, first), self._sketch(other, second)
        if sketches[0] is None or sketches[1] is None:
            return PairVerdict(False, "cannot be looked at")
        found = compare(sketches[0], sketches[1])
        return PairVerdict(found.same, _said(found))

    def _by_frames(self, one: AssetFacts, other: AssetFacts, alike: Sequence[Pair]) -> PairVerdict:
        looked = [
            compare(first, second)
            for first, second in ((self._sketch(one, a), self._sketch(other, b)) for a, b in alike)
            if first is not None and second is not None
            and min(len(first.features), len(second.features)) >= _FEATURES
        ][:_LOOKED_AT]  # fmt: skip
        same = sum(found.same for found in looked)
        if not looked:
            return PairVerdict(False, "only black frames are the same")
        return PairVerdict(2 * same > len(looked), f"{same} of {len(looked)} frames are the same")

    def _by_ear(self, one: AssetFacts, other: AssetFacts) -> PairVerdict:
        if not _same_length(one, other):
            return PairVerdict(False, "of another length")
        outlines = self._outline(one), self._outline(other)
        if outlines[0] is None or outlines[1] is None:
            return PairVerdict(False, "cannot be listened to")
        found = _agreement(outlines[0], outlines[1])
        return PairVerdict(found >= _HEARD, f"outlines correlate by {found:.3f}")

    def _sketch(self, asset: AssetFacts, moment: int) -> Sketch | None:
        if moment not in self._sketches:
            try:
                made = Sketch.of(Image.open(io.BytesIO(self._seen(moment))))
            except (MediaError, KeyError, OSError) as error:
                self._sketches[moment] = None
                self.unreadable[asset.path] = str(error)
            else:
                self._sketches[moment] = made
            if len(self._sketches) > _KEPT:
                self._sketches.popitem(last=False)
        self._sketches.move_to_end(moment)
        return self._sketches[moment]

    def _outline(self, asset: AssetFacts) -> NDArray[np.float32] | None:
        from engine.media.envelope import envelope

        if asset.path not in self._outlines:
            try:
                # Of one width in seconds for both, whatever their headers say of lengths.
                seconds = max(1.0, round(asset.duration or 1.0))
                low, high = envelope(Path(asset.path), _COLUMNS, 0.0, seconds)
            except SensoriumError as error:
                self._outlines[asset.path] = None
                self.unreadable[asset.path] = str(error)
            else:
                self._outlines[asset.path] = high - low
            if len(self._outlines) > _KEPT:
                self._outlines.popitem(last=False)
        self._outlines.move_to_end(asset.path)
        return self._outlines[asset.path]


def _same_length(one: AssetFacts, other: AssetFacts) -> bool:
    lengths = [one.duration or 0.0, other.duration or 0.0]
    return abs(lengths[0] - lengths[1]) <= max(0.3, 0.02 * max(lengths))


def _agreement(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The greatest correlation (1,) of two outlines that are shifted by a little."""
    best = 0.0
    for lag in range(-_LAG, _LAG + 1):
        first = one[max(0, lag) : len(one) + min(0, lag)]
        second = other[max(0, -lag) : len(other) + min(0, -lag)]
        spread = float(first.std() * second.std())
        if spread > 0:
            product = ((first - first.mean()) * (second - second.mean())).mean()
            best = max(best, float(product) / spread)
    return best


def _said(found: Likeness) -> str:
    if not found.same:
        return "alike, and not the same"
    mirrored = ", mirrored" if found.mirrored else ""
    return f"{found.shared:.0%} of the smaller picture is the same{mirrored}"
