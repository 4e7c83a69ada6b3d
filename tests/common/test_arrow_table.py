"""A table of Arrow is made of rows without pandas, and holds what pyarrow would make of them."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest

from engine.common.arrow_table import flat_table

SCHEMA = pa.schema([("id", pa.int64()), ("part", pa.int32()), ("far", pa.float64()),
                    ("near", pa.float32()), ("why", pa.string())])  # fmt: skip
ROWS = [
    {"id": 2**62 + 1, "part": -1, "far": 0.1, "near": 0.5, "why": "as \x00 עברית 👩‍👩‍👧 is"},
    {"id": None, "part": None, "far": None, "near": None, "why": None},
    {"id": 0, "part": 0, "far": float("inf"), "near": -0.0, "why": ""},
] * 5  # fmt: skip


@pytest.mark.parametrize("rows", [0, 1, 8, 9, 15])
def test_a_table_of_rows_is_that_of_pyarrow(rows):
    made = flat_table(ROWS[:rows], SCHEMA)
    made.validate(full=True)
    assert made.equals(pa.Table.from_pylist(ROWS[:rows], SCHEMA))


def test_it_imports_no_pandas():
    program = (
        "import sys, pyarrow as pa\n"
        "from engine.common.arrow_table import flat_table\n"
        "flat_table([{'a': 'x'}, {'a': None}], pa.schema([('a', pa.string())]))\n"
        "assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
