"""The formats of an export, by name."""

from __future__ import annotations

from engine.errors import UsageError
from engine.exchange.formats.names import EXPORTS
from engine.exchange.formats.writer import Format


def named(name: str) -> type[Format]:
    """The format of that name.

    Raises:
        UsageError: there is none.
    """
    from engine.exchange.formats.clip_retrieval_writer import ClipRetrieval
    from engine.exchange.formats.coco_writer import Coco
    from engine.exchange.formats.fiftyone_writer import FiftyOne
    from engine.exchange.formats.imagefolder_writer import ImageFolderWriter
    from engine.exchange.formats.jsonl_writer import JsonLines
    from engine.exchange.formats.parquet_writer import Parquet
    from engine.exchange.formats.webdataset_writer import WebDataset

    known: tuple[type[Format], ...] = (
        WebDataset, Parquet, ImageFolderWriter, Coco, JsonLines, ClipRetrieval, FiftyOne,
    )  # fmt: skip
    for one in known:
        if one.name == name:
            return one
    raise UsageError(f"there is no format called {name!r}; there are {', '.join(EXPORTS)}")
