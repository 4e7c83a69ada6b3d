"""What a later version wrote is refused in one line, and stays as it is, byte for byte."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine import Library
from engine.commands.main import main
from tests import media_files as make


def _bytes(folder: Path) -> dict[str, str]:
    """Return the hash of each file but the lock's, in which stands who had it last and when."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix not in (".sqlite-shm", ".sqlite-wal")
        and path.name != "lock"
    }


@pytest.fixture
def library(tmp_path, settings) -> Path:
    make.picture(tmp_path / "media" / "0.png", "red")
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        made.index(tmp_path / "media")
        made.export(tmp_path / "export", "imagefolder")
    return tmp_path / "lib"


@pytest.mark.parametrize("command", [("stats",), ("search", "red"), ("index", "."), ("rebuild",)])
def test_a_catalog_of_a_later_version_is_one_line(command, library):
    with sqlite3.connect(library / "catalog.sqlite") as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    before = _bytes(library)
    done = CliRunner().invoke(main, [*command, "--library", str(library)])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "later version of Sensorium (catalog 9999" in done.stderr
    assert "upgrade Sensorium" in done.stderr
    assert _bytes(library) == before


def test_an_export_of_a_later_version_is_one_line(library, tmp_path):
    sidecar = tmp_path / "export" / "sensorium.json"
    stated = json.loads(sidecar.read_text()) if sidecar.exists() else {"spaces": []}
    sidecar.write_text(json.dumps(stated | {"version": 2}))
    sums = tmp_path / "export" / "SHA256SUMS"
    sums.unlink()
    before = _bytes(library)
    typed = ["import", str(tmp_path / "export"), "--format", "imagefolder"]
    done = CliRunner().invoke(main, [*typed, "--library", str(library)])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "later version of Sensorium (version 2" in done.stderr
    assert _bytes(library) == before
