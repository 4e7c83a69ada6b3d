"""The result of a search as a document, which is what `search --json` prints."""

from __future__ import annotations

import dataclasses
from typing import Any

from engine.types import Query, SearchResult


def search_document(result: SearchResult, *, explain: bool = False) -> dict[str, Any]:
    """Return the document of ``search --json``, a contract that tests hold."""
    document = {
        "query": _query(result.query),
        "took_ms": {stage: round(ms, 3) for stage, ms in result.took_ms.items()},
        "below": result.below,
        "partial": result.partial,
        "reranked": result.reranked,
        "notes": result.notes,
        "hits": result.to_dicts(),
    }
    if explain and result.plan is not None:
        document["plan"] = dataclasses.asdict(result.plan)
        document["refills"] = result.refills
        document["outcomes"] = [dataclasses.asdict(outcome) for outcome in result.outcomes]
    return document


def _query(query: Query) -> dict[str, Any]:
    """Return the fields of a query that differ from its defaults."""
    query = dataclasses.replace(query, as_written=None)
    plain, asked = dataclasses.asdict(Query()), dataclasses.asdict(query)
    for part in asked["parts"]:
        del part["quoted"]  # it is of the text as typed, and says nothing of what was asked
        del part["content"]
    return {key: value for key, value in asked.items() if key == "top" or value != plain[key]}
