"""Files that vanished: a few were deleted, many at once are missing, and may come back.

An empty mount point looks just like a folder whose files were deleted. So what vanishes in
bulk is kept, and a run that finds a folder empty, or most of it gone, asks first.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

from engine.errors import FilesVanished
from engine.store import KnownAsset, MissingAsset, Store
from engine.types import Failure, FileStat

_BULK = 10
"""Files of a folder of which nothing is left that are missing, and not deleted."""
_MANY = 100
"""Files that are missing however they lie."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """The assets below the roots of a run that vanished in bulk."""

    assets: frozenset[int] = frozenset()
    """Assets that are kept, unless a file of their content is found elsewhere."""
    refusal: FilesVanished | None = None
    """The question to ask first, if there is one."""


def find_bulk(
    roots: Iterable[str],
    known: Mapping[str, int],
    gone: Sequence[KnownAsset],
    files: Collection[str],
    new_sizes: Counter[int],
) -> Bulk:
    """Tell files that vanished in bulk from single ones.

    Args:
        roots: what the run covers, none below another.
        known: how many assets the catalog has below each root.
        gone: assets whose files are not there.
        files: paths that are there.
        new_sizes: how many new files have each size: as many assets may only have moved.
    """
    unmoved = list(_unmoved(gone, new_sizes))
    by_root: defaultdict[str, list[KnownAsset]] = defaultdict(list)
    tops = tuple(sorted(roots, key=len, reverse=True))
    for asset in unmoved:
        root = next((root for root in tops if _is_below(asset.path, root)), None)
        if root is not None:
            by_root[root].append(asset)
    kept = {asset.asset_id for asset in unmoved} if len(unmoved) >= _MANY else set()
    kept |= _of_empty_folders(unmoved, files)
    refusal = None
    for root, assets in sorted(by_root.items()):
        if 2 * len(assets) > known[root]:
            kept.update(asset.asset_id for asset in gone if _is_below(asset.path, root))
            refusal = refusal or FilesVanished(root, len(assets), known[root])
    return Bulk(frozenset(kept), refusal)


def _unmoved(gone: Sequence[KnownAsset], new_sizes: Counter[int]) -> Iterator[KnownAsset]:
    """Yield the assets for which there is no new file of their size."""
    left = Counter(new_sizes)
    for asset in gone:
        if left[asset.size] > 0:
            left[asset.size] -= 1
        else:
            yield asset


def _of_empty_folders(gone: Sequence[KnownAsset], files: Collection[str]) -> set[int]:
    """Return the assets of folders, and all below them, of which nothing is left."""
    alive = {parent for path in files for parent in _folders_above(path)}
    by_folder: defaultdict[str, set[int]] = defaultdict(set)
    for asset in gone:
        outermost = None
        for folder in _folders_above(asset.path):
            if folder in alive:
                break
            outermost = folder
        if outermost is not None:
            by_folder[outermost].add(asset.asset_id)
    bulk = (assets for assets in by_folder.values() if len(assets) >= _BULK)
    return set().union(*bulk)


def _folders_above(path: str) -> Iterator[str]:
    """Yield the folders that a path lies in, innermost first, but for the root of all."""
    while (above := os.path.dirname(path)) != path and above != os.sep:  # noqa: PTH120
        yield above
        path = above


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root if root.endswith(os.sep) else root + os.sep)


def folded(failures: Sequence[Failure], roots: Sequence[str]) -> list[Failure]:
    """Return failures to read files, those of a folder that went away meanwhile as one.

    Args:
        roots: what the run covers.
    """
    seen: dict[str, bool] = {}
    by_folder: defaultdict[str | None, list[Failure]] = defaultdict(list)
    for failure in failures:
        by_folder[_folder_gone(failure.path, roots, seen)].append(failure)
    kept = by_folder.pop(None, [])
    for folder, members in sorted((str(folder), of) for folder, of in by_folder.items()):
        if len(members) < _BULK:
            kept += members
            continue
        reason = (
            f"went away while its files were read (is its disk mounted?):"
            f" {len(members):,} of them are left for the next run"
        )
        kept.append(Failure(folder, reason, code=members[0].code, retryable=True))
    return kept


def _folder_gone(path: str, roots: Sequence[str], seen: dict[str, bool]) -> str | None:
    """Return the outermost folder above a path, within the roots, in which nothing is left."""
    gone = None
    for folder in _folders_above(path):
        if folder not in seen:
            seen[folder] = any(_is_below(folder, root) for root in roots) and _is_empty(folder)
        if not seen[folder]:
            break
        gone = folder
    return gone


def _is_empty(folder: str) -> bool:
    """Tell whether a folder has nothing, cannot be listed, or is not there."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def now() -> str:
    """Return the time as the catalog notes when files vanished."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def expired(store: Store, days: float) -> list[int]:
    """Return the missing assets that have not been seen for so many days; none for 0.

    One that is missing since before its file was last changed was noted by a clock that was
    wrong, as of a computer that starts in 1970, and stays.
    """
    if not days:
        return []
    oldest = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    return [
        asset.asset_id
        for asset in store.missing()
        if asset.since < oldest
        and datetime.fromisoformat(asset.since).timestamp() * 1e9 >= asset.mtime_ns
    ]


@dataclass(frozen=True, slots=True)
class Returned:
    """A file with the content of a missing asset."""

    stat: FileStat
    asset: MissingAsset


@dataclass(slots=True)
class MissingFiles:
    """Missing assets, handed to the files that have their content, once each."""

    store: Store | None
    claimed: set[int] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def unchanged(self, files: Mapping[str, FileStat], under: Sequence[str]) -> list[Returned]:
        """Return the files that are back at their places, with their sizes and dates."""
        if self.store is None:
            return []
        found = [
            Returned(file, asset)
            for asset in self.store.missing(under)
            if (file := files.get(asset.path)) is not None
            and (file.size, file.mtime_ns) == (asset.size, asset.mtime_ns)
        ]
        by_path = {returned.stat.path: returned for returned in found}
        self.claimed.update(returned.asset.asset_id for returned in by_path.values())
        return sorted(by_path.values(), key=lambda returned: returned.asset.asset_id)

    def claim(self, file: FileStat, content_hash: str) -> Returned | None:
        """Return the missing asset of this content, one of the same path or name first."""
        if self.store is None:
            return None
        with self._lock:
            free = [
                asset
                for asset in self.store.missing_with_hash(content_hash)
                if asset.asset_id not in self.claimed
            ]
            if not free:
                return None
            name = Path(file.path).name
            best = min(free, key=lambda a: (a.path != file.path, Path(a.path).name != name))
            self.claimed.add(best.asset_id)
            return Returned(file, best)
