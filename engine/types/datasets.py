"""The formats of data sets that go out and come in."""

from __future__ import annotations

from enum import StrEnum


class ExportFormat(StrEnum):
    """A format that a library can be exported as."""

    WEBDATASET = "webdataset"
    PARQUET = "parquet"
    IMAGEFOLDER = "imagefolder"
    COCO = "coco"
    JSONL = "jsonl"
    CLIP_RETRIEVAL = "clip-retrieval"
    FIFTYONE = "fiftyone"
    SIDECARS = "sidecars"


class ImportFormat(StrEnum):
    """A format that a data set can be imported from."""

    CLIP_RETRIEVAL = "clip-retrieval"
    WEBDATASET = "webdataset"
    IMG2DATASET = "img2dataset"
    IMAGEFOLDER = "imagefolder"
