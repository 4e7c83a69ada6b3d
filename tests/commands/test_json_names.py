"""JSON of every command that names files is text, and gives back names that are no UTF-8."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from engine.store.paths import from_text
from tests import media_files as make

NAME = os.fsdecode(b"caf\xe9.png")
NAMELESS = ("remove", "classify", "curate")
"""Commands whose JSON counts files, or names those alone in which something is found."""
BROKEN = os.fsdecode(b"broken-\xe9.png")


@pytest.fixture
def named(indexed, index, media):
    """`run`, on a library that holds a picture whose name is no UTF-8, twice."""
    make.picture(media / "made.png", "yellow")
    (media / NAME).write_bytes((media / "made.png").read_bytes())
    (media / BROKEN).write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 9)
    index()
    return indexed


def names(document: Any) -> Iterator[bytes]:
    """Yield the names that a document gives in bytes, wherever they are."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key.endswith("_bytes"):
                listed = value if isinstance(value, list) else [value]
                yield from (base64.b64decode(each) for each in listed if each)
            else:
                yield from names(value)
    elif isinstance(document, list):
        for each in document:
            yield from names(each)


def text_of(output: str) -> str:
    """Return output that any parser can read: without a lone surrogate, escaped or not."""
    json.dumps(json.loads(output), ensure_ascii=False).encode()
    return output


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "yellow"),
        ("search", "kind:image"),
        ("similar", "{media}/0.png"),
        ("show", "1-2"),
        ("failures",),
        ("index", "{media}", "--retry"),
        ("curate", "duplicates"),
        ("curate", "quality"),
        ("curate", "select", "-n", "5", "--modality", "image"),
        ("curate", "outliers"),
        ("classify", "--all", "--labels", "yellow,blue"),
        ("stats", "--dates", "{named}"),
        ("remove", "{named}"),
    ],
    ids=lambda arguments: arguments[0] + arguments[1] if len(arguments) > 1 else arguments[0],
)
def test_names_come_back_as_bytes(named, media, arguments):
    named("search", "yellow")
    filled = [each.format(media=media, named=media / NAME) for each in arguments]
    done = named(*filled, "--json")
    assert done.code == 0, done.err
    document = json.loads(text_of(done.out))
    known = {os.fsencode(media / name) for name in (NAME, BROKEN)}
    found = {name for name in names(document) if name in known}
    assert found or arguments[0] in NAMELESS, done.out


def test_an_error_that_names_a_file_is_text(named, media):
    done = named("similar", media / os.fsdecode(b"gone-\xe9.png"), "--json")
    assert done.code == 2
    assert "gone-" in json.loads(text_of(done.out))["error"]["message"]


def test_files_of_results_hold_the_names_escaped(named, media, tmp_path):
    named("classify", "--all", "--labels", "yellow,blue", "--out", tmp_path / "labels.jsonl")
    named("curate", "duplicates", "--out", tmp_path / "copies.jsonl")
    named("export", tmp_path / "out", "--format", "jsonl")
    (exported,) = (tmp_path / "out").rglob("*.jsonl")
    for file in (tmp_path / "labels.jsonl", tmp_path / "copies.jsonl", exported):
        rows = [json.loads(text_of(line)) for line in file.read_text("utf-8").splitlines()]
        known = {from_text(row.get("path") or row["file"]) for row in rows}
        assert str(media / NAME) in known, file
