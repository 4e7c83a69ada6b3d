"""The command line in this process, which costs no start of another."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.commands.main import main
from tests.commands.conftest import Done


@pytest.fixture
def run(library):
    """Run `sensorium ARGUMENTS --library LIBRARY` and return what it did."""

    def command(*arguments: str | Path, at: Path | None = library) -> Done:
        where = ["--library", str(at)] if at else []
        words = [*map(str, arguments), *where]
        done = CliRunner().invoke(main, words, catch_exceptions=False)
        return Done(done.exit_code, done.stdout, done.stderr)

    return command
