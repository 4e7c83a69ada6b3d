"""A file of weights is hashed once in a process, and again when it is another."""

from __future__ import annotations

import hashlib

from engine.common import package_weights
from engine.common.package_weights import sha256


def test_a_file_is_read_once_until_another_takes_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(package_weights, "_JUST_NOW", 0)
    read, digest = [], hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *given: read.append(1) or digest(*given))
    file, other = tmp_path / "weights", tmp_path / "other"
    file.write_bytes(b"red")
    other.write_bytes(b"sea")
    first = hashlib.sha256(b"red").hexdigest()
    assert [sha256(file), sha256(file), len(read)] == [first, first, 1]
    other.replace(file)
    assert sha256(file) == hashlib.sha256(b"sea").hexdigest() and len(read) == 2


def test_a_file_that_was_written_just_now_is_read_again(tmp_path):
    """Its time may be the same after another write of as many bytes."""
    file = tmp_path / "weights"
    for content in (b"red", b"sea", b"ice"):
        file.write_bytes(content)
        assert sha256(file) == hashlib.sha256(content).hexdigest()
