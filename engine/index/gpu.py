"""What a GPU does for an index, where faiss-gpu is installed and has one.

Training k-means is nearly all of a build's arithmetic that grows faster than the
vectors; assigning rows and searching use the same index as a CPU does, so that a
snapshot does not depend on where it was made.
"""

from __future__ import annotations

from typing import Any

from engine.errors import UsageError

DEVICES = ("cpu", "cuda")


def select(wanted: str, gpus: int) -> str:
    """The device to build on: ``cpu`` or ``cuda``; ``auto`` takes a GPU where there is one.

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
        raise UsageError("FAISS sees no GPU here; install faiss-gpu, or use --device cpu")
    return wanted


def count(faiss: Any) -> int:
    """GPUs that this build of FAISS can use."""
    return int(faiss.get_num_gpus()) if hasattr(faiss, "get_num_gpus") else 0


def train_on_gpu(index: Any, faiss: Any) -> None:
    """Let an inverted file find its lists on every GPU. Its codes train on the CPU."""
    lists = faiss.IndexFlatIP(index.d)
    index.clustering_index = faiss.index_cpu_to_all_gpus(lists)
