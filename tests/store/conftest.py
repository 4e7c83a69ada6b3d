"""An empty library with two spaces, its catalog on each of the databases."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from engine.store import Store
from engine.types import IndexedAsset
from tests.store.make import LOOKS, POSTGRESQL, SERVER, TEXT

if TYPE_CHECKING:
    from tests.store.spare import SpareLibrary


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """URL of a database of this session alone, on the server for tests."""
    import psycopg

    name = f"sensorium_test_{secrets.token_hex(4)}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING UTF8".encode())
        yield urlsplit(SERVER)._replace(scheme="postgresql+psycopg", path=f"/{name}").geturl()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a server on a busy machine time to notice that a writer was killed."""
    if SERVER:
        monkeypatch.setattr("engine.store.postgres._GRACE_MS", 60_000)


@pytest.fixture(params=["sqlite", POSTGRESQL])
def catalog(request: pytest.FixtureRequest) -> str | None:
    """Where a library of the test has its catalog, as ``Store.create`` takes it."""
    found: str | None = None
    if request.param == "postgresql":
        found = request.getfixturevalue("database")
    return found


def make(path: Path, catalog: str | None) -> None:
    with Store.create(path, "fake", catalog) as store:
        add_spaces(store)


def add_spaces(store: Store) -> None:
    with store.writer() as writer, writer.transaction():
        writer.ensure_space(TEXT)
        writer.ensure_space(LOOKS)


@pytest.fixture(scope="session")
def empty_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once and copied for every test, because making one waits for the disk."""
    path = tmp_path_factory.mktemp("store") / "library"
    make(path, None)
    return path


@pytest.fixture(scope="session")
def spare_library(
    tmp_path_factory: pytest.TempPathFactory, database: str
) -> Iterator[SpareLibrary]:
    """The same on the server, where making one takes longer still."""
    from tests.store.spare import SpareLibrary

    spare = SpareLibrary(tmp_path_factory.mktemp("spare"), lambda path: make(path, database))
    yield spare
    spare.close()


@pytest.fixture
def store(
    request: pytest.FixtureRequest, tmp_path: Path, empty_library: Path, catalog: str | None
) -> Iterator[Store]:
    if catalog is None:
        shutil.copytree(empty_library, tmp_path / "library")
        with Store.open(tmp_path / "library") as opened:
            yield opened
    else:
        with request.getfixturevalue("spare_library").lent(tmp_path / "library") as lent:
            yield lent


@pytest.fixture
def commit(store: Store) -> Callable[..., int]:
    """Commit these assets; the number of moments."""

    def run(*assets: IndexedAsset) -> int:
        with store.writer() as writer:
            return writer.commit(assets)

    return run
