"""Tell copies of a picture from pictures of similar things, by local features (SIFT).

An embedding says that two pictures are of the same thing; a burst of a running dog is.
Copies differ otherwise: one is the other cropped, turned by a little, mirrored, scaled,
compressed, brightened, or framed, and where both show something, they show the same. So
local features are matched (SIFT, Lowe 2004), one picture is laid over the other by the
similarity that most matches agree on (RANSAC), and what both show is compared block by
block, after brightness and contrast have been fitted. What remains must be one rectangle,
because frames and captions lie along the edges, and in it nothing may differ: where a
hand has moved, it is another picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.optional_package import importing

SIDE = 320
"""Pixels of the longest side at which pictures are compared."""
_FEATURES = 400
"""Features of a picture, at most."""
_RATIO = 0.8
"""Ratio of distances to the nearest and second nearest feature past which a match says
nothing (Lowe 2004)."""
_NEAR = 3.0
"""Pixels by which a match may miss its place."""
_AGREEING = 12
"""Matches that must agree."""
_SCALES = (0.2, 5.0)
"""Bounds of how much larger one picture may show the same than the other."""
_BLOCK = 16
"""Pixels of a block's side."""
_TONE = 16.0
"""Levels of 255 that a block may be off, root mean square."""
_CORRELATED = 0.8
"""Minimum block correlation that counts as equal."""
_STRUCTURED = 6.0
"""Levels of deviation under which a block has nothing to correlate."""
_BURNT = 0.3
"""Part of a block that may be white or black before it counts for nothing."""
_DIFFERING = 0.02
"""Part of the rectangle that may differ."""
_FRAME = 0.4
"""Part of what lies outside of the rectangle, in both pictures, that must differ."""
_SHARED = 0.5
"""Part of the smaller picture that the rectangle must be."""
_PLAIN = 0.98
"""Correlation of whole pictures that have too little in them to be matched."""

_THUMB = 32
"""Pixels of the sides of the copies in which whole pictures are compared."""
_FLAT = 6.0
"""Levels of deviation under which a whole picture is of one tone."""
_OFF, _OFF_AT_EDGES = 2.0, 8.0
"""Levels of 255 that copies of plain pictures are off on average: of one tone, and with edges,
along which compression blurs colours."""

Gray = NDArray[np.uint8]
Floats = NDArray[np.float32]


def import_cv2() -> Any:
    """Import OpenCV.

    Raises:
        ExtraMissing: it is not installed.
    """
    with importing("comparing pictures closely", "curate", "cv2", blas=True):
        import cv2
    return cv2


@dataclass(frozen=True)
class Sketch:
    """A small gray picture with its local features."""

    gray: Gray
    """(height, width), the longest side at most ``SIDE``."""
    colours: NDArray[np.uint8] | None = None
    """(32, 32, 3), the whole picture; None where they are not known."""

    @classmethod
    def of(cls, image: Image.Image) -> Sketch:
        """Make the sketch of an RGB picture."""
        small = image.convert("L")
        small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        colours = image.convert("RGB").resize((_THUMB, _THUMB), Image.Resampling.BOX)
        return cls(np.asarray(small), np.asarray(colours))

    @cached_property
    def features(self) -> Features:
        """The local features, computed at first use."""
        cv2 = import_cv2()
        keys, found = cv2.SIFT_create(_FEATURES, contrastThreshold=0.02).detectAndCompute(
            self.gray, None
        )
        if not keys:
            return Features(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float16))
        # RootSIFT (Arandjelovic and Zisserman 2012): products are Hellinger's then.
        rooted = np.sqrt(found / np.maximum(found.sum(1, keepdims=True), 1e-9))
        places = np.array([key.pt for key in keys], np.float32)
        return Features(places, rooted.astype(np.float16))


@dataclass(frozen=True, slots=True)
class Features:
    """Places (n, 2), as x and y, and descriptors (n, 128) of unit length."""

    places: Floats
    descriptors: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.places)

    def mirrored(self, width: int) -> Features:
        """Return the features of the picture with left and right exchanged.

        A descriptor is a grid about its own direction, of which a mirror exchanges the sides
        and turns the angles.
        """
        flipped = self.places * np.array([-1, 1], np.float32) + np.array([width - 1, 0], np.float32)
        return Features(flipped, self.descriptors[:, _MIRROR])


