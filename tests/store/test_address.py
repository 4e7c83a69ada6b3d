"""The address of a catalog on a server: which are taken, and what a wrong one is called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import (
    CatalogUnreachable,
    LibraryCorrupt,
    UsageError,
)
from engine.store import Store, address
from tests.store.make import ROOT, names

NOWHERE = "postgresql+psycopg://me@127.0.0.1:1/media?connect_timeout=2"


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_an_address_is_kept_as_sqlalchemy_writes_it(tmp_path: Path, scheme: str) -> None:
    home = address.new_address(f"{scheme}://me@db.example:5433/media?sslmode=require")
    address.write(tmp_path / "catalog.json", home)
    assert address.read(tmp_path / "catalog.json") == home
    assert home.url == "postgresql+psycopg://me@db.example:5433/media?sslmode=require"
    assert home.conninfo == "postgresql://me@db.example:5433/media?sslmode=require"
    assert home.place == "db.example:5433/media"
    assert -(2**63) <= home.lock < 2**63


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("postgresql://me:secret@host/media", "PGPASSWORD"),
        ("postgresql://me:@host/media", "PGPASSWORD"),
        ("postgresql://host/media?password=secret", "PGPASSWORD"),
        ("mysql://me@host/media", "not mysql:"),
        ("catalog.sqlite", "catalog= takes postgresql"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(tmp_path: Path, url: str, line: str) -> None:
    with pytest.raises(UsageError, match=line) as caught:
        Store.create(tmp_path / "library", "fake", url)
    assert "secret" not in str(caught.value)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"url": "postgresql://host/media", "schema": "public; DROP TABLE x"}',
        '{"url": 7, "schema": "sensorium_0123456789abcdef"}',
    ],
)
def test_a_damaged_address_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "catalog.json").write_text(content)
    with pytest.raises(LibraryCorrupt, match=r"catalog\.json does not name a catalog"):
        Store.open(tmp_path)


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    line = r"127\.0\.0\.1:1/media cannot be reached: .*refused.*; start the server"
    with pytest.raises(CatalogUnreachable, match=line) as caught:
        Store.create(tmp_path / "library", "fake", NOWHERE)
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == []
    (tmp_path / "other").mkdir()
    address.write(tmp_path / "other" / "catalog.json", address.new_address(NOWHERE))
    with pytest.raises(CatalogUnreachable, match=line):
        Store.open(tmp_path / "other")


def test_without_the_driver_the_extra_is_named(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from engine.errors import ExtraMissing; from engine.store import Store\n"
        "try: Store.create(sys.argv[1], 'fake', 'postgresql://host/media')\n"
        "except ExtraMissing as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "library")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pip install 'sensorium[postgres]'" in done.stdout
    assert names(tmp_path) == []
