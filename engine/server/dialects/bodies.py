"""Bodies of requests that are read as they are: their clients send no Content-Type, or another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request

from engine.server.problems import Problem


async def json_object(request: Request) -> Mapping[str, Any]:
    """Return the body of a request, an object of JSON.

    Raises:
        Problem: 400; it is none.
    """
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise Problem(400, "invalid_json", "the body is no JSON") from None
    if not isinstance(body, dict):
        raise Problem(400, "invalid_json", "the body is an object of JSON")
    return body