_MIRROR = np.arange(128).reshape(4, 4, 8)[::-1][:, :, -np.arange(8) % 8].reshape(-1)
"""A descriptor's bins, (row, column, angle), as a mirror has them."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """The result of comparing two pictures."""

    shared: float
    """Part of the smaller picture in which both show the same; 0 where none was found."""
    mirrored: bool = False

    @property
    def same(self) -> bool:
        """True if one is a copy of the other."""
        return self.shared >= _SHARED


def compare(first: Sketch, second: Sketch) -> Likeness:
    """Compare two pictures, also with one of them mirrored.

    Raises:
        ExtraMissing: OpenCV is not installed.
    """
    found = Likeness(_shared(first, second, mirrored=False))
    if found.same:
        return found
    turned = Likeness(_shared(first, second, mirrored=True), mirrored=True)
    return turned if turned.same else found


def _shared(first: Sketch, second: Sketch, *, mirrored: bool) -> float:
    """Return the part of the smaller picture in which both show the same, 0 to 1."""
    gray, features = second.gray, second.features
    if mirrored:
        features = features.mirrored(gray.shape[1])
    placed = _placement(first.features, features)
    if mirrored:
        gray = np.ascontiguousarray(gray[:, ::-1])
    if placed is not None:
        return _overlap(first.gray, gray, placed)
    few = min(len(first.features), len(features)) < 4 * _AGREEING
    if not few or not _same_colours(first.colours, second.colours, mirrored=mirrored):
        return 0.0
    return _compare_plain(first.gray, gray)


def _same_colours(
    first: NDArray[np.uint8] | None, second: NDArray[np.uint8] | None, *, mirrored: bool
) -> bool:
    """Tell whether pictures with too little in them to be matched have the same pixels.

    Blank pages, slides and icons are alike for being empty. Of a copy every tone is the same,
    but for what compression does.
    """
    if first is None or second is None:
        return True
    off = np.abs(first.astype(np.int16) - (second[:, ::-1] if mirrored else second))
    flat = min(float(first.std(axis=(0, 1)).max()), float(second.std(axis=(0, 1)).max())) < _FLAT
    return float(off.mean()) <= (_OFF if flat else _OFF_AT_EDGES)


def _compare_plain(gray: Gray, other: Gray) -> float:
    """Compare pictures with few features as they are, without placing them."""
    wide = [picture.shape[1] / picture.shape[0] for picture in (gray, other)]
    if not 0.95 < wide[0] / wide[1] < 1.05:
        return 0.0
    first, second = _thumb(gray), _thumb(other)
    if min(first.std(), second.std()) < 1.0:  # one tone, which correlates with nothing
        flat = max(first.std(), second.std()) < 2
        return float(flat and abs(first.mean() - second.mean()) < 4)
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1] > _PLAIN)


def _thumb(gray: Gray) -> Floats:
    small = Image.fromarray(gray).resize((_THUMB, _THUMB), Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def _placement(first: Features, second: Features) -> NDArray[np.float64] | None:
    """Find the similarity transform (2, 3) that lays one picture over another.

    It is None where matches do not agree on any.
    """
    if min(len(first), len(second)) < _AGREEING:
        return None
    near = first.descriptors.astype(np.float32) @ second.descriptors.astype(np.float32).T
    pairs = _mutual(near)
    if len(pairs) < _AGREEING:
        return None
    cv2 = import_cv2()
    cv2.setRNGSeed(0)
    matrix, inside = cv2.estimateAffinePartial2D(
        first.places[pairs[:, 0]],
        second.places[pairs[:, 1]],
        ransacReprojThreshold=_NEAR,
        maxIters=2000,
    )
    if matrix is None or int(inside.sum()) < _AGREEING:
        return None
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    return matrix if _SCALES[0] < scale < _SCALES[1] else None


def _mutual(near: Floats) -> NDArray[np.int64]:
    """Return pairs (m, 2) of features that are nearest to each other, and clearly so."""
    best = near.argmax(1)
    rows = np.arange(len(near))
    top = np.partition(near, -2, axis=1)[:, -2:]
    first, second = (np.sqrt(np.maximum(2 - 2 * top[:, i], 0)) for i in (1, 0))
    clear = (first < _RATIO * second) & (near.argmax(0)[best] == rows)
    return np.stack([rows[clear], best[clear]], axis=1)


def _overlap(gray: Gray, other: Gray, placed: NDArray[np.float64]) -> float:
    """Return the part of the smaller picture that is one rectangle without differences."""
    cv2 = import_cv2()
    size = (other.shape[1], other.shape[0])
    soft = [cv2.GaussianBlur(each, (0, 0), 1.5).astype(np.float32) for each in (gray, other)]
    laid = cv2.warpAffine(soft[0], placed, size, flags=cv2.INTER_AREA)
    inside = cv2.warpAffine(np.ones_like(soft[0]), placed, size) > 0.99
    if inside.sum() < 4 * _BLOCK * _BLOCK:
        return 0.0
    covered, same = _blocks(_fitted(laid, soft[1], inside), soft[1], inside)
    scale = float(np.hypot(placed[0, 0], placed[1, 0]))
    smaller = min(other.size, gray.size * scale**2)
    return min(1.0, _rectangle(covered & same, covered & ~same) * _BLOCK**2 / smaller)


def _fitted(laid: Floats, aim: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Give ``laid`` the contrast and brightness of ``aim``, fitted where neither is burnt out."""
    fit = inside & (laid > 4) & (laid < 250) & (aim > 4) & (aim < 250)
    gain, offset = 1.0, 0.0
    for _ in range(3):
        if fit.sum() < _BLOCK * _BLOCK:
            break
        x, y = laid[fit], aim[fit]
        gain = float(np.cov(x, y)[0, 1] / max(float(x.var()), 1e-6))
        gain = min(max(gain, 0.3), 3.0)
        offset = float(y.mean() - gain * x.mean())
        off = np.abs(gain * laid + offset - aim)
        fit &= off < max(2.5 * float(np.median(off[fit])), 4.0)
    fitted: Floats = np.clip(gain * laid + offset, 0, 255).astype(np.float32)
    return fitted


