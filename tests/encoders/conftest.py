"""What tests of encoders share: a short bank of phrases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.query.calibration import phrase_vectors
from engine.query.calibration.contrast import Contrast


@pytest.fixture(scope="module")
def few_phrases() -> Iterator[None]:
    """Calibrate each of many new encoders with a tenth of the phrases: all take a second each."""
    every, sorts = phrase_vectors.phrases, Contrast.phrases
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phrase_vectors, "phrases", lambda: every()[::10])
        patch.setattr(Contrast, "phrases", lambda self: tuple(texts[::10] for texts in sorts(self)))
        yield
