"""A data set of another tool, or of another library, into this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from engine.config import Settings
from engine.encoders import registry
from engine.encoders.towers import Towers
from engine.errors import BadImport, PathNotFound, UsageError
from engine.exchange import checksums, serialize
from engine.exchange.formats import webdataset_reader
from engine.exchange.formats.clip_retrieval_reader import ClipFolder
from engine.exchange.formats.imagefolder_reader import ImageFolderReader, read_json
from engine.exchange.formats.img2dataset_tables import compare
from engine.exchange.formats.names import IMPORTS
from engine.exchange.formats.webdataset_samples import UnpackedTars
from engine.exchange.output_folder import draft
from engine.exchange.reuse_vectors import Taker, Trust
from engine.exchange.source import UNNAMED, ImportedSample, Source, checked
from engine.store import Store
from engine.store.paths import printable
from engine.types import Failure, IndexReport, Kind
from indexers.pipeline import Progress, run

_TARS = ("webdataset", "img2dataset")
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to import, and how."""

    format: str
    source: Path
    to: Path | None = None
    """Where files out of tars go: a folder that does not exist yet, and stays."""
    root: Path | None = None
    """Where relative paths of a clip-retrieval folder begin; None is that folder."""
    skip_missing: bool = False
    """Leave out files that a clip-retrieval folder names and that are not there."""
    vectors_of: str | None = None
    """The encoder that made the vectors, where the data set does not say so."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. Counts are files."""

    files: int
    taken: int
    """Whose vectors were taken as they are."""
    known: int
    """That the library had already."""
    moments: int
    captions: int
    """That got a caption from the data set."""
    tagged: int
    """That got tags from the data set, which they had in the library that it is out of."""
    missing: int
    """That were left out because they are not there."""
    indexed: IndexReport
    """What became of the others, which were embedded here."""
    notes: tuple[str, ...] = ()
    """What is not as one might think, a line each."""

    @property
    def failures(self) -> tuple[Failure, ...]:
        return self.indexed.failures


@dataclass(frozen=True, slots=True)
class Looked:
    """A data set that is as it should be. Files of tars are in their place by now."""

    source: Source
    trust: Trust
    missing: int
    notes: tuple[str, ...]


def look(towers: Towers, wanted: ImportOptions) -> Looked:
    """Read all of a data set, before anything of it goes into a library.

    Args:
        towers: of the library that it is for.

    Raises:
        BadImport: it is not what its format says, or a checksum fails.
        UsageError: there is no such format, or ``to`` is missing or taken.
        ExportFailed: the folder ``to`` cannot be written; nothing of it is left.
    """
    source, notes = _source(wanted, towers)
    trust, more = trusted(source, towers, wanted.vectors_of)
    missing = _examined(source, towers, trust, wanted)
    return Looked(source, trust, missing, (*notes, *more))


