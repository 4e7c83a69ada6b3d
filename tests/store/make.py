"""Small assets with vectors that are known, and processes that use a library."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.store import Store, address
from engine.types import (
    Asset,
    Embedding,
    FileStat,
    IndexedAsset,
    Kind,
    MediaType,
    Modality,
    Moment,
    Space,
    Tag,
)

TEXT = Space("text", "fake", "1", 8)
LOOKS = Space("looks", "fake", "1", 4, "float32")
ROOT = Path(__file__).parents[2]
SERVER = os.environ.get("SENSORIUM_TEST_POSTGRES", "")
POSTGRESQL = pytest.param(
    "postgresql",
    marks=pytest.mark.skipif(
        not SERVER,
        reason="run .ci/run, or set SENSORIUM_TEST_POSTGRES=postgresql://USER@HOST/DATABASE",
    ),
)
on_sqlite = pytest.mark.parametrize("catalog", ["sqlite"], indirect=True)
"""A test that is about SQLite, or about its file."""
on_postgres = pytest.mark.parametrize("catalog", [POSTGRESQL], indirect=True)
"""A test that is about the server."""


def vector(seed: str, dim: int) -> NDArray[np.float32]:
    """A unit vector that only ``seed`` decides, and that float16 holds as it is."""
    drawn = np.random.default_rng(crc32(seed.encode(errors="replace"))).standard_normal(dim)
    return (drawn / np.linalg.norm(drawn)).astype(np.float16).astype(np.float32)


def embedding(moment: Moment, seed: str, spaces: tuple[Space, ...] = (TEXT, LOOKS)) -> Embedding:
    return Embedding(moment, {space.name: vector(seed + space.name, space.dim) for space in spaces})


def picture(path: str, content: str = "", *tags: str, caption: str | None = None) -> IndexedAsset:
    """A picture of one moment in two spaces."""
    content = content or path
    moment = Moment(Modality.IMAGE, tags=tuple(Tag(word, 0.5) for word in tags))
    known = replace(asset(path, content), caption=caption)
    return IndexedAsset(known, (embedding(moment, content),))


def sound(path: str, *sentences: str, caption: str | None = None) -> IndexedAsset:
    """A sound of one moment a sentence, in one space."""
    moments = [
        Moment(Modality.SPEECH, float(i), i + 0.5, i, text) for i, text in enumerate(sentences)
    ]
    parts = tuple(embedding(moment, f"{path}{moment.text}", (TEXT,)) for moment in moments)
    return IndexedAsset(replace(asset(path, path, Kind.AUDIO, "wav"), caption=caption), parts)


def asset(path: str, content: str, kind: Kind = Kind.IMAGE, form: str = "jpeg") -> Asset:
    mark = f"{crc32(content.encode(errors='replace')):064x}"
    return Asset(path, mark, MediaType(kind, form), len(content), 1_000, 640, 480)


def stat(path: str, size: int = 5, mtime_ns: int = 2_000) -> FileStat:
    return FileStat(path, size, mtime_ns)


def tamper(store: Store, statement: str, *values: object) -> None:
    """Change the catalog behind the store's back."""
    if store.catalog is None:
        database = sqlite3.connect(store.path / "catalog.sqlite")
        with database:
            database.execute(statement, values)
        database.close()
        return
    import psycopg

    home = address.read(store.path / address.FILE)
    options = f"-c search_path={home.schema}"
    with psycopg.connect(home.conninfo, options=options) as connection:
        connection.execute(statement.replace("?", "%s").encode(), values)


def names(folder: Path) -> list[str]:
    """What is in a folder, sorted."""
    return sorted(entry.name for entry in folder.iterdir())


def python(code: str, *args: str, failpoints: str = "") -> subprocess.Popen[str]:
    """Another process that runs ``code`` with this project on its path."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SENSORIUM_FAILPOINTS": failpoints}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *args],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
