"""Measure what each stage of indexing costs by itself, on a user's own files.

The stages take turns: files are read, then decoded on all cores, then embedded, then
committed, so that none competes with another; and all of it once more as ``index``
does it, side by side. What the pipeline costs beside its stages is the difference.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from engine.common.method_clock import StageClock, TimedMethods
from engine.common.progress import NO_PROGRESS, Progress
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import MediaError, UsageError
from engine.library.facade import Library
from engine.media.sniff import sniff
from engine.store import KnownAsset, Store
from engine.types import Asset, FileStat, IndexedAsset, Kind, MediaType
from indexers.decode import decode
from indexers.decode_events import Facts, Prepared
from indexers.file_hash import hash_file
from indexers.reading import shown
from indexers.screen import texts
from indexers.walk import walk
from indexers.worker import Assembly, Worker

_GROUP_FILES, _GROUP_BYTES = 64, 256 * 2**20
"""Files that are decoded before what came of them is embedded: memory holds one group."""
_COMMIT = 256
SPLIT = ("decode", "preprocess", "read text", "transcribe")
"""The stages of the threads that decode. They run together, and their wall time is
divided by what the threads spent in each."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """The time of one stage by itself."""

    name: str
    seconds: float
    """Wall time, on all cores."""
    count: int
    """Files, or moments, that went through it."""
    unit: str


@dataclass(frozen=True, slots=True)
class IndexingProfile:
    """The times that were measured on one sample."""

    encoder: str
    files: int
    found: int
    """Files below the folder, media or not, of which the sample was drawn."""
    kinds: Mapping[Kind, int]
    bytes: int
    moments: int
    failed: int
    """Files of the sample that cannot be read; ``sensorium index`` says why."""
    loading: float
    """Seconds until the towers were ready, once a process."""
    stages: tuple[StageTime, ...]
    pipeline: float
    """Seconds of ``index`` on the same files, with everything side by side."""

    @property
    def together(self) -> float:
        """Seconds of all stages, one after another."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def bottleneck(self) -> StageTime:
        """The stage that takes longest."""
        return max(self.stages, key=lambda stage: stage.seconds)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    media: MediaType
    size: int


def profile_indexing(
    folder: str | Path,
    towers: Callable[[], Towers],
    settings: Settings,
    sample: int,
    progress: Progress = NO_PROGRESS,
) -> IndexingProfile:
    """Measure the stages on a sample of the media at or below ``folder``.

    The sample depends on the names alone, so that a second run measures the same files.
    Nothing of it stays: the library is a temporary one.

    Args:
        towers: makes the towers, which load during the measurement.
        sample: files at most.
        progress: gets a line for each part that is measured.

    Raises:
        PathNotFound: there is no such folder.
        UsageError: no media is in it, or none that can be read.
    """
    files, found = _sample(folder, sample)
    made = towers()
    progress.message(f"{len(files)} of {found} files below {folder}; loading {made.encoder.name}")
    loading = _seconds(lambda: _load(made))
    with tempfile.TemporaryDirectory(prefix="sensorium-bench-") as temporary:
        run = _Run(Path(temporary), made, settings)
        progress.message("each stage alone")
        run.stages_of(files)
        if not run.indexed:
            raise UsageError(f"{folder}: not one of {len(files)} files of a sample can be read")
        progress.message("the pipeline as a whole")
        pipeline = run.pipeline([file.path for file in files])
    return IndexingProfile(
        encoder=made.encoder.name,
        files=len(files),
        found=found,
        kinds=Counter(file.media.kind for file in files),
        bytes=sum(file.size for file in files),
        moments=run.moments,
        failed=len(files) - len(run.indexed),
        loading=loading,
        stages=run.stages(),
        pipeline=pipeline,
    )