def import_dataset(
    store: Store,
    towers: Towers,
    settings: Settings,
    looked: Looked,
    *,
    wait: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a data set.

    Vectors are taken without embedding again where the data set says that the library's own
    encoder made them, in the same revision, or ``vectors_of`` does; each file must then
    still have the content that they are of. All other files are indexed as usual.

    Raises:
        LibraryBusy: another process writes, and ``wait`` was not asked.
        StoreError: as for any commit; of the vectors that were to be taken, none are.
    """
    source = looked.source
    taker, rest = _take(store, towers, settings, source, looked.trust, wait)
    report = _index(store, towers, settings, rest, wait, progress)
    total, captions, tagged = _complete(store, source, wait)
    return ImportReport(
        files=total, taken=taker.taken, known=taker.known, moments=taker.moments + report.moments,
        captions=captions, tagged=tagged, missing=looked.missing, indexed=report,
        notes=looked.notes,
    )  # fmt: skip


# --- looking ----------------------------------------------------------------------


def _source(wanted: ImportOptions, towers: Towers) -> tuple[Source, list[str]]:
    if wanted.format not in IMPORTS:
        raise UsageError(f"there is no import of {wanted.format!r}; there are {', '.join(IMPORTS)}")
    folder = wanted.source.expanduser()
    if not folder.exists():
        raise PathNotFound(f"{folder} does not exist")
    if wanted.format in _TARS:
        return _unpacked(wanted, towers, folder.resolve())
    if wanted.to is not None:
        raise UsageError(f"--to is for tars; the files of an {wanted.format} stay where they are")
    if not folder.is_dir():
        raise BadImport(f"{folder} is a file, and {wanted.format} is a folder")
    if wanted.format == "imagefolder":
        return ImageFolderReader(folder.resolve()), []
    root = wanted.root.expanduser().resolve() if wanted.root else None
    return ClipFolder(folder.resolve(), root), []


def _unpacked(wanted: ImportOptions, towers: Towers, source: Path) -> tuple[Source, list[str]]:
    if wanted.to is None:
        raise UsageError("the files of tars need a place: --to DIR, a folder that is not there yet")
    to = wanted.to.expanduser().absolute()
    found = webdataset_reader.found_in(source)
    home = source if source.is_dir() else source.parent
    checksums.verify(home)
    sidecar = home / serialize.SIDECAR
    said = read_json(sidecar) if sidecar.is_file() else {}
    with draft(to) as made:
        done = webdataset_reader.unpack(found, made)
        notes = compare(found, made.folder) if wanted.format == "img2dataset" else []
        looked = UnpackedTars(made.folder, said)
        _examined(looked, towers, trusted(looked, towers, wanted.vectors_of)[0], wanted)
    if done.without:
        notes.append(f"{done.without:,} samples have no picture, video or sound in them")
    if done.ignored:
        counts = ", ".join(f"{n:,} .{ending}" for ending, n in sorted(done.ignored.items()))
        notes.append(f"members that were left in the tars: {counts}")
    notes.append(f"what the tars say of each file is in {to / webdataset_reader.TABLE}")
    return UnpackedTars(to, said), notes


def trusted(source: Source, towers: Towers, vectors_of: str | None) -> tuple[Trust, list[str]]:
    """Which vectors are the library's own, and what is to be said of the others.

    Raises:
        UsageError: ``vectors_of`` is another encoder than the library's.
        BadImport: it is this one, and the vectors have another dim.
    """
    said, shared = source.vectors, towers.shared
    if said.spaces:
        own = {space.name: space for space in towers.spaces}
        names = {name: name for name, space in said.spaces.items() if own.get(name) == space}
        if shared.name in names:
            return Trust(names), []
        made = said.spaces.get(said.main or "") or next(iter(said.spaces.values()))
        return Trust({}), [
            f"the vectors are of {made.encoder} {made.revision}, and this library's of"
            f" {shared.encoder} {shared.revision}: all files are embedded here"
        ]
    if said.dim is None:
        return Trust({}), []
    if vectors_of is None:
        return Trust({}), [
            "nothing says which encoder made the vectors: all files are embedded here; if it"
            " is this library's, say so with --vectors-of"
        ]
    if registry.normalised(vectors_of) != towers.encoder.name:
        raise UsageError(
            f"--vectors-of {vectors_of}, but this library is of {towers.encoder.name}; for the"
            " other choose a library of its own with --library"
        )
    if said.dim != shared.dim:
        raise BadImport(
            f"the vectors have {said.dim} dimensions, and {towers.encoder.name} {shared.dim}"
        )
    return Trust({UNNAMED: shared.name}), ["the vectors are taken as yours to vouch for"]


def _examined(source: Source, towers: Towers, trust: Trust, wanted: ImportOptions) -> int:
    """Read all of it, vectors that are to be taken too; returns how many files are missing.

    Raises:
        BadImport: something is not as it should be.
    """
    dims = {space.name: space.dim for space in towers.spaces}
    seen: set[str] = set()
    missing, first = 0, ""
    for sample in source.samples():
        if sample.path in seen:
            raise BadImport(f"{sample.where} names {printable(sample.path)} once more")
        seen.add(sample.path)
        for piece in sample.pieces:
            for space, vector in piece.vectors.items():
                if space in trust.names:
                    checked(np.asarray(vector), dims[trust.names[space]], sample)
        if not Path(sample.path).is_file():
            missing, first = missing + 1, first or sample.path
    if not seen:
        raise BadImport(f"{wanted.source} names no files")
    if missing == len(seen) or (missing and not wanted.skip_missing):
        raise BadImport(
            f"{missing:,} of {len(seen):,} files are not there, {printable(first)} for one;"
            " --root DIR says where relative paths begin, --skip-missing leaves them out"
        )
    return missing


# --- taking -----------------------------------------------------------------------


def _take(
    store: Store, towers: Towers, settings: Settings, source: Source, trust: Trust, wait: bool
) -> tuple[Taker, list[str]]:
    """Take what vectors there are, in one transaction; the paths of all other files."""
    rest: list[str] = []
    with store.writer(wait=wait) as writer:
        for space in towers.spaces:
            writer.ensure_space(space)
        taker = Taker(store, writer, towers, settings, trust)
        with writer.transaction():
            for sample in source.samples():
                if not Path(sample.path).is_file():
                    continue
                if not trust.names or _in_part(sample, source) or not taker.take(sample):
                    rest.append(sample.path)
            taker.flush()
    return taker, rest


def _in_part(sample: ImportedSample, source: Source) -> bool:
    """Whether there is more in a file than the data set has vectors of: clip-retrieval knows
    nothing of what is heard in a video."""
    video = sample.asset is not None and sample.asset.media.kind is Kind.VIDEO
    return video and isinstance(source, ClipFolder)


def _index(
    store: Store,
    towers: Towers,
    settings: Settings,
    paths: Sequence[str],
    wait: bool,
    progress: Progress | None,
) -> IndexReport:
    if not paths:
        return IndexReport()
    return run(store, towers, paths, settings, wait=wait, progress=progress)


def _complete(store: Store, source: Source, wait: bool) -> tuple[int, int, int]:
    """Give files the tags of the data set, and its captions where they have none; how many
    there are, and got a caption, and tags."""
    total = captions = tagged = 0
    with store.writer(wait=wait) as writer:
        told = iter(source.samples())
        while block := list(islice(told, _AT_ONCE)):
            total += len(block)
            captions += writer.fill_captions({s.path: s.caption for s in block if s.caption})
            tagged += writer.curation.import_tags({s.path: s.tags for s in block if s.tags})
    return total, captions, tagged
