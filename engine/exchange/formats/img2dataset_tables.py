"""Comparison of the tables of img2dataset with the tars beside them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from engine.common.text import printable
from engine.errors import BadImport
from engine.exchange.formats.clip_retrieval_reader import reading
from engine.exchange.formats.webdataset_reader import TABLE

_BATCH = 4096
"""Rows of a table that are read at a time."""


def compare(tars: list[Path], unpacked: Path) -> list[str]:
    """Compare tables with tars; returns a line for each status of files that are in no tar.

    Raises:
        BadImport: a table is missing, or does not belong to its tar.
    """
    unpacked_files = _unpacked_files(unpacked)
    failed: Counter[str] = Counter()
    for tar in tars:
        table = tar.with_suffix(".parquet")
        if not table.is_file():
            raise BadImport(f"{printable(str(tar))} has no {table.name} beside it")
        success = _listed(table, failed)
        if success != unpacked_files[tar.name]:
            raise BadImport(
                f"{printable(str(table))} lists {success:,} files, and {tar.name} has"
                f" {unpacked_files[tar.name]:,}: they are not of each other"
            )
    return [
        f"{count:,} files are listed as {status}, and not in it" for status, count in failed.items()
    ]


def _unpacked_files(unpacked: Path) -> Counter[str]:
    """Count the samples with media by the name of their tar."""
    import pyarrow.parquet as pq

    found: Counter[str] = Counter()
    with pq.ParquetFile(unpacked / TABLE) as table:
        for batch in table.iter_batches(_BATCH, columns=["tar"]):
            found.update(batch.column("tar").to_pylist())
    return found


def _listed(table: Path, failed: Counter[str]) -> int:
    """Count the rows of a table whose status is ``success``, and collect the others."""
    import pyarrow.parquet as pq

    with reading(table, pq.ParquetFile) as opened:
        if "status" not in opened.schema_arrow.names:
            raise BadImport(f"{printable(str(table))} has no column status")
        statuses = Counter(
            status
            for batch in opened.iter_batches(_BATCH, columns=["status"])
            for status in batch.column("status").to_pylist()
        )
    success = statuses.pop("success", 0)
    failed.update({str(status): count for status, count in statuses.items()})
    return success
