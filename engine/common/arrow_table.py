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


def flat_table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return rows of whole numbers, numbers and texts as a table; None is null.

    ``pa.Table.from_pylist`` does the same, and imports pandas where that is installed, which
    takes 0.3 s.
    """
    import pyarrow as pa

    columns = [_column([row[field.name] for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    known = np.array([value is not None for value in values], bool)
    if kind == pa.string():
        texts = [b"" if value is None else value.encode() for value in values]
        parts: tuple[Any, ...] = (np.cumsum([0, *map(len, texts)], dtype=np.int32), b"".join(texts))
    else:
        numbers = [0 if value is None else value for value in values]
        parts = (np.array(numbers, kind.to_pandas_dtype()),)
    buffers = (np.packbits(known, bitorder="little"), *parts)
    return pa.Array.from_buffers(kind, len(values), [pa.py_buffer(each) for each in buffers])


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return list(value) if isinstance(value, tuple) else value