def _blocks(
    laid: Floats, aim: Floats, inside: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell, for each block, whether both pictures show something, and whether it is the same.

    Returns:
        Two arrays (rows, columns).
    """
    covered = _means(inside.astype(np.float32)) > 0.9
    means = [_means(picture) for picture in (laid, aim)]
    deviations = [
        np.sqrt(np.maximum(_means(picture**2) - mean**2, 0))
        for picture, mean in zip((laid, aim), means, strict=True)
    ]
    product = _means(laid * aim) - means[0] * means[1]
    near = np.sqrt(_means((laid - aim) ** 2)) < np.minimum(_TONE, 4 + deviations[1])
    structured = np.minimum(*deviations) > _STRUCTURED
    correlated = product > _CORRELATED * np.maximum(deviations[0] * deviations[1], 1e-6)
    same = np.where(structured, correlated | near, near)
    # Where light or shadow has swallowed what one of them shows, they say nothing.
    burnt = [
        _means(((picture > 248) | (picture < 6)).astype(np.float32)) for picture in (laid, aim)
    ]
    return covered & (same | (np.maximum(*burnt) < _BURNT)), same


def _means(picture: Floats) -> Floats:
    """Return the mean of each whole block."""
    rows, columns = (length // _BLOCK for length in picture.shape)
    cut = picture[: rows * _BLOCK, : columns * _BLOCK]
    blocks: Floats = cut.reshape(rows, _BLOCK, columns, _BLOCK).mean((1, 3))
    return blocks


def _rectangle(same: NDArray[np.bool_], differs: NDArray[np.bool_]) -> int:
    """Return the most blocks that are the same in a rectangle where next to none differ.

    It is 0 where what lies outside of it is no frame or bar, which would differ throughout.
    """
    rows = len(same)
    good, bad = _sums(same), _sums(differs)
    best, inside_bad = 0, 0
    for top in range(rows):
        for bottom in range(top + 1, rows + 1):
            line_good, line_bad = good[bottom] - good[top], bad[bottom] - bad[top]
            same_inside = line_good[None, :] - line_good[:, None]
            lost = line_bad[None, :] - line_bad[:, None]
            fits = np.where(lost <= _DIFFERING * (same_inside + lost), same_inside, 0)
            place = int(fits.argmax())
            if fits.flat[place] > best:
                best, inside_bad = int(fits.flat[place]), int(lost.flat[place])
    outside_same = int(same.sum()) - best
    outside_bad = int(differs.sum()) - inside_bad
    return best if outside_bad >= _FRAME * (outside_same + outside_bad) else 0


def _sums(marks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Sum all blocks above and left of each corner, (rows + 1, columns + 1)."""
    return np.pad(marks.astype(np.int64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
