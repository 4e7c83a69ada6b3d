"""Import of a data set of another tool, or of another library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from engine.common.progress import NO_PROGRESS, Progress
from engine.common.text import printable
from engine.common.user_path import existing, expanded, resolved
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.towers import Towers
from engine.errors import BadImport, UsageError
from engine.exchange import checksums, serialize
from engine.exchange.formats import webdataset_reader
from engine.exchange.formats.clip_retrieval_reader import ClipRetrievalReader
from engine.exchange.formats.img2dataset_tables import compare
from engine.exchange.formats.registry import check_import_format, reader_of
from engine.exchange.formats.webdataset_samples import UnpackedTars
from engine.exchange.output_folder import output_folder
from engine.exchange.reuse_vectors import TrustedSpaces, VectorReuse
from engine.exchange.source import (
    UNNAMED,
    ImportedSample,
    Source,
    check_vector,
    counted,
    read_sidecar,
)
from engine.store import Store
from engine.types import Failure, ImportFormat, IndexReport, Kind
from indexers.pipeline import run

_TARS = (ImportFormat.WEBDATASET, ImportFormat.IMG2DATASET)
_BATCH = 5_000
"""Files whose captions and tags are written in one transaction."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import."""

    format: str
    source: Path
    to: Path | None = None
    """The folder for files out of tars, which does not exist yet, and stays."""
    root: Path | None = None
    """The folder where relative paths of clip-retrieval begin; None is its own."""
    skip_missing: bool = False
    """Leave out files that a clip-retrieval folder names and that are not there."""
    vectors_of: str | None = None
    """The encoder that made the vectors, where the data set does not say so."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The counts of an import, in files where nothing else is said."""

    files: int
    taken: int
    """Files whose vectors were taken as they are."""
    known: int
    """Files that the library had already."""
    moments: int
    """Moments that came in."""
    captions: int
    """Files that got a caption from the data set."""
    tagged: int
    """Files that got the tags that they had in the library that the data set is from."""
    missing: int
    """Files that were left out because they are not there."""
    indexed: IndexReport
    """The report of indexing all other files, which were embedded here."""
    notes: tuple[str, ...] = ()
    """Remarks on what may surprise, one line each."""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The files that could not be embedded, and why."""
        return self.indexed.failures


@dataclass(frozen=True, slots=True)
class CheckedDataset:
    """A data set that was read and found right. Files of tars are in their place by now."""

    source: Source
    trust: TrustedSpaces
    missing: int
    notes: tuple[str, ...]


def check_dataset(
    towers: Towers, options: ImportOptions, progress: Progress = NO_PROGRESS
) -> CheckedDataset:
    """Read all of a data set, before anything of it goes into a library.

    Args:
        towers: of the library that it is for.

    Raises:
        BadImport: it is not what its format says, or a checksum fails.
        UsageError: there is no such format, or ``to`` is missing or taken.
        ExportFailed: the folder ``to`` cannot be written; nothing of it is left.
    """
    source, notes = _source(options, towers, progress)
    trust, more = trusted_spaces(source, towers, options.vectors_of)
    missing = _examine(source, towers, trust, options, progress)
    return CheckedDataset(source, trust, missing, (*notes, *more))


def import_dataset(
    store: Store,
    towers: Towers,
    settings: Settings,
    dataset: CheckedDataset,
    *,
    wait: bool = False,
    progress: Progress = NO_PROGRESS,
) -> ImportReport:
    """Import a data set.

    Vectors are taken without embedding again where the data set says that the library's own
    encoder made them, in the same revision, or ``vectors_of`` does; each file must then
    still have the content that they are of. All other files are indexed as usual.

    Raises:
        LibraryBusy: another process writes, and ``wait`` was not asked.
        StoreError: as for any commit; of the vectors that were to be taken, none are.
    """
    source = dataset.source
    reuse, rest = _reuse(store, towers, settings, dataset, wait, progress)
    report = _index(store, towers, settings, rest, wait, progress)
    total, captions, tagged = _complete(store, source, wait)
    return ImportReport(
        files=total, taken=reuse.taken, known=reuse.known, moments=reuse.moments + report.moments,
        captions=captions, tagged=tagged, missing=dataset.missing, indexed=report,
        notes=dataset.notes,
    )  # fmt: skip


# --- checking ---------------------------------------------------------------------


def _source(options: ImportOptions, towers: Towers, progress: Progress) -> tuple[Source, list[str]]:
    name = check_import_format(options.format)
    folder = existing(options.source)
    if name in _TARS:
        return _unpacked(options, towers, resolved(folder), progress)
    if options.to is not None:
        raise UsageError(
            f"to= is for tars; the files of an {name} stay where they are", arguments=("to",)
        )
    if not folder.is_dir():
        raise BadImport(f"{folder} is a file, and {name} is a folder")
    root = resolved(options.root) if options.root else None
    return reader_of(name, resolved(folder), root), []


def _unpacked(
    options: ImportOptions, towers: Towers, source: Path, progress: Progress
) -> tuple[Source, list[str]]:
    """Take the files out of tars, and check them before their folder gets its name."""
    if options.to is None:
        raise UsageError(
            "the files of tars need a place: to=DIR, a folder that is not there yet",
            arguments=("to",),
        )
    to = expanded(options.to).absolute()
    found = webdataset_reader.found_in(source)
    home = source if source.is_dir() else source.parent
    checksums.verify(home)
    sidecar = home / serialize.SIDECAR
    metadata = read_sidecar(sidecar) if sidecar.is_file() else {}
    with output_folder(to) as folder:
        progress.start("unpacking")
        done = webdataset_reader.unpack(found, folder, progress)
        is_img2dataset = options.format == ImportFormat.IMG2DATASET
        notes = compare(found, folder.folder) if is_img2dataset else []
        unpacked = UnpackedTars(folder.folder, metadata)
        trust, _ = trusted_spaces(unpacked, towers, options.vectors_of)
        _examine(unpacked, towers, trust, options, progress)
    if done.without:
        notes.append(f"{done.without:,} samples have no picture, video or sound in them")
    if done.ignored:
        counts = ", ".join(f"{n:,} .{ending}" for ending, n in sorted(done.ignored.items()))
        notes.append(f"members that were left in the tars: {counts}")
    notes.append(f"what the tars say of each file is in {to / webdataset_reader.TABLE}")
    return UnpackedTars(to, metadata), notes


def trusted_spaces(
    source: Source, towers: Towers, vectors_of: str | None
) -> tuple[TrustedSpaces, list[str]]:
    """Decide which vectors are the library's own; returns remarks on the others, too.

    Raises:
        UsageError: ``vectors_of`` is another encoder than the library's.
        BadImport: it is this one, and the vectors have another dim.
    """
    stated, shared = source.vectors, towers.shared
    if stated.spaces:
        own = {space.name: space for space in towers.spaces}
        names = {name: name for name, space in stated.spaces.items() if own.get(name) == space}
        if shared.name in names:
            return TrustedSpaces(names), []
        made = stated.spaces.get(stated.main or "") or next(iter(stated.spaces.values()))
        return TrustedSpaces({}), [
            f"the vectors are of {made.encoder} {made.revision}, and this library's of"
            f" {shared.encoder} {shared.revision}: all files are embedded here"
        ]
    if stated.dim is None:
        return TrustedSpaces({}), []
    if vectors_of is None:
        return TrustedSpaces({}), [
            "nothing says which encoder made the vectors: all files are embedded here; if it"
            " is this library's, say so with --vectors-of"
        ]
    if registry.normalised(vectors_of) != towers.encoder.name:
        raise UsageError(
            f"vectors_of={vectors_of}, but this library is of {towers.encoder.name}; for the"
            " other choose a library of its own with path=",
            arguments=("vectors_of", "path"),
        )
    if stated.dim != shared.dim:
        raise BadImport(
            f"the vectors have {stated.dim} dimensions, and {towers.encoder.name} {shared.dim}"
        )
    return TrustedSpaces({UNNAMED: shared.name}), ["the vectors are taken as yours to vouch for"]


def _examine(
    source: Source,
    towers: Towers,
    trust: TrustedSpaces,
    options: ImportOptions,
    progress: Progress,
) -> int:
    """Read all samples, with the vectors to be taken; returns how many files are missing.

    Raises:
        BadImport: something is not as it should be.
    """
    dims = {space.name: space.dim for space in towers.spaces}
    seen: set[str] = set()
    missing, first = 0, ""
    progress.start("checking")
    for sample in counted(source.samples(), progress):
        if sample.path in seen:
            raise BadImport(f"{sample.where} names {printable(sample.path)} once more")
        seen.add(sample.path)
        for piece in sample.pieces:
            for space, vector in piece.vectors.items():
                if space in trust.names:
                    check_vector(np.asarray(vector), dims[trust.names[space]], sample)
        if not Path(sample.path).is_file():
            missing, first = missing + 1, first or sample.path
    if not seen:
        raise BadImport(f"{options.source} names no files")
    if missing == len(seen) or (missing and not options.skip_missing):
        raise BadImport(
            f"{missing:,} of {len(seen):,} files are not there, {printable(first)} for one;"
            " root=DIR says where relative paths begin, skip_missing=True leaves them out",
            arguments=("root", "skip_missing"),
        )
    return missing


# --- importing --------------------------------------------------------------------


def _reuse(
    store: Store,
    towers: Towers,
    settings: Settings,
    dataset: CheckedDataset,
    wait: bool,
    progress: Progress,
) -> tuple[VectorReuse, list[str]]:
    """Take the vectors that there are, in one transaction; returns all other paths, too."""
    source, trust = dataset.source, dataset.trust
    rest: list[str] = []
    progress.start("taking vectors")
    with store.writer(wait=wait) as writer:
        for space in towers.spaces:
            writer.ensure_space(space)
        reuse = VectorReuse(store, writer, towers, settings, trust)
        with writer.transaction():
            for sample in counted(source.samples(), progress):
                if not Path(sample.path).is_file():
                    continue
                if not trust.names or _is_partial(sample, source) or not reuse.add(sample):
                    rest.append(sample.path)
            reuse.flush()
    return reuse, rest


def _is_partial(sample: ImportedSample, source: Source) -> bool:
    """Tell whether a file holds more than the data set has vectors of.

    clip-retrieval knows nothing of what is heard in a video.
    """
    video = sample.asset is not None and sample.asset.media.kind is Kind.VIDEO
    return video and isinstance(source, ClipRetrievalReader)


def _index(
    store: Store,
    towers: Towers,
    settings: Settings,
    paths: Sequence[str],
    wait: bool,
    progress: Progress,
) -> IndexReport:
    if not paths:
        return IndexReport()
    return run(store, towers, paths, settings, wait=wait, progress=progress)


def _complete(store: Store, source: Source, wait: bool) -> tuple[int, int, int]:
    """Give files the tags of the data set, and its captions where they have none.

    Returns:
        The number of files, of those that got a caption, and of those that got tags.
    """
    total = captions = tagged = 0
    with store.writer(wait=wait) as writer:
        samples = iter(source.samples())
        while block := list(islice(samples, _BATCH)):
            total += len(block)
            captions += writer.fill_captions({s.path: s.caption for s in block if s.caption})
            tagged += writer.curation.import_tags({s.path: s.tags for s in block if s.tags})
    return total, captions, tagged
