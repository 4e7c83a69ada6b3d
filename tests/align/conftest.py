"""A library whose sounds can be learned from, and what was learned."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine import Library
from engine.align.aligner import AlignOptions
from tests.align.aligned import (
    VIDEOS,
    fill,
)


@pytest.fixture(scope="session")
def filled(tmp_path_factory, settings) -> Path:
    path = tmp_path_factory.mktemp("align") / "library"
    fill(path, settings, VIDEOS).close()
    return path


@pytest.fixture(scope="session")
def learned(filled, settings):
    with Library.open(filled, settings=settings) as library:
        return library.align.aligner.learn(AlignOptions())


@pytest.fixture
def path(filled, tmp_path) -> Path:
    return shutil.copytree(filled, tmp_path / "library")


@pytest.fixture
def library(path, settings):
    with Library.open(path, settings=settings) as opened:
        yield opened
