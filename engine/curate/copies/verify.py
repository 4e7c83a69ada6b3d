"""Decide whether two assets are copies of each other by their pictures or sounds.

What the embeddings found alike is compared closely: pictures by ``picture_match``; a video by the
frames that match, of which black ones say nothing; a sound by how loud it is when. What a
camera dated differently are two pictures and no copies, however much they look alike.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.lru import LRUCache
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
"""Columns of the outline of a sound."""
_LAG = 8
"""Columns by which an encoder may delay a sound."""
_HEARD = 0.97
"""Correlation of two outlines that are the same sound."""

MomentPair = tuple[int, int]
"""Two moments that look alike."""
MakeThumbnail = Callable[[int], bytes]
"""Gives a JPEG of a moment, its longest side some 320 pixels; raises ``MediaError``."""


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """The result of a comparison: copies or not, and why."""

    same: bool
    why: str


class PairVerifier:
    """Compare assets, and keep the sketches and outlines that were used last."""

    def __init__(self, thumbnail: MakeThumbnail) -> None:
        self._thumbnail = thumbnail
        self._sketches: LRUCache[int, Sketch | None] = LRUCache(_KEPT)
        self._outlines: LRUCache[str, NDArray[np.float32] | None] = LRUCache(_KEPT)
        self.unreadable: dict[str, str] = {}
        """Files that could not be read, and why."""

    def compare(
        self, first: AssetFacts, second: AssetFacts, alike: Sequence[MomentPair]
    ) -> PairVerdict:
        """Compare two assets of one kind.

        Args:
            alike: moments of theirs that are near to each other, the nearest first.

        Raises:
            ExtraMissing: OpenCV is not installed.
        """
        if first.taken_at and second.taken_at and first.taken_at != second.taken_at:
            return PairVerdict(False, "taken at another time")
        if first.kind is Kind.AUDIO:
            return self._by_ear(first, second)
        if first.kind is Kind.IMAGE and len(alike) == 1:
            return self._by_eye(first, second, alike[0])
        return self._by_frames(first, second, alike)

    def _by_eye(self, first: AssetFacts, second: AssetFacts, pair: MomentPair) -> PairVerdict:
        sketches = self._sketch(first, pair[0]), self._sketch(second, pair[1])
        if sketches[0] is None or sketches[1] is None:
            return PairVerdict(False, "cannot be looked at")
        found = compare(sketches[0], sketches[1])
        return PairVerdict(found.same, _reason(found))

    def _by_frames(
        self, first: AssetFacts, second: AssetFacts, alike: Sequence[MomentPair]
    ) -> PairVerdict:
        looked = [
            compare(one_frame, other_frame)
            for one_frame, other_frame in (
                (self._sketch(first, a), self._sketch(second, b)) for a, b in alike
            )
            if one_frame is not None and other_frame is not None
            and min(len(one_frame.features), len(other_frame.features)) >= _FEATURES
        ][:_LOOKED_AT]  # fmt: skip
        same = sum(found.same for found in looked)
        if not looked:
            return PairVerdict(False, "only black frames are the same")
        return PairVerdict(2 * same > len(looked), f"{same} of {len(looked)} frames are the same")

    def _by_ear(self, first: AssetFacts, second: AssetFacts) -> PairVerdict:
        if not _same_length(first, second):
            return PairVerdict(False, "of another length")
        outlines = self._outline(first), self._outline(second)
        if outlines[0] is None or outlines[1] is None:
            return PairVerdict(False, "cannot be listened to")
        found = _agreement(outlines[0], outlines[1])
        return PairVerdict(found >= _HEARD, f"outlines correlate by {found:.3f}")

    def _sketch(self, asset: AssetFacts, moment: int) -> Sketch | None:
        return self._sketches.get_or_make(moment, lambda: self._make_sketch(asset, moment))

    def _make_sketch(self, asset: AssetFacts, moment: int) -> Sketch | None:
        try:
            return Sketch.of(Image.open(io.BytesIO(self._thumbnail(moment))))
        except (MediaError, KeyError, OSError) as error:
            self.unreadable[asset.path] = str(error)
            return None

    def _outline(self, asset: AssetFacts) -> NDArray[np.float32] | None:
        return self._outlines.get_or_make(asset.path, lambda: self._make_outline(asset))

    def _make_outline(self, asset: AssetFacts) -> NDArray[np.float32] | None:
        from engine.media.envelope import envelope

        try:
            # Of one width in seconds for both, whatever their headers say of lengths.
            seconds = max(1.0, round(asset.duration or 1.0))
            low, high = envelope(Path(asset.path), _COLUMNS, 0.0, seconds)
        except SensoriumError as error:
            self.unreadable[asset.path] = str(error)
            return None
        outline: NDArray[np.float32] = high - low
        return outline


def _same_length(first: AssetFacts, second: AssetFacts) -> bool:
    lengths = [first.duration or 0.0, second.duration or 0.0]
    return abs(lengths[0] - lengths[1]) <= max(0.3, 0.02 * max(lengths))


def _agreement(outline: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the greatest correlation of two outlines that are shifted by a little."""
    best = 0.0
    for lag in range(-_LAG, _LAG + 1):
        first = outline[max(0, lag) : len(outline) + min(0, lag)]
        second = other[max(0, -lag) : len(other) + min(0, -lag)]
        spread = float(first.std() * second.std())
        if spread > 0:
            product = ((first - first.mean()) * (second - second.mean())).mean()
            best = max(best, float(product) / spread)
    return best


def _reason(found: Likeness) -> str:
    if not found.same:
        return "alike, and not the same"
    mirrored = ", mirrored" if found.mirrored else ""
    return f"{found.shared:.0%} of the smaller picture is the same{mirrored}"
