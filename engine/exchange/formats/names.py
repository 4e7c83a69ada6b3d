"""The names of the formats, for a command line that imports nothing else."""

from __future__ import annotations

EXPORTS = ("webdataset", "parquet", "imagefolder", "coco", "jsonl", "clip-retrieval", "fiftyone")
IMPORTS = ("clip-retrieval", "webdataset", "img2dataset", "imagefolder")
