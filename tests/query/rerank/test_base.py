"""Contents are told apart by their fingerprints."""

from __future__ import annotations

from engine.query.rerank.base import fingerprint


def test_other_contents_have_other_fingerprints():
    assert fingerprint("a") == fingerprint(b"a") != fingerprint("b")