def _sample(folder: str | Path, most: int) -> tuple[list[_File], int]:
    """Return media files drawn at random, always the same, and how many files there are."""
    walked = sorted(walk([folder]).files.values(), key=lambda stat: stat.path)
    shuffled = random.Random(0).sample(walked, len(walked))  # noqa: S311
    files: list[_File] = []
    for stat in shuffled:
        if len(files) == most:
            break
        if (media := _media(stat)) is not None:
            files.append(_File(Path(stat.path), media, stat.size))
    if not files:
        raise UsageError(f"{folder}: no picture, video or sound in it; name a folder of media")
    return files, len(walked)


def _media(stat: FileStat) -> MediaType | None:
    try:
        return sniff(Path(stat.path))
    except (MediaError, OSError):
        return None


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _load(towers: Towers) -> None:
    """Load every tower; what is loaded later would count as work."""
    import numpy as np
    from PIL import Image

    towers.encoder.embed_texts(["a"])
    grey = towers.encoder.prepare_image(Image.new("RGB", (512, 512), (128, 128, 128)))
    towers.encoder.embed_images([grey])
    quiet = np.zeros(towers.sound.rate * 2, np.float32)
    towers.embed_sounds([towers.sound.prepare(quiet)])
    if towers.screen is not None:
        towers.screen.read(Image.new("RGB", (1024, 768), (255, 255, 255)))
    if towers.speech is not None:
        noise = np.random.default_rng(0).normal(0, 0.1, towers.speech.rate).astype(np.float32)
        towers.speech.transcribe(noise)


def _timed_towers(towers: Towers, clock: StageClock) -> Towers:
    def timed(inner: object, stage: str, method: str) -> Any:
        return None if inner is None else TimedMethods(inner, clock, stage, method)

    return replace(
        towers,
        encoder=timed(towers.encoder, "preprocess", "prepare_image"),
        sound=timed(towers.sound, "preprocess", "prepare"),
        speech=timed(towers.speech, "transcribe", "transcribe"),
        screen=timed(towers.screen, "read text", "read"),
    )


@dataclass(slots=True)
class _Decoded:
    """The moments of one file."""

    asset: Asset
    prepared: list[Prepared]


