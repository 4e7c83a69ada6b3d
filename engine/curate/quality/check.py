"""Measure files in a pool of threads; one that cannot be read costs one line."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from engine.config import Settings
from engine.curate.quality import pictures, sounds, videos
from engine.curate.quality.verdicts import Fault, faults
from engine.curate.records import Finding
from engine.errors import MediaError
from engine.store import KnownAsset, Store
from engine.types import Kind

_WAITING = 4
"""Files that wait for each thread."""
_MEASURES = {
    Kind.IMAGE: pictures.measure, Kind.AUDIO: sounds.measure, Kind.VIDEO: videos.measure,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file with its faults."""

    asset: KnownAsset
    faults: tuple[Fault, ...] = ()
    failure: str | None = None
    """The reason, where it could not be read."""


def check_all(
    assets: Iterable[KnownAsset], settings: Settings, limit: Mapping[str, float]
) -> Iterator[CheckedFile]:
    """Measure files, in their order; no more than a few wait at any time."""
    with ThreadPoolExecutor(settings.threads, "sensorium-quality") as pool:
        waiting: deque[Future[CheckedFile]] = deque()
        try:
            for asset in assets:
                waiting.append(pool.submit(_check, asset, settings, limit))
                if len(waiting) > _WAITING * settings.threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _check(asset: KnownAsset, settings: Settings, limit: Mapping[str, float]) -> CheckedFile:
    try:
        measured = _MEASURES[asset.kind](Path(asset.path), settings)
    except MediaError as error:
        return CheckedFile(asset, failure=f"{asset.path}: {error}")
    return CheckedFile(asset, tuple(faults(measured, limit)))


def findings(store: Store, checked: CheckedFile) -> Iterator[Finding]:
    """Yield a finding for each fault of a file; the score is the measure."""
    if not checked.faults:
        return
    moments = store.moments_of(checked.asset.asset_id)
    moment = moments[0].moment_id if moments else None
    for fault in checked.faults:
        yield Finding(
            checked.asset.asset_id, moment, checked.asset.path, fault.verdict, None,
            fault.value, fault.why,
        )  # fmt: skip
