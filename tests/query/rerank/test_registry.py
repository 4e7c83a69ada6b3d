"""Rerankers by name."""

from __future__ import annotations

import pytest

from engine.errors import UsageError
from engine.query.rerank.registry import make_reranker


def test_each_name_has_its_reranker(settings, lm):
    server = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    assert make_reranker("cross", settings).name == "cross"
    assert make_reranker("lm", settings).name == "lm"
    assert make_reranker("llm", settings, server).name == "llm"


def test_another_name_is_refused(settings):
    with pytest.raises(UsageError, match="no reranker called 'best'; there are cross, lm, llm"):
        make_reranker("best", settings)


def test_a_server_that_nobody_named_is_an_error(settings):
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        make_reranker("llm", settings, {})
