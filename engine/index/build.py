"""Make a snapshot out of vectors, in bounded memory, and see that it finds enough.

Vectors are copied out of the log first; all later passes read that copy through the
page cache, 65,536 rows at a time. What grows with their number in memory is the codes
alone, and a training sample that grows with its square root.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.progress import NO_PROGRESS, Progress
from engine.common.vectors import chunks
from engine.index import inverted_lists
from engine.index.choose import EXACT, choose_key, fallbacks
from engine.index.exact import import_faiss
from engine.index.faiss_files import read_index, write_index
from engine.index.recall import RecallSample, recall_samples, tune
from engine.index.snapshot import IDS, INDEX, VECTORS, Manifest, Snapshot, Tuning
from engine.index.vector_index import drawn
from engine.store.segments import Stored
from engine.types.arrays import MomentIds, Vectors

_CHUNK = 65_536
_PER_LIST = 40
"""Training vectors a list."""
_ROUNDS = 10
"""Iterations of k-means."""
_NO_MATTER = 2**26
"""Bytes that any index may take, however few vectors it has."""
_OUTGROWN = 2.0
"""Lists and codes are trained again when there are this many times more vectors."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The recall and memory that an index is built for."""

    recall: float = 0.95
    """recall@10 on stored vectors, and on texts where there are any."""
    memory: float = 0.3
    """Part of the size of the vectors in float32 that it may take in memory."""
    threads: int = 0
    """0 means all cores."""
    device: str = "cpu"
    """``cuda`` trains on a GPU."""


class SnapshotWriter:
    """Ids and vectors on their way into a snapshot's folder, which it makes.

    Args:
        base: a snapshot whose rows come first.
    """

    def __init__(self, folder: Path, base: Snapshot | None = None) -> None:
        self.folder = folder
        self._last = 0 if base is None else int(base.ids[-1])
        self._sorted = True
        folder.mkdir()
        if base is not None:
            shutil.copyfile(base.folder / IDS, folder / IDS)
            shutil.copyfile(base.folder / VECTORS, folder / VECTORS)
        # Without a buffer, so that closing after a full disk has nothing left to write.
        self._ids = (folder / IDS).open("ab", buffering=0)
        self._vectors = (folder / VECTORS).open("ab", buffering=0)

    def append(self, ids: MomentIds, vectors: Stored) -> None:
        """Add n rows: ids (n,), and vectors (n, dim), which are kept as float16."""
        steps = np.diff(ids, prepend=self._last)
        self._sorted = self._sorted and bool((steps > 0).all())
        self._last = int(ids[-1])
        _write(self._ids, np.ascontiguousarray(ids, np.int64))
        _write(self._vectors, np.ascontiguousarray(vectors, np.float16))

    def finish(self) -> None:
        """Close the files, and sort the rows by ascending id, as they lie in most logs."""
        self.close()
        if not self._sorted:
            self._sort()

    def close(self) -> None:
        """Close the files."""
        self._ids.close()
        self._vectors.close()

    def _sort(self) -> None:
        ids = np.frombuffer((self.folder / IDS).read_bytes(), np.int64)
        order = np.argsort(ids, kind="stable")
        rows = np.memmap(self.folder / VECTORS, np.float16, "r").reshape(len(ids), -1)
        unsorted = self.folder / f"{VECTORS}.unsorted"
        (self.folder / VECTORS).rename(unsorted)
        with (self.folder / VECTORS).open("wb") as file:
            for part in chunks(order, _CHUNK):
                file.write(rows[part].data)
        (self.folder / IDS).write_bytes(ids[order].tobytes())
        unsorted.unlink()


def _write(file: FileIO, rows: NDArray[Any]) -> None:
    """Write all of an array; a file without a buffer may take a part at a time."""
    rest = rows.reshape(-1).view(np.uint8)
    while len(rest):
        rest = rest[file.write(rest.data) :]


def build_snapshot(
    folder: Path,
    dim: int,
    texts: Vectors | None,
    wanted: BuildOptions,
    base: Snapshot | None = None,
    progress: Progress = NO_PROGRESS,
) -> Manifest:
    """Make a snapshot of the ids and vectors that a ``SnapshotWriter`` has put into a folder.

    Args:
        texts: queries of the space's text tower (q, dim); None where there is none.
        base: the snapshot that the copy began with. Its lists and codes are kept, so
            that only the new rows have to be placed, unless too many are new or the
            recall has fallen under the target: then all is trained again.
        progress: receives the rows that are added, and none at each step of training and
            tuning, so that a build can be cancelled in the middle.
    """
    started = time.monotonic()
    faiss = import_faiss()
    faiss.omp_set_num_threads(wanted.threads or os.cpu_count() or 1)
    count = (folder / IDS).stat().st_size // 8
    vectors = np.memmap(folder / VECTORS, np.float16, "r", shape=(count, dim)).view(np.ndarray)
    asked = recall_samples(vectors, texts, faiss, progress)
    made = _Attempt(vectors, asked, wanted, faiss, progress).best(base)
    if inverted_lists.are_kept_apart(made.key):
        inverted_lists.save(made.index, folder, faiss)
    write_index(made.index, folder / INDEX, faiss)
    about = Manifest(
        dim=dim,
        count=count,
        key=made.key,
        trained_on=made.trained_on,
        target_recall=wanted.recall,
        tuning=made.tuning,
        seconds=round(time.monotonic() - started, 3),
        faiss=faiss.__version__,
        missed=made.missed,
        sizes={file.name: file.stat().st_size for file in folder.iterdir()},
    )
    about.save(folder)
    return about


