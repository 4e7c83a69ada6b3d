"""Looking through a library: ``library.browse``. Wiring only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from math import inf
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from engine.common.lru import LRUCache
from engine.common.part_repr import part_repr
from engine.common.progress import CancelToken
from engine.common.text import printable
from engine.common.user_path import resolved
from engine.completion_words import read_tags
from engine.config import Settings
from engine.errors import InvalidQuery, PathNotFound
from engine.query.browse.completion import Suggestion, complete
from engine.query.browse.facets import FacetCounter, Facets
from engine.query.browse.lists import AssetPage, ListedAsset, Lister, MomentNeighbours, MomentPage
from engine.query.browse.transcript import Transcript, transcript_of
from engine.query.thumbnails import CheckFile, read_checked, unchanged
from engine.store import KnownAsset, Store, thumbnails
from engine.types import Kind, Modality, MomentRecord, Sort

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.media.place_names import NearbyTown
    from engine.query.concepts.service import Concepts
    from engine.store.records import AssetFacts

_FINER = 2.0
"""The factor by which a waveform may ask for more than what is kept before it is read anew."""
_READ_ANEW = 600.0
"""Seconds of sound that are read anew for a finer outline."""


class Browsing:
    """Lists files and moments, counts facets, completes queries, and outlines sounds and videos."""

    def __init__(self, store: Store, settings: Settings, concepts: Concepts) -> None:
        self._store, self._settings, self._concepts = store, settings, concepts
        self._lister, self._facets = Lister(store), FacetCounter(store)
        self._making: LRUCache[str, Lock] = LRUCache(64)

    def __repr__(self) -> str:
        return part_repr(self, self._store.path)

    # --- lists --------------------------------------------------------------------

    def assets(
        self,
        *,
        kinds: Sequence[Kind | str] | str = (),
        where: Sequence[str] | str = (),
        sort: Sort | str = Sort.DATE,
        skip: int = 0,
        limit: int = 50,
    ) -> AssetPage:
        """Return a page of the files that pass filters, the newest first unless ``sort`` differs.

        Raises:
            InvalidQuery: there is no such kind or order.
            QuerySyntax: a filter cannot be read.
        """
        return self._lister.assets(kinds, where, sort, skip, limit)

    def asset(self, asset_id: int) -> ListedAsset:
        """Return a file with its tags and the moment that stands for it.

        Raises:
            KeyError: the library has no such file.
        """
        return self._lister.asset(asset_id)

    @staticmethod
    def town_near(latitude: float, longitude: float) -> NearbyTown | None:
        """Return the town that a place is near to; None far from any, or without the extra.

        Names are those of GeoNames, by the extra ``places``; no server is asked.
        """
        from engine.media.place_names import town_near

        return town_near(latitude, longitude)

    def tags(self, asset_ids: Iterable[int]) -> Mapping[int, tuple[str, ...]]:
        """Return the tags that files have themselves, in order; files without are left out."""
        return self._store.tags(list(asset_ids))

    def find(self, path: str | Path) -> ListedAsset:
        """Return the file at a path.

        Raises:
            PathNotFound: the library has no such file.
        """
        known = self._store.get(resolved(path))
        if known is None:
            raise PathNotFound(f"{printable(str(path))} is not in the library; index it first")
        return self._lister.asset(known.asset_id)

    def moments(
        self,
        *,
        kinds: Sequence[Kind | str] | str = (),
        modalities: Sequence[Modality | str] | str = (),
        where: Sequence[str] | str = (),
        skip: int = 0,
        limit: int = 50,
    ) -> MomentPage:
        """Return a page of the moments of files that pass filters, in the order of their numbers.

        Errors are those of ``assets``.
        """
        return self._lister.moments(kinds, modalities, where, skip, limit)

    def moments_of(
        self, asset_id: int, modalities: Sequence[Modality | str] | str = ()
    ) -> list[MomentRecord]:
        """Return the moments of a file in their order, such as the keyframes of a video.

        Raises:
            KeyError: the library has no such file.
        """
        return self._lister.moments_of(asset_id, modalities)

    def neighbours(self, moment_id: int, count: int = 5) -> MomentNeighbours:
        """Return the moments before and after one in its file, perceived in the same way.

        Raises:
            KeyError: the library has no such moment.
        """
        return self._lister.neighbours(moment_id, count)

    def facts(self, asset_ids: Iterable[int]) -> Mapping[int, AssetFacts]:
        """Return sizes, dates and dimensions of files by their numbers, for a page that shows them.

        Those that the library has no more are left out.
        """
        return self._store.facts(asset_ids)

    def facets(
        self,
        *,
        kinds: Sequence[Kind | str] | str = (),
        where: Sequence[str] | str = (),
        degrees: float = 1.0,
    ) -> Facets:
        """Count the files that pass filters by kind, date, folder, tag and place.

        Args:
            degrees: the side of the boxes that places are counted in.

        Errors are those of ``assets``.
        """
        return self._facets.count(kinds, where, degrees)

    def complete(
        self, text: str, at: int | None = None, *, most: int = 20
    ) -> tuple[Suggestion, ...]:
        """Return what can complete a query at a place, its end by default, the likeliest first."""
        place = len(text) if at is None else min(max(0, at), len(text))
        found = complete(
            text, place, self.facets, lambda start: read_tags(self._store.path, start),
            lambda: [concept.name for concept in self._concepts],
        )  # fmt: skip
        return tuple(islice(found, most))

    # --- what is heard, read and seen in a file ------------------------------------

    def transcript(
        self, asset_id: int, modalities: Sequence[Modality | str] | str = ()
    ) -> Transcript:
        """Return what is said in a file and what is to be read in it, with times.

        Args:
            modalities: ``speech`` or ``screen``; empty means both.

        Raises:
            KeyError: the library has no such file.
        """
        chosen = self._lister.moments_of(asset_id, modalities)
        return transcript_of(chosen, ())

    def waveform(
        self,
        asset_id: int,
        *,
        buckets: int = 1000,
        start: float = 0.0,
        end: float | None = None,
        check: CheckFile | None = None,
    ) -> NDArray[np.float32]:
        """Return the least and greatest sample of equal stretches of a sound, float32 (2, n).

        The library keeps the outline of a sound that was asked for once.

        Args:
            buckets: how many stretches.
            start: seconds; ``end`` likewise, None for the end of the file.
            check: as for ``thumbnail``.

        Raises:
            MediaError: nothing is to be heard, or the file cannot be read as it is now.
            KeyError: the library has no such file.
        """
        from engine.media.envelope import envelope
        from engine.media.peaks import MARKS, Peaks, read_peaks

        asset = self._asset(asset_id)
        duration = self._store.whole_assets([asset_id])[asset_id].duration or 0.0
        last = duration if end is None else end
        path = Path(asset.path)

        def whole() -> bytes:
            return read_peaks(path, duration).to_bytes()

        key = thumbnails.PeaksKey(asset.content_hash, MARKS)
        try:
            kept = Peaks.from_bytes(self._kept_once(key, asset, whole, check))
        except ValueError:  # a file that was damaged since
            kept = Peaks.from_bytes(read_checked(asset, whole, check))
        seconds = max(last - start, 0.0)
        finer = buckets > _FINER * kept.rate * seconds
        if finer and 0 < seconds <= _READ_ANEW and start < duration:
            return read_checked(asset, lambda: envelope(path, buckets, start, last), check)
        return kept.between(start, max(last, start), buckets)

    def strip(
        self,
        asset_id: int,
        *,
        frames: int = 20,
        height: int = 90,
        check: CheckFile | None = None,
    ) -> bytes:
        """Return a JPEG of frames of a video, evenly apart and side by side; the library keeps it.

        Args:
            frames: how many; each is what is shown in the middle of its stretch.
            height: pixels.
            check: as for ``thumbnail``.

        Raises:
            MediaError: it is no video, or cannot be read as it is now.
            KeyError: the library has no such file.
        """
        from engine.media.strip import strip

        asset = self._asset(asset_id)
        duration = self._store.whole_assets([asset_id])[asset_id].duration or 0.0
        return self._kept_once(
            thumbnails.StripKey(asset.content_hash, frames, height), asset,
            lambda: strip(Path(asset.path), self._settings, duration, frames, height), check,
        )  # fmt: skip

    def clip(
        self,
        asset_id: int,
        start: float,
        end: float,
        folder: str | Path,
        *,
        check: CheckFile | None = None,
        cancel: CancelToken | None = None,
    ) -> Path:
        """Cut a part of a video or a sound into a new file in ``folder``, and return its path.

        Packets are copied as they are wherever that shows no more than the part; the ending of
        the name says what it is. Nothing of the library is changed.

        Args:
            start: seconds from the start of the file.
            end: likewise; ten minutes after ``start`` at most, and what is past the end of the
                file is left out.
            folder: where to; it exists.
            check: as for ``thumbnail``.

        Raises:
            InvalidQuery: the file has no such part, or is a picture.
            MediaTooLarge: it is too long, too large, or would take too long to encode.
            MediaError: the file cannot be read as it is now.
            Cancelled: ``cancel`` was; nothing is left in ``folder``.
            KeyError: the library has no such file.
        """
        from engine.media.clip import cut

        asset, duration = self._asset(asset_id), self._duration(asset_id)
        if not 0 <= start < min(end, duration) < inf:
            raise InvalidQuery(f"a part is within 0 and {duration:g} s, and ends after it begins")
        name = f"{Path(asset.path).stem[:48]} {start:.1f}-{min(end, duration):.1f}s"
        to, last = Path(folder) / name.encode(errors="replace").decode(), min(end, duration + 1)
        return read_checked(
            asset, lambda: cut(Path(asset.path), self._settings, start, last, to, cancel), check
        )

    def frame(self, asset_id: int, at: float, *, check: CheckFile | None = None) -> bytes:
        """Return what a video shows at a time, as a JPEG as large as the video.

        Args:
            at: seconds from the start of the video.
            check: as for ``thumbnail``.

        Raises:
            InvalidQuery: it is no time of the video, or it is no video.
            MediaError: the file cannot be read as it is now.
            KeyError: the library has no such file.
        """
        from engine.media.strip import still

        asset, duration = self._asset(asset_id), self._duration(asset_id)
        if not duration or not 0 <= at <= duration:
            raise InvalidQuery(f"a frame is at a time within 0 and {duration:g} s")
        return read_checked(asset, lambda: still(Path(asset.path), self._settings, at), check)

    def _duration(self, asset_id: int) -> float:
        return self._store.whole_assets([asset_id])[asset_id].duration or 0.0

    def _asset(self, asset_id: int) -> KnownAsset:
        return self._store.assets_numbered([asset_id])[asset_id]

    def _kept_once(
        self,
        key: thumbnails.CacheKey,
        asset: KnownAsset,
        make: Callable[[], bytes],
        check: CheckFile | None,
    ) -> bytes:
        """Return what the library keeps, made by one thread while others that ask wait for it."""
        with self._making.get_or_make(key.file, Lock):
            return thumbnails.cached(
                self._store.path, key, lambda: read_checked(asset, make, check),
                keep=lambda: unchanged(asset),
            )  # fmt: skip
