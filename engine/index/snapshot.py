"""An index on disk: immutable, memory-mapped, and derived from the log.

ids.i64          moment ids, ascending; a row is a place in this file
vectors.f16      the exact vectors, for re-scoring
index.faiss      what finds candidates; its lists in files of their own, see ``lists``
snapshot.json    what it is, how it was tuned, and the sizes of the others
"""

from __future__ import annotations

import errno
import json
import math
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.id_sets import locate
from engine.common.vectors import chunks
from engine.errors import LibraryCorrupt
from engine.index import inverted_lists
from engine.index.allowed import RowMask
from engine.index.choose import EXACT
from engine.index.exact import TIES, import_faiss
from engine.index.faiss_files import read_index
from engine.index.vector_index import Scores, best_hits
from engine.store.error_translation import unavailable
from engine.types import Placement
from engine.types.arrays import MomentIds, Vectors

IDS, VECTORS, INDEX, MANIFEST = "ids.i64", "vectors.f16", "index.faiss", "snapshot.json"

_SCANNED = 8_192
"""So few rows are scored one by one, which is exact and as fast as any index."""
_MOST_KEPT = 0.5
"""A filter that keeps this part or more is applied to what was found; a finer one goes
into the search."""
_SPARE = 1.2
"""The factor by which more candidates are asked for than a filter leaves on average."""
_WIDER = 4
"""The factor by which a search gets wider that came back with too few."""
_WIDENING = 0.3
"""A filter that keeps a part p visits p^-0.3 times the lists: all of them would hold as
many candidates as before, but the nearest of fewer lie not so far apart (measured)."""
_SEEN = 500
"""Rows that may be returned which a search visits at least, on average."""
_CHUNK = 65_536
"""Rows that an exact pass reads at a time."""

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tuning:
    """Search parameters of a snapshot, and the recall that was measured with them."""

    lists: int
    """Inverted lists that a query visits."""
    candidates: int
    """Candidates that are scored exactly, for ten hits."""
    recall: dict[str, float] = field(default_factory=dict)
    """recall@10 by kind of query: ``stored`` vectors, and ``text`` where there is a tower."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of a snapshot, which lies beside it as JSON."""

    dim: int
    count: int
    key: str
    """FAISS factory key."""
    trained_on: int
    """Vectors that there were when its lists and codes were trained."""
    target_recall: float
    tuning: Tuning
    seconds: float
    """Seconds that the build took."""
    faiss: str
    """Version that built it."""
    missed: tuple[str, ...] = ()
    """Keys that were built first and missed the target, with the recall they had."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes by file."""

    def save(self, folder: Path) -> None:
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Raises ``OSError``, ``ValueError`` or ``TypeError`` where it cannot be read."""
        read: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        tuning = Tuning(**read.pop("tuning"))
        return cls(**read | {"tuning": tuning, "missed": tuple(read["missed"])})


class Snapshot:
    """Search in one folder. Rows are found by their place; see ``ids`` for the moments.

    Raises:
        LibraryCorrupt: files are missing, or have not the sizes that were written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._faiss = import_faiss()
        try:
            self.about = Manifest.load(folder)
            self._check_sizes()
            self.ids: MomentIds = self._mapped(IDS, np.int64, (self.about.count,))
            shape = (self.about.count, self.about.dim)
            self._vectors = self._mapped(VECTORS, np.float16, shape)
            flags = self._faiss.IO_FLAG_MMAP_IFC
            self._index = read_index(folder / INDEX, self._faiss, flags)
            if inverted_lists.are_kept_apart(self.about.key):
                inverted_lists.attach(self._index, folder, self.about.count, self._faiss)
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            if isinstance(error, OSError) and error.errno not in (None, errno.ENOENT):
                raise unavailable(folder, error) from error
            raise LibraryCorrupt(f"index {folder} cannot be read: {reason}") from error

    def _check_sizes(self) -> None:
        for name, size in self.about.sizes.items():
            if (self.folder / name).stat().st_size != size:
                raise ValueError(f"{name} has not its size")

    def _mapped(self, name: str, dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
        return np.memmap(self.folder / name, dtype, "r", shape=shape).view(np.ndarray)

    def __len__(self) -> int:
        return self.about.count

    def vectors(self, places: Places) -> Vectors:
        """Return the vectors (n, dim), float32, of rows (n,)."""
        return self._vectors[places].astype(np.float32)

    def stored(self) -> NDArray[np.float16]:
        """Return all vectors (n, dim) as they lie on disk, mapped."""
        return self._vectors

    def places(self, ids: MomentIds) -> tuple[NDArray[np.bool_], Places]:
        """Return which of ids (n,) it holds, (n,) bool, and the places of those."""
        return locate(ids, self.ids)

    # --- searching --------------------------------------------------------------

    def search(
        self, query: Vectors, top: int, rows: RowMask | None = None
    ) -> tuple[MomentIds, Scores]:
        """Return the ``top`` nearest of one query (dim,), among ``rows`` where given.

        Approximate, and exact where few rows may be returned. There are never fewer than
        ``top`` hits while that many may be returned.
        """
        query = np.ascontiguousarray(query, np.float32)
        there = len(self) if rows is None else rows.count
        top = min(top, there)
        if top <= 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        placement = None if rows is None else self.placement(rows, top)
        if self.about.key == EXACT and placement is not Placement.BEFORE:
            return self._nearest_of_all(query, top, rows)
        if rows is None or placement is Placement.AFTER:
            return self._filtered_after(query, top, rows)
        if placement is Placement.BEFORE:
            return self._nearest(query, rows.places, top)
        return self._filtered_within(query, top, rows)

    @staticmethod
    def placement(rows: RowMask, top: int) -> Placement:
        """Return where a filter that keeps these rows is applied."""
        if rows.count <= max(_SCANNED, top):
            return Placement.BEFORE
        return Placement.AFTER if rows.share >= _MOST_KEPT else Placement.INSIDE

    def _nearest_of_all(
        self, query: Vectors, top: int, rows: RowMask | None
    ) -> tuple[MomentIds, Scores]:
        """Return the best of all rows, where the index holds the vectors as they are."""
        places, scores = self._asked(query, top + TIES, 1, rows)
        return best_hits(self.ids[places], scores, top)

    def _filtered_after(
        self, query: Vectors, top: int, rows: RowMask | None
    ) -> tuple[MomentIds, Scores]:
        """Find, drop what may not be returned, and look wider until there are enough."""
        wide, tuning = 1, self.about.tuning
        kept = 1.0 if rows is None else rows.share / _SPARE
        while True:
            wanted = round(wide * max(tuning.candidates, 4 * top) / kept)
            visited = min(wide * tuning.lists, self._lists)
            places = self._candidates(query, wanted, visited)
            if rows is not None:
                places = places[rows.mask[places]]
            if len(places) >= top:
                return self._nearest(query, places, top)
            if visited == self._lists and wanted >= len(self):
                return self._nearest(query, self._all(rows), top)
            wide *= _WIDER

    def _filtered_within(self, query: Vectors, top: int, rows: RowMask) -> tuple[MomentIds, Scores]:
        """Let the index pass over what may not be returned.

        As many more lists are visited as that empties.
        """
        tuning = self.about.tuning
        enough = _SEEN * self._lists / rows.count
        wide = max(rows.share**-_WIDENING, enough / tuning.lists)
        while True:
            wanted = max(tuning.candidates, 4 * top)
            visited = min(math.ceil(wide * tuning.lists), self._lists)
            places = self._candidates(query, wanted, visited, rows)
            if len(places) >= top:
                return self._nearest(query, places, top)
            if visited == self._lists:
                return self._nearest(query, rows.places, top)
            wide *= _WIDER

    @cached_property
    def _lists(self) -> int:
        return int(self._index.nlist)

    def _all(self, rows: RowMask | None) -> Places:
        return np.arange(len(self), dtype=np.int64) if rows is None else rows.places

    def _candidates(
        self, query: Vectors, wanted: int, visited: int, rows: RowMask | None = None
    ) -> Places:
        """Return the places that the codes say are nearest."""
        return self._asked(query, wanted, visited, rows)[0]

    def _asked(
        self, query: Vectors, wanted: int, visited: int, rows: RowMask | None
    ) -> tuple[Places, Scores]:
        """Return the places that FAISS finds, with the scores of its codes.

        Parameters are the query's own; the index, which others search at the same time, is never
        changed.
        """
        faiss = self._faiss
        # One thread a query: two gain little, and a loaded machine makes them wait.
        faiss.omp_set_num_threads(1)
        selector = None if rows is None else faiss.IDSelectorBitmap(rows.bits)
        if self.about.key == EXACT:
            parameters = faiss.SearchParameters(sel=selector)
        else:
            parameters = faiss.SearchParametersIVF(nprobe=visited, sel=selector)
        scores, places = self._index.search(query[None], min(wanted, len(self)), params=parameters)
        found = places[0] >= 0  # the rest is padding
        return places[0][found], scores[0][found]

    def _nearest(self, query: Vectors, places: Places, top: int) -> tuple[MomentIds, Scores]:
        """Return the best of these rows by their exact scores."""
        faiss = self._faiss
        faiss.omp_set_num_threads(1)
        ids, scores = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for part in chunks(places, _CHUNK):
            # FAISS reads float16 as it is, five times faster than numpy turns it around.
            kind = faiss.ScalarQuantizer.QT_fp16
            exact = faiss.IndexScalarQuantizer(self.about.dim, kind, faiss.METRIC_INNER_PRODUCT)
            exact.add_sa_codes(self._vectors[part].view(np.uint8))
            found, at = exact.search(query[None], min(top + TIES, len(part)))
            ids.append(self.ids[part[at[0]]])
            scores.append(found[0])
        return best_hits(np.concatenate(ids), np.concatenate(scores), top)
