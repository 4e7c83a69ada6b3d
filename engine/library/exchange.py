"""The part of the facade that other programs use: data sets, vectors and facts. Wiring only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from engine.common.progress import CancelToken, Progress
from engine.common.progress_bar import watched
from engine.common.user_path import existing, expanded
from engine.config import Settings
from engine.encoders import registry
from engine.errors import LibraryNotFound, MediaError
from engine.library.encoding import EncodingLibrary
from engine.types import (
    Asset,
    ExportFormat,
    ImportFormat,
    Kind,
    MomentRecord,
)

if TYPE_CHECKING:
    from engine.exchange.export import ExportReport
    from engine.exchange.import_dataset import ImportReport
    from engine.exchange.service import ExchangeContext, ImportArguments
    from engine.media.dates import DateClaim


class ExchangingLibrary(EncodingLibrary):
    """A library that takes in and gives out data sets, vectors and facts."""

    # --- data sets --------------------------------------------------------------

    def export(
        self,
        out: str | Path,
        format: ExportFormat | str,  # noqa: A002
        *,
        kinds: Sequence[Kind | str] | str = (),
        where: Sequence[str] | str = (),
        query: str | None = None,
        top: int = 1000,
        run: int | None = None,
        spaces: Sequence[str] | str = (),
        vectors: bool | None = None,
        assets: Sequence[int] | None = None,
        command: str | None = None,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> ExportReport:
        """Write files, what is known of them, and their vectors to a new folder.

        It appears when all of it is written, with SHA256SUMS and a data card, README.md.
        Files that are gone or have changed since they were indexed are left out, and named.

        Args:
            out: a folder that does not exist, or is empty.
            format: see docs/exchange.md.
            kinds: only these kinds of files; empty means all.
            where: only files that pass these filters.
            query: only the files that a search for this finds.
            top: hits of ``query``, at most.
            run: only the files that this curation run selected, or found nothing against.
            spaces: only vectors of these spaces; empty means all that are searched.
            vectors: whether vectors go in; None for what the format does by default.
            assets: only these files, by the numbers that hits have.
            command: what would make it again, for the data card; by default this call.

        Raises:
            UsageError: there is something at ``out``, or nothing to export.
            ExportFailed: the disk is full, or does not take it; nothing is left then.
            Cancelled: ``cancel`` was; nothing is left then.
        """
        from engine.exchange import service

        request = service.ExportRequest(
            expanded(out), format, kinds, where, query, top, run, spaces, vectors, assets
        )
        with watched(progress, cancel) as reporting:
            return service.export_library(self._exchange, request, command, reporting)

    def import_(
        self,
        source: str | Path,
        format: ImportFormat | str,  # noqa: A002
        *,
        wait: bool = False,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
        **options: Unpack[ImportArguments],
    ) -> ImportReport:
        """Take in a data set, with its captions, and its vectors where they are of this encoder.

        All of it is read first: where something is wrong with it, nothing is taken. Files
        without such vectors are embedded here.

        Args:
            source: a folder, or a tar.
            format: see docs/exchange.md.
            wait: wait for another writer instead of raising ``LibraryBusy``.
            options: ``to``, ``root``, ``skip_missing``, ``vectors_of``; see
                ``ImportArguments``.

        Raises:
            BadImport: the data set is not what its format says; nothing is written then.
            UsageError: an option cannot be used.
            ExportFailed: the folder ``to`` cannot be written; nothing of it is left.
            LibraryBusy: another process writes, and ``wait`` was not asked.
            Cancelled: ``cancel`` was; what was indexed by then stays.
        """
        from engine.exchange import service

        wanted = service.import_options(source, format, **options)
        with watched(progress, cancel) as reporting:
            return service.import_into(self._exchange, wanted, wait, reporting)

    @classmethod
    def import_new(
        cls,
        path: str | Path | None,
        source: str | Path,
        format: ImportFormat | str,  # noqa: A002
        *,
        encoder: str | None = None,
        catalog: str | None = None,
        settings: Settings | None = None,
        wait: bool = False,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
        **options: Unpack[ImportArguments],
    ) -> ImportReport:
        """Import into the library at ``path``, which is made once the data set was checked.

        The arguments are those of ``open`` and of ``import_``; a library that is there is
        used. Repairs that opening it made are among the notes of the report.

        Raises:
            BadImport: the data set is not what its format says; no library is made then.
        """
        from engine.exchange import service
        from engine.exchange.import_dataset import check_dataset

        wanted = service.import_options(source, format, **options)
        settings = settings or Settings.load()
        with watched(progress, cancel) as reporting:
            try:
                library = cls.open(path, encoder=encoder, catalog=catalog, settings=settings)
            except LibraryNotFound:
                towers = registry.towers(encoder or registry.default_encoder(), settings)
                dataset = check_dataset(towers, wanted, reporting)
                library = cls.open(
                    path, create=True, encoder=encoder, catalog=catalog, settings=settings
                )
                with library:
                    report = service.import_checked(library._exchange, dataset, wait, reporting)
            else:
                with library:
                    report = service.import_into(library._exchange, wanted, wait, reporting)
        return service.with_warnings(report, library.store.warnings)

    @staticmethod
    def dates(path: str | Path) -> tuple[DateClaim, ...]:
        """Return every date that a file has, in the order in which they count; one is chosen.

        Raises:
            MediaError: the file cannot be read, or is no media.
        """
        from engine.media.file_dates import read_dates

        try:
            return read_dates(existing(path))
        except MediaError as error:
            raise type(error)(f"{path}: {error}") from error

    @staticmethod
    def clipboard() -> Path | bytes | str:
        """Return what was copied: a file, the bytes of a picture, or a text.

        Raises:
            UsageError: the clipboard is empty, or there is no program here that reads it.
        """
        from engine.common.clipboard import read_clipboard

        return read_clipboard()

    # --- facts, for programs beside a search ---------------------------

    def asset(self, asset_id: int) -> Asset:
        """Return the facts of a file by the number that hits have.

        Raises:
            KeyError: the library has no such file, or has none any more.
        """
        return self.store.whole_assets([asset_id])[asset_id]

    def sound(
        self,
        moment_id: int,
        *,
        seconds: float = 15.0,
        start: float | None = None,
        end: float | None = None,
    ) -> bytes:
        """Return what is heard in a moment, as a WAV file of 16 kHz, ``seconds`` at most.

        Args:
            start: seconds from the start of the file, in the place of the moment's own.
            end: likewise.

        Raises:
            MediaError: its file cannot be read as it is now, or has no sound there.
            KeyError: there is no such moment.
        """
        from engine.media.excerpt import wav_excerpt

        record = self.moment(moment_id)
        first = (record.moment.start or 0.0) if start is None else start
        last = record.moment.end if end is None else end
        length = seconds if last is None else min(seconds, max(last - first, 0.1))
        return wav_excerpt(Path(record.path), first, length)

    def moment(self, moment_id: int) -> MomentRecord:
        """Return a moment by the number that hits have.

        Raises:
            KeyError: the library has no such moment, or has none any more.
        """
        return self.store.records([moment_id])[moment_id]

    @property
    def _exchange(self) -> ExchangeContext:
        from engine.exchange.service import ExchangeContext

        return ExchangeContext(
            self.store, self.settings, lambda: self.towers, self.run, self.maintenance.settle
        )
