"""Compare vectors with those of PyTorch: pure functions over both."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from engine.encoders.runtime.backend import Refused
from engine.types.arrays import Vectors

COSINE = 0.999
"""Least cosine of the two vectors of any probe, in float32 and in half precision."""
COSINE_INT8 = 0.99
RECALL = 0.01
"""Recall that may be lost: one point."""


@dataclass(frozen=True, slots=True)
class BackendVerdict:
    """The measured agreement of an export with PyTorch."""

    cosine: float
    """The least of all probes."""
    recall: float | None = None
    """Share of pictures whose nearest other is their twin; None where it was not asked.
    ``recall_torch`` alike, by PyTorch's vectors."""
    recall_torch: float | None = None

    def require(self, cosine: float) -> None:
        """Accept or refuse.

        Raises:
            Refused: the cosine is less than that, or recall is more than a point lower.
        """
        if not self.cosine >= cosine:  # also for what is not a number
            raise Refused(f"its cosine with PyTorch is {self.cosine:.4f}, less than {cosine}")
        if self.recall is None or self.recall_torch is None:
            return
        if self.recall_torch - self.recall > RECALL + 1e-9:
            raise Refused(f"its recall is {self.recall:.3f}, and PyTorch's {self.recall_torch:.3f}")

    def as_dict(self) -> dict[str, float | None]:
        """For JSON."""
        return asdict(self)


def compared(ours: Vectors, exact: Vectors, *, twins: bool) -> BackendVerdict:
    """Vectors (n, dim) of probes against those of PyTorch.

    Args:
        twins: row i and row n/2 + i show the same scene, so that recall can be told.
    """
    cosine = least_cosine(ours, exact)
    if not twins:
        return BackendVerdict(cosine)
    return BackendVerdict(cosine, twin_recall(ours), twin_recall(exact))


def least_cosine(ours: Vectors, exact: Vectors) -> float:
    """Return the least cosine between rows; NaN where one is no number. -1 for another shape."""
    if ours.shape != exact.shape:
        return -1.0
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(exact, axis=1)
    return float(np.min((ours * exact).sum(axis=1) / lengths))


def twin_recall(vectors: Vectors) -> float:
    """recall@1 of twins: unit rows, the second half in the order of the first."""
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    half = len(vectors) // 2
    expected = np.concatenate([np.arange(half) + half, np.arange(half)])
    return float(np.mean(scores.argmax(axis=1) == expected))