@dataclass(frozen=True, slots=True)
class _Made:
    index: Any
    key: str
    trained_on: int
    tuning: Tuning
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """The vectors, and what an index over them is measured with."""

    vectors: NDArray[np.float16]
    asked: dict[str, RecallSample]
    wanted: BuildOptions
    faiss: Any
    progress: Progress

    def best(self, base: Snapshot | None) -> _Made:
        """Return the first index that reaches the target.

        Tried are the base's lists and codes, those that fit the size, and exact search.
        """
        missed: list[str] = []
        if base is not None and (grown := self._grown(base)) is not None:
            made, reached = grown
            if reached:
                return made
            missed.append(_describe(made))
        count, dim = self.vectors.shape
        budget = max(int(self.wanted.memory * 4 * count * dim), _NO_MATTER)
        for key in fallbacks(choose_key(count, dim, budget, self.wanted.recall)):
            made, reached = self._trained(key)
            if reached:
                break
            missed.append(_describe(made))
        return replace(made, missed=tuple(missed))

    def _grown(self, base: Snapshot) -> tuple[_Made, bool] | None:
        """Return the base's index with the new rows; None where it has been outgrown."""
        count, about = len(self.vectors), base.about
        if about.key == EXACT or count > _OUTGROWN * about.trained_on:
            return None
        index = read_index(base.folder / INDEX, self.faiss)
        if inverted_lists.are_kept_apart(about.key):
            inverted_lists.attach(index, base.folder, about.count, self.faiss)
            inverted_lists.load(index, self.faiss)
        self._fill(index, len(base))
        return self._tuned(index, about.key, about.trained_on)

    def _trained(self, key: str) -> tuple[_Made, bool]:
        faiss, (count, dim) = self.faiss, self.vectors.shape
        index = faiss.index_factory(dim, key, faiss.METRIC_INNER_PRODUCT)
        if key == EXACT:
            self._fill(index, 0)
            return _Made(index, key, count, Tuning(1, 0, dict.fromkeys(self.asked, 1.0))), True
        index.cp.min_points_per_centroid = 1
        if self.wanted.device == "cuda":
            from engine.index.gpu import train_on_gpu

            train_on_gpu(index, faiss)
        sample = drawn(count, max(_PER_LIST * index.nlist, _CHUNK))
        rows = self.vectors[sample].astype(np.float32)
        self._find_lists(index, rows)
        index.train(rows)
        self._fill(index, 0)
        return self._tuned(index, key, count)

    def _find_lists(self, index: Any, rows: Vectors) -> None:
        """Find the centres of the lists, an iteration of k-means at a time.

        It is what ``index.train`` does first, to the bit, and takes minutes for millions of
        vectors. ``index.train`` passes it over where the centres are there.
        """
        index.cp.niter = 1
        clustering = self.faiss.Clustering(index.d, index.nlist, index.cp)
        search = index.clustering_index or self.faiss.IndexFlatIP(index.d)
        for _ in range(_ROUNDS):
            clustering.train(rows, search)
            self.progress.advance(0)
        centres = self.faiss.vector_to_array(clustering.centroids).reshape(-1, index.d)
        index.quantizer.reset()
        index.quantizer.add(centres)

    def _fill(self, index: Any, first: int) -> None:
        for at in range(first, len(self.vectors), _CHUNK):
            rows = self.vectors[at : at + _CHUNK].astype(np.float32)
            index.add(rows)
            self.progress.advance(len(rows))

    def _tuned(self, index: Any, key: str, trained_on: int) -> tuple[_Made, bool]:
        lists, target = int(index.nlist), self.wanted.recall
        found, reached = tune(index, self.faiss, self.asked, target, lists, self.progress)
        return _Made(index, key, trained_on, found), reached


def _describe(made: _Made) -> str:
    recall = ", ".join(f"{name} {value:.3f}" for name, value in made.tuning.recall.items())
    return f"{made.key}: {recall}"
