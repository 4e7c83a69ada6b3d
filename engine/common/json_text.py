"""JSON of names of files, which are bytes, for parsers that know text alone.

Python shows a byte of a name that is not UTF-8 as a lone surrogate, and writes that into
JSON as an escape that stands for no character: strict parsers refuse it, and others put
something else in its place. A string with such bytes is written with U+FFFD for each, and
beside it, under its key and ``_bytes``, stand the bytes of the name in base64.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from typing import Any

_UNDECODED = re.compile("[\ud800-\udfff]")
SUFFIX = "_bytes"
"""Ends the key of the bytes of a string."""


def parseable(document: Any) -> Any:
    """Return a document of dicts, lists and scalars as any parser of JSON can read it."""
    if isinstance(document, str):
        return _UNDECODED.sub("\ufffd", document)
    if isinstance(document, list | tuple):
        return [parseable(each) for each in document]
    if not isinstance(document, Mapping):
        return document
    clean: dict[Any, Any] = {}
    for key, value in document.items():
        clean[parseable(key)] = parseable(value)
        if (raw := _bytes_of(value)) is not None:
            clean[f"{parseable(key)}{SUFFIX}"] = raw
    return clean


def _bytes_of(value: Any) -> Any:
    """Return the bytes of a name, or of each name of a list, where any is no UTF-8."""
    if isinstance(value, str):
        return _encoded(value) if _UNDECODED.search(value) else None
    if isinstance(value, list | tuple) and any(
        isinstance(each, str) and _UNDECODED.search(each) for each in value
    ):
        return [_bytes_of(each) for each in value]
    return None


def _encoded(name: str) -> str:
    try:
        raw = os.fsencode(name)
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        raw = name.encode("utf-8", "surrogatepass")
    return base64.b64encode(raw).decode()
