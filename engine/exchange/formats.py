"""The formats of an export, by name."""

from __future__ import annotations

from engine.errors import UsageError
from engine.exchange.base import Format
from engine.exchange.names import EXPORTS


def named(name: str) -> type[Format]:
    """The format of that name.

    Raises:
        UsageError: there is none.
    """
    from engine.exchange.clip_retrieval import ClipRetrieval
    from engine.exchange.coco import Coco
    from engine.exchange.fiftyone import FiftyOne
    from engine.exchange.imagefolder import ImageFolder
    from engine.exchange.jsonl import JsonLines
    from engine.exchange.parquet import Parquet
    from engine.exchange.webdataset import WebDataset

    known: tuple[type[Format], ...] = (
        WebDataset, Parquet, ImageFolder, Coco, JsonLines, ClipRetrieval, FiftyOne,
    )  # fmt: skip
    for one in known:
        if one.name == name:
            return one
    raise UsageError(f"there is no format called {name!r}; there are {', '.join(EXPORTS)}")
