"""A language model of this machine, as the command line uses it."""

from __future__ import annotations


def test_a_model_that_loads_is_said_on_stderr(indexed, lm, monkeypatch):
    monkeypatch.setenv("SENSORIUM_RERANK_SECONDS", "600")  # of a machine that does much besides
    done = indexed("search", "red", "--rerank", "lm", "--json")
    assert done.err == "loading the language model\n"
    assert done.json["reranked"] == "lm"
    assert done.json["took_ms"]["load"] > 0
    assert done.json["notes"] == []
