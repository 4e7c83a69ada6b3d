"""The last search of a library, as its user saw it, for `sensorium open` and `sensorium show`.

It is a small file in the user's cache, and not in the library, which may be read-only or belong
to others. Losing it costs nothing but the next search.
"""

from __future__ import annotations

import base64
import json
import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from engine.common.json_text import SUFFIX, parseable
from engine.types import Hit, Kind, Modality, Query, SearchResult, Span, Why

_VERSION = 1
_MOST = 1000
"""Hits that are kept, at most."""


def _file(cache: Path, library: Path) -> Path:
    name = blake2b(os.fsencode(library), digest_size=12).hexdigest()
    return cache / "last-search" / f"{name}.json"


def remember(result: SearchResult, cache: Path, library: Path) -> None:
    """Keep the hits of a search in the place of those before.

    It is renamed into place, so that no reader sees half of it, and not synced: that costs
    more than the search. A folder that takes no file keeps nothing, and that is no error.
    """
    document = {
        "version": _VERSION,
        "asked": result.query.text,
        "hits": [hit.to_dict() for hit in result.hits[:_MOST]],
    }
    file = _file(cache, library)
    temporary = file.with_name(f".{file.name}.{os.urandom(4).hex()}.tmp")
    with suppress(OSError):
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_text(json.dumps(parseable(document)), encoding="utf-8")
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)


def last_search(cache: Path, library: Path) -> SearchResult | None:
    """Return the hits that were kept last; None where there are none, or they are damaged."""
    try:
        document = json.loads(_file(cache, library).read_text(encoding="utf-8"))
        if document["version"] != _VERSION:
            return None
        return SearchResult(Query.of(str(document["asked"])), tuple(map(_hit, document["hits"])))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _hit(facts: dict[str, Any]) -> Hit:
    fields = _with_names(facts)
    return Hit(**fields | {
        "kind": Kind(fields["kind"]),
        "modality": Modality(fields["modality"]),
        "others": tuple(fields["others"]),
        "why": tuple(Why(**_with_names(why)) for why in fields["why"]),
        "spans": tuple(_span(span) for span in fields["spans"]),
    })  # fmt: skip


def _span(facts: dict[str, Any]) -> Span:
    fields = _with_names(facts)
    return Span(**fields | {"modality": Modality(fields["modality"])})


def _with_names(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts with the names that are no UTF-8 made of their bytes again."""
    plain = {key: value for key, value in facts.items() if not key.endswith(SUFFIX)}
    names = {key.removesuffix(SUFFIX): value for key, value in facts.items() if key not in plain}
    return plain | {key: os.fsdecode(base64.b64decode(raw)) for key, raw in names.items()}
