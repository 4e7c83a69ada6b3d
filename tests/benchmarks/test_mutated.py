"""The kind: whatever a damaged file makes a decoder do, it costs that file a line at most."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import mutated


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of address space is Linux's")
def test_two_hundred_damaged_files_cost_a_line_each(tmp_path: Path) -> None:
    outcomes = mutated.run(tmp_path, 200, seed=13)
    assert outcomes.crashes == outcomes.hangs == outcomes.raised == outcomes.tracebacks == []
    assert sum(outcomes.counts.values()) == 200
    assert outcomes.counts["moments"] > 50 and outcomes.counts["a line"] > 20
