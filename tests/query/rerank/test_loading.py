"""A search that is reranked: what is in its budget, and what it says of itself."""

from __future__ import annotations

import numpy as np
import pytest

from engine import Library
from engine.common.progress import NO_PROGRESS
from engine.query.rerank.apply import rerank_hits
from engine.query.rerank.likelihood import Likelihood
from tests import media_files as make
from tests.messages import Messages

COLOURS = ("red", "green", "blue")


@pytest.fixture
def library(tmp_path, settings):
    media = tmp_path / "media"
    media.mkdir()
    for colour in COLOURS:
        make.picture(media / f"{colour}.png", colour)
    with Library.open(tmp_path / "l", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        yield made


@pytest.fixture
def clock(monkeypatch):
    """A clock that only loading moves."""
    now = [0.0]
    monkeypatch.setattr("engine.query.rerank.pointwise.monotonic", lambda: now[0])
    return now


class Heavy:
    """It takes a minute to load, and likes what is green."""

    model = "heavy"

    def __init__(self, clock: list[float]) -> None:
        self._clock, self._loaded = clock, False

    def is_loaded(self):
        return self._loaded

    def is_prepared(self):
        return True

    def load(self):
        self._clock[0] += 60
        self._loaded = True

    def log_likelihoods(self, prompts, continuation):
        return np.array([1000.0 * ("green" in prompt) for prompt in prompts])


def no_captions(_: object) -> dict[int, str]:
    return {}


def search(library: Library, clock: list[float], messages: Messages, **options: object):
    found = library.search("red", **options)
    assert found.hits[0].path.endswith("red.png")
    one = Likelihood(Heavy(clock))
    return rerank_hits(found, one, library.settings, library.thumbnail, no_captions, messages)


def test_loading_is_not_in_the_budget(library, clock):
    messages = Messages()
    result = search(library, clock, messages)
    assert clock[0] > library.settings.rerank_seconds
    assert result.hits[0].path.endswith("green.png")
    assert (result.reranked, result.notes) == ("lm", ())
    assert messages == ["loading the language model"]
    stages = ("level", "plan", "encode", "search", "load", "rerank")
    assert result.took_ms["total"] >= sum(result.took_ms.get(s, 0.0) for s in stages) * 0.999


def test_a_deadline_is_kept_while_a_model_loads(library, clock):
    messages = Messages()
    result = search(library, clock, messages, deadline_ms=30_000)
    assert result.hits[0].path.endswith("red.png")
    assert result.notes == ("lm: 0 of 3 reranked in time",)
    assert messages == []


def test_without_a_text_nothing_is_loaded(library, clock):
    found = library.search(image=found_path(library), top=2)
    one = Likelihood(Heavy(clock))
    result = rerank_hits(found, one, library.settings, library.thumbnail, no_captions, NO_PROGRESS)
    assert "has no text" in result.notes[-1]
    assert clock == [0.0]


def found_path(library: Library) -> str:
    return library.search("red").hits[0].path
