"""JSON of names that are not UTF-8 can be read by any parser, and gives the names back."""

from __future__ import annotations

import base64
import json
import os

from engine.common.json_text import parseable

NAME = os.fsdecode(b"/media/caf\xe9.png")


def test_a_name_that_is_no_utf8_comes_with_its_bytes():
    document = parseable({"hits": [{"path": NAME, "score": 1.5}], "all": [NAME, "/a"]})
    text = json.dumps(document, ensure_ascii=False)
    text.encode("utf-8")  # strict: no lone surrogate is left
    hit = json.loads(text)["hits"][0]
    assert hit["path"] == "/media/caf\ufffd.png"
    assert os.fsdecode(base64.b64decode(hit["path_bytes"])) == NAME
    assert document["all_bytes"] == [hit["path_bytes"], None]


def test_what_is_text_stays_as_it_is():
    plain = {"path": "/caf\u00e9.png", "tags": ["a", 1, None], "more": {"n": 2.5, "yes": True}}
    assert parseable(plain) == plain
