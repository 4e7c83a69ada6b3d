"""What the tests of the facade share: an empty library whose encoder needs no weights."""

from __future__ import annotations

import pytest

from engine import Library


@pytest.fixture
def fake(tmp_path, settings):
    """An empty library with the encoder that needs no weights, and a folder."""
    (tmp_path / "media").mkdir()
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        yield made