@dataclass(slots=True)
class _Run:
    """The stages one after another, and the time that they took."""

    folder: Path
    towers: Towers
    settings: Settings
    indexed: list[IndexedAsset] = field(default_factory=list)
    took: Counter[str] = field(default_factory=Counter)
    read: int = 0
    clock: StageClock = field(default_factory=StageClock)
    timed: Towers = field(init=False)

    def __post_init__(self) -> None:
        self.timed = _timed_towers(self.towers, self.clock)

    @property
    def moments(self) -> int:
        return sum(len(asset.embeddings) for asset in self.indexed)

    def stages_of(self, files: Sequence[_File]) -> None:
        with ThreadPoolExecutor(self.settings.threads) as pool:
            for group in _groups(files):
                started = time.perf_counter()
                hashes = list(pool.map(_hash, group))
                self._took("read", started)
                started = time.perf_counter()
                decoded = list(
                    pool.map(lambda pair: self._decode(*pair), zip(group, hashes, strict=True))
                )
                self._took("decoding", started)
                started = time.perf_counter()
                self.indexed.extend(self._embed([file for file in decoded if file is not None]))
                self._took("encode", started)
        self.read = len(files)
        self._write()

    def _took(self, stage: str, started: float) -> None:
        self.took[stage] += time.perf_counter() - started  # type: ignore[assignment]

    def _decode(self, file: _File, known: tuple[FileStat, str] | None) -> _Decoded | None:
        """Return all pieces of a file; None where it cannot be read."""
        if known is None:
            return None
        stat, content_hash = known
        asset = Asset(stat.path, content_hash, file.media, stat.size, stat.mtime_ns)
        decoded = _Decoded(asset, [])
        started = time.perf_counter()
        try:
            for piece in decode(file.path, file.media, self.timed, self.settings):
                if isinstance(piece, Prepared):
                    decoded.prepared.append(piece)
                elif isinstance(piece, Facts):
                    decoded.asset = replace(asset, duration=piece.duration)
            decoded.prepared.extend(self._texts(file, asset))
        except Exception:  # whatever a decoder runs into
            return None
        finally:
            self.clock.add("all", time.perf_counter() - started)
        return decoded

    def _texts(self, file: _File, asset: Asset) -> list[Prepared]:
        """Read the text in a picture or video, as ``index`` does once it is committed."""
        screen = self.timed.screen
        if screen is None or file.media.kind is Kind.AUDIO:
            return []
        stat = asset.size, asset.mtime_ns, asset.content_hash
        known = KnownAsset(0, asset.path, *stat, file.media.kind, "indexed")
        read = texts(shown(known, self.settings, screen.side), screen)
        return [piece for piece in read if isinstance(piece, Prepared)]

    def _embed(self, decoded: Sequence[_Decoded]) -> Iterator[IndexedAsset]:
        worker: Worker[Assembly] = Worker(self.towers, self.settings.batch_size)
        assemblies = []
        for file in decoded:
            assembly = Assembly(asset=file.asset)
            assemblies.append(assembly)
            for prepared in file.prepared:
                worker.add(assembly, prepared)
        worker.flush()
        yield from filter(None, (assembly.indexed() for assembly in assemblies))

    def _write(self) -> None:
        """Commit all of it to a library, and do what ``index`` does at the end."""
        with Store.create(self.folder / "stages", self.towers.encoder.name) as store:
            started = time.perf_counter()
            with store.writer() as writer:
                for space in self.towers.spaces:
                    writer.ensure_space(space)
                for first in range(0, len(self.indexed), _COMMIT):
                    writer.commit(self.indexed[first : first + _COMMIT])
            self._took("write", started)
            library = Library(store, self.settings, self.towers)
            started = time.perf_counter()
            library.maintenance.settle(False)
            self._took("index", started)
            library.close()

    def pipeline(self, paths: Sequence[Path]) -> float:
        """Return the seconds of ``index`` on the same files, into another library."""
        store = Store.create(self.folder / "pipeline", self.towers.encoder.name)
        with Library(store, self.settings, self.towers) as library:
            return _seconds(lambda: library.index(paths))

    def stages(self) -> tuple[StageTime, ...]:
        """Return the stages in the order in which a file goes through them.

        Those that nothing went through are left out.
        """
        spent = cast(Mapping[str, float], self.clock.spent)
        inside = {name: spent[name] for name in SPLIT[1:]}
        inside["decode"] = max(0.0, spent["all"] - sum(inside.values()))
        share = self.took["decoding"] / max(spent["all"], 1e-9)
        split = [
            StageTime(name, inside[name] * share, self.moments, "moments")
            for name in SPLIT
            if name == "decode" or inside[name]
        ]
        moments = [
            StageTime(name, float(self.took[name]), self.moments, "moments")
            for name in ("encode", "write", "index")
        ]
        return (StageTime("read", float(self.took["read"]), self.read, "files"), *split, *moments)


def _hash(file: _File) -> tuple[FileStat, str] | None:
    try:
        return hash_file(file.path)
    except (MediaError, OSError):
        return None


def _groups(files: Sequence[_File]) -> Iterator[list[_File]]:
    group: list[_File] = []
    size = 0
    for file in files:
        group.append(file)
        size += file.size
        if len(group) == _GROUP_FILES or size > _GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def profile_encoder(
    folder: str | Path,
    encoder: str | None = None,
    *,
    settings: Settings | None = None,
    sample: int = 200,
    progress: bool | Progress = False,
) -> IndexingProfile:
    """Measure the stages of indexing with an encoder, by its name.

    Args:
        encoder: None for the default one.
        sample: files at most.

    Errors are those of ``profile_indexing``, and ``EncoderUnavailable``.
    """
    from engine.common.progress_bar import watched
    from engine.encoders import registry

    known = settings or Settings.load()
    name = encoder or registry.default_encoder()
    with watched(progress) as reporting:
        return profile_indexing(
            folder, lambda: registry.towers(name, known), known, sample, reporting
        )
