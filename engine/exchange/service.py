"""Exports and imports of a library: ``library.export`` and ``library.import_``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from engine.common.progress import Progress, noting_what_is_kept
from engine.common.user_path import expanded
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.exchange.export import ExportReport, export
from engine.exchange.records import ExportSelection, selection_of_run
from engine.query.language import as_sequence, build_query
from engine.store import Store
from engine.types import ImportFormat, Kind, Query, SearchResult

if TYPE_CHECKING:
    from engine.exchange.import_dataset import CheckedDataset, ImportOptions, ImportReport

Settle = Callable[[bool, Progress], None]
"""Bring indexes up to date after a change; the flag says whether to wait for others."""


@dataclass(frozen=True, slots=True)
class ExchangeContext:
    """The parts of a library that exports and imports use."""

    store: Store
    settings: Settings
    towers: Callable[[], Towers]
    search: Callable[[Query], SearchResult]
    settle: Settle


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """The arguments of ``library.export``."""

    out: Path
    format: str
    kinds: Sequence[Kind | str] | str = ()
    where: Sequence[str] | str = ()
    query: str | None = None
    top: int = 1000
    run: int | None = None
    spaces: Sequence[str] | str = ()
    vectors: bool | None = None
    assets: Sequence[int] | None = None

    @property
    def as_python(self) -> str:
        """The call that makes this export, as it can be typed."""
        more = [
            f"{spec.name}={_plain(getattr(self, spec.name))!r}"
            for spec in fields(self)
            if spec.name not in ("out", "format") and getattr(self, spec.name) != spec.default
        ]
        format_name = str(self.format)
        return f"library.export({', '.join([repr(str(self.out)), repr(format_name), *more])})"


def _plain(value: object) -> object:
    """Return a value whose repr can be typed: enums as text, also in a sequence."""
    if isinstance(value, str):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def export_library(
    context: ExchangeContext, request: ExportRequest, command: str | None, progress: Progress
) -> ExportReport:
    """Export the files that a request chooses.

    Args:
        command: for the data card; None for the call itself.

    Raises:
        UsageError: there is something at ``out``, no such format, space, run or kind, or
            nothing to export.
        ExportFailed: the disk is full, or does not take it; nothing is left then.
        Cancelled: the call was cancelled; nothing is left then.
    """
    kept = f"nothing is left at {request.out}, and the library is as it was"
    with noting_what_is_kept(lambda: kept):
        return export(
            context.store, request.out, str(request.format), _selection(context, request),
            spaces=as_sequence(request.spaces), main=context.towers().shared.name,
            vectors=request.vectors, progress=progress,
            command=request.as_python if command is None else command,
        )  # fmt: skip


def _selection(context: ExchangeContext, request: ExportRequest) -> ExportSelection:
    """Return the files that a request chooses."""
    query = build_query(request.query, kinds=request.kinds, where=request.where, top=request.top)
    if request.query is None:
        selection = ExportSelection(kinds=query.kinds, filter=query.filter)
    else:
        hits = context.search(query).hits
        selection = ExportSelection(assets=frozenset(hit.asset_id for hit in hits))
    if request.assets is not None:
        chosen = frozenset(request.assets)
        if selection.assets is not None:
            chosen &= frozenset(selection.assets)
        selection = replace(selection, assets=chosen)
    if request.run is None:
        return selection
    run = context.store.curation.run(request.run)
    findings = context.store.curation.findings(request.run)
    return selection_of_run(run.kind, f"{request.run}, {run.kind}", findings, selection)


# --- imports ----------------------------------------------------------------------------


class ImportArguments(TypedDict, total=False):
    """Options of ``library.import_``."""

    to: str | Path | None
    """The new folder for files out of tars, which stays."""
    root: str | Path | None
    """The folder where relative paths of clip-retrieval begin; by default its own."""
    skip_missing: bool
    """Leave out files that a clip-retrieval folder names and that are not there."""
    vectors_of: str | None
    """The encoder that made the vectors, where the data set does not state it."""


def import_options(
    source: str | Path,
    format_name: ImportFormat | str,
    *,
    to: str | Path | None = None,
    root: str | Path | None = None,
    skip_missing: bool = False,
    vectors_of: str | None = None,
) -> ImportOptions:
    """Return the options of an import."""
    from engine.exchange.import_dataset import ImportOptions

    return ImportOptions(
        str(format_name), expanded(source), None if to is None else expanded(to),
        None if root is None else expanded(root), skip_missing, vectors_of,
    )  # fmt: skip


def import_into(
    context: ExchangeContext, options: ImportOptions, wait: bool, progress: Progress
) -> ImportReport:
    """Check a data set for a library that is there, and import it.

    Raises:
        LibraryBusy: another process writes, and ``wait`` is false.
        BadImport: the data set is not what its format says; nothing is written then.
        UsageError: an option cannot be used.
        Cancelled: the call was cancelled; what was indexed by then stays.
    """
    from engine.exchange.import_dataset import check_dataset

    with context.store.writer(wait=wait):
        towers = context.towers()  # refused here, and not after all has been read
    return import_checked(context, check_dataset(towers, options, progress), wait, progress)


def import_checked(
    context: ExchangeContext, dataset: CheckedDataset, wait: bool, progress: Progress
) -> ImportReport:
    """Import a data set that was checked, and bring the indexes up to date.

    Raises:
        LibraryBusy: another process writes, and ``wait`` is false.
        Cancelled: the call was cancelled; what was indexed by then stays.
    """
    from engine.exchange.import_dataset import import_dataset

    report = import_dataset(
        context.store, context.towers(), context.settings, dataset, wait=wait, progress=progress
    )
    context.settle(wait, progress)
    return report


def with_warnings(report: ImportReport, warnings: Sequence[str]) -> ImportReport:
    """Add the repairs that opening a library made to the notes of a report."""
    return replace(report, notes=(*report.notes, *(f"warning: {line}" for line in warnings)))
