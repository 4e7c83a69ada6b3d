"""Train and search indexes on a GPU, where faiss-gpu is installed and has one.

It trains the lists, which is the part of a build that grows fastest, and it searches:
its memory is fast enough to score every vector in float16 in the time that a CPU takes
for its candidates, so no approximation is needed while they fit. Files are the same as
without, so that a snapshot does not depend on where it was made.
"""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from engine.common.vectors import chunks
from engine.config import Settings
from engine.errors import UsageError
from engine.index.allowed import RowMask
from engine.index.exact import import_faiss
from engine.index.snapshot import Places, Snapshot
from engine.types.arrays import Vectors

DEVICES = ("cpu", "cuda")
_MOST = 2_048
"""Candidates that FAISS finds on a GPU at a time."""
_CHUNK = 65_536
_log = logging.getLogger(__name__)


def select_device(wanted: str, gpus: int) -> str:
    """Return the device to use, ``cpu`` or ``cuda``; ``auto`` takes a GPU where there is one.

    Args:
        wanted: as in ``SENSORIUM_DEVICE``.
        gpus: how many FAISS sees; faiss-cpu sees none.

    Raises:
        UsageError: another word, or ``cuda`` where there is no GPU.
    """
    if wanted == "auto":
        return "cuda" if gpus else "cpu"
    if wanted not in DEVICES:
        raise UsageError(f"no device is called {wanted!r}; there are auto, {', '.join(DEVICES)}")
    if wanted == "cuda" and not gpus:
        raise UsageError("FAISS sees no GPU here; install faiss-gpu, or set SENSORIUM_DEVICE=cpu")
    return wanted


def device(settings: Settings) -> str:
    """Return the device on which indexes are made and searched with these settings.

    Raises:
        UsageError: on a GPU, and there is none.
    """
    return select_device(settings.device, count_gpus(import_faiss()))


def snapshot_class(settings: Settings) -> type[Snapshot]:
    """Return the class that opens snapshots: to be searched on a GPU, or without one."""
    return GpuSnapshot if device(settings) == "cuda" else Snapshot


def count_gpus(faiss: Any) -> int:
    """Count the GPUs that this build of FAISS can use."""
    return int(faiss.get_num_gpus()) if hasattr(faiss, "get_num_gpus") else 0


def train_on_gpu(index: Any, faiss: Any) -> None:
    """Let an inverted file find its lists on every GPU. Its codes train on the CPU."""
    index.clustering_index = faiss.index_cpu_to_all_gpus(faiss.IndexFlatIP(index.d))


def flat_index(faiss: Any, dim: int) -> Any:
    """Return an empty index on a GPU that scores every vector, kept as float16."""
    options = faiss.GpuIndexFlatConfig()
    options.useFloat16 = True
    return faiss.GpuIndexFlatIP(faiss.StandardGpuResources(), dim, options)


class GpuSnapshot(Snapshot):
    """A snapshot whose candidates are found on a GPU, among all vectors.

    What a GPU does not do is done as without one: filters that go into the search,
    thousands of candidates, and vectors that do not fit.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        # One search at a time: the resources of a GPU are not for several threads.
        self._lock = Lock()
        self._flat = self._copied()

    def _copied(self) -> Any:
        """Copy all vectors to the GPU; None where they do not fit."""
        made = flat_index(self._faiss, self.about.dim)
        try:
            for part in chunks(self._vectors, _CHUNK):
                made.add(part.astype(np.float32))
        except RuntimeError as error:
            _log.warning("%s does not fit a GPU, and is searched without: %s", self.folder, error)
            return None
        return made

    def _candidates(
        self, query: Vectors, wanted: int, visited: int, rows: RowMask | None = None
    ) -> Places:
        if self._flat is None or rows is not None or wanted > _MOST:
            return super()._candidates(query, wanted, visited, rows)
        with self._lock:
            _, places = self._flat.search(query[None], min(wanted, len(self)))
        found: Places = places[0][places[0] >= 0]
        return found
