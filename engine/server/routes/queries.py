"""Queries of callers, who may name no file of the machine that the server runs on."""

from __future__ import annotations

from typing import Any

from engine.common.user_path import is_url
from engine.server.problems import Problem
from engine.server.routes.schemas import PagedRequest
from engine.types import PartKind, Query


def options_of(body: PagedRequest) -> dict[str, Any]:
    """Return the keywords of ``Library.query`` that a request gives."""
    return {
        "kinds": body.kinds, "where": body.where, "likely": body.likely, "sort": body.sort,
        "group": body.group, "fusion": body.fusion, "weights": body.weights,
        "within": body.within, "deadline_ms": body.deadline_ms,
    }  # fmt: skip


def refuse_paths(asked: Query) -> None:
    """Refuse a query that has files of this machine as examples, which callers may not name.

    Raises:
        Problem: 400; it has one, or asks for a reranker.
    """
    for stage in asked.stages:
        for part in stage:
            if part.asked not in (PartKind.TEXT, PartKind.CONCEPT) and not is_url(part.value):
                raise Problem(
                    400, "path_refused",
                    "a file cannot be named in a query here; /api/similar takes the number of an"
                    " asset or a moment, /api/similar/upload a file; double quotes make it text",
                    "text",
                )  # fmt: skip
    if asked.rerank is not None:
        raise Problem(400, "rerank_refused", "the server does not rerank", "text")
