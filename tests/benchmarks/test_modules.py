"""Every benchmark can be loaded and says what it does, whatever was renamed in the engine."""

from __future__ import annotations

import importlib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import benchmarks

ROOT = Path(benchmarks.__file__).parents[1]
IN_OTHER_ENVIRONMENTS = {"clip_retrieval_infer", "rclip_index"}
NAMES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "benchmarks").rglob("*.py"))
    if path.stem not in IN_OTHER_ENVIRONMENTS
]


@pytest.mark.parametrize("name", NAMES)
def test_the_benchmark_loads_and_has_help(name):
    main = getattr(importlib.import_module(name), "main", None)
    if isinstance(main, click.Command):
        done = CliRunner().invoke(main, ["--help"])
        assert done.exit_code == 0 and "Options:" in done.output
