"""Project vectors onto a plane for a map: by UMAP where it is installed, else by PCA."""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from engine.types.arrays import Vectors

MOST = 3_000
"""Points of a map; more make a page slow and a blot."""
_BLOCK, _ROUNDS = 12, 30
"""Vectors that an iteration turns at a time, and how often."""
_FEWEST = 16
"""Points below which there are no neighbours to keep together."""


def project_2d(vectors: Vectors, seed: int = 0) -> tuple[NDArray[np.float64], str]:
    """Project vectors (n, dim) onto a plane, and name the method that did it.

    Returns:
        Points (n, 2), by UMAP (McInnes et al. 2018) or the two principal components.
    """
    if len(vectors) >= _FEWEST and find_spec("umap") is not None:
        return _umap(vectors, seed), "UMAP"
    return pca(vectors), "PCA"


def pca(rows: Vectors) -> NDArray[np.float64]:
    """Project points (n, dim) onto the two directions in which they differ most, (n, 2)."""
    if not len(rows):
        return np.zeros((0, 2))
    centred = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    axes = _leading_axes(centred.T @ centred)
    # Eigenvectors have no sign of their own; this one makes a map the same every time.
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    flat_rows = centred @ (axes * signs)
    return np.pad(flat_rows, ((0, 0), (0, 2 - flat_rows.shape[1])))


def _leading_axes(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the two leading eigenvectors (dim, 2) of a covariance (dim, dim).

    By subspace iteration (Halko et al. 2011) with a block that is wider than what is wanted: of
    768 dimensions all eigenvectors took 2.4 s on a busy core, and a map needs two.
    """
    dim = len(covariance)
    if dim <= 4 * _BLOCK:
        return np.linalg.eigh(covariance)[1][:, ::-1][:, :2]
    block = np.random.default_rng(0).standard_normal((dim, _BLOCK))
    for _ in range(_ROUNDS):
        block, _ = np.linalg.qr(covariance @ block)
    _, turned = np.linalg.eigh(block.T @ covariance @ block)
    axes: NDArray[np.float64] = block @ turned[:, ::-1][:, :2]
    return axes


def _umap(rows: Vectors, seed: int) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the import, and that a seed costs it its threads
        import umap

        mapper = umap.UMAP(n_components=2, metric="cosine", random_state=seed)
        return np.asarray(mapper.fit_transform(rows), np.float64)
