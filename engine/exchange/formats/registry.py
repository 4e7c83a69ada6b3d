"""The writers and readers of formats, by name."""

from __future__ import annotations

from pathlib import Path

from engine.common.choices import no_choice
from engine.errors import UsageError
from engine.exchange.formats.writer import Format
from engine.exchange.source import Source
from engine.types import ExportFormat, ImportFormat


def writer_of(name: str) -> type[Format]:
    """Return the class that writes a format.

    Raises:
        UsageError: there is no such format.
    """
    from engine.exchange.formats.clip_retrieval_writer import ClipRetrieval
    from engine.exchange.formats.coco_writer import Coco
    from engine.exchange.formats.fiftyone_writer import FiftyOne
    from engine.exchange.formats.imagefolder_writer import ImageFolderWriter
    from engine.exchange.formats.jsonl_writer import JsonLines
    from engine.exchange.formats.parquet_writer import Parquet
    from engine.exchange.formats.sidecars_writer import SidecarsWriter
    from engine.exchange.formats.webdataset_writer import WebDataset

    writers: tuple[type[Format], ...] = (
        WebDataset, Parquet, ImageFolderWriter, Coco, JsonLines, ClipRetrieval, FiftyOne,
        SidecarsWriter,
    )  # fmt: skip
    for writer in writers:
        if writer.name == name:
            return writer
    known = ", ".join(ExportFormat)
    raise UsageError(f"there is no format called {name!r}; there are {known}")


def check_import_format(name: str) -> ImportFormat:
    """Return the format of a data set to import.

    Raises:
        UsageError: there is no such format.
    """
    if name not in set(ImportFormat):
        raise UsageError(no_choice("format to import", name, ImportFormat))
    return ImportFormat(name)


def reader_of(name: ImportFormat, folder: Path, root: Path | None = None) -> Source:
    """Open a data set whose files stay where they are: any format but those of tars.

    Args:
        root: where relative paths of a clip-retrieval folder begin; None is that folder.

    Raises:
        BadImport: it is not what its format says.
    """
    from engine.exchange.formats.clip_retrieval_reader import ClipRetrievalReader
    from engine.exchange.formats.imagefolder_reader import ImageFolderReader

    if name is ImportFormat.IMAGEFOLDER:
        return ImageFolderReader(folder)
    return ClipRetrievalReader(folder, root)
