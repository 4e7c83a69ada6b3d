"""Tables of Arrow out of rows, for whoever reads results with pyarrow, polars or DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.common.optional_package import importing

if TYPE_CHECKING:
    import pyarrow as pa

_WHOLE = frozenset(("rank", "more", "asset_id", "moment_id", "group", "chosen"))
_REAL = frozenset(("score", "confidence", "start", "end", "probability", "known"))
_LISTS = {"labels": "string", "probabilities": "float64"}


def arrow_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pa.Table:
    """Return rows as a table, whose types are the same where it has none.

    A path with bytes that are no UTF-8 has U+FFFD for each of them; its asset is told by the
    column ``asset_id``.

    Raises:
        ExtraMissing: pyarrow is not installed.
    """
    with importing("to_arrow", "pandas", "pyarrow"):
        import pyarrow as pa

    def type_of(name: str) -> pa.DataType:
        if name in _LISTS:
            return pa.list_(pa.string() if _LISTS[name] == "string" else pa.float64())
        if name == "likely":
            return pa.bool_()
        return pa.int64() if name in _WHOLE else pa.float64() if name in _REAL else pa.string()

    schema = pa.schema([(name, type_of(name)) for name in columns])
    return pa.Table.from_pylist([{n: _plain(row[n]) for n in columns} for row in rows], schema)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return list(value) if isinstance(value, tuple) else value
