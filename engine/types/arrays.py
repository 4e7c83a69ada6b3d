"""Arrays that the engine passes around, with their shapes and dtypes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
"""L2-normalised embeddings, shape (n, dim), float32."""

MomentIds: TypeAlias = NDArray[np.int64]
"""Moment ids, shape (n,), int64; 0 is never a moment."""

Waveform: TypeAlias = NDArray[np.float32]
"""Mono samples in [-1, 1], shape (n,), float32."""
