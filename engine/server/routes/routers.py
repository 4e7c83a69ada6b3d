"""Routers whose routes let nobody in by mistake."""

from __future__ import annotations

from fastapi import APIRouter

from engine.server.access.scopes import needs
from engine.server.routes.documented import COMMON


class ReadRouter(APIRouter):
    """Routes that need the scope ``read`` at least, with the answers that every route may give.

    A route with ``dependencies=[needs("tag")]`` needs that as well. The routes are whole when they
    are declared, so that an app takes them as they are: FastAPI's ``include_router`` would build
    them anew in each app, at the first request, which takes most of a second, and would look at
    each in 10 us for every request.
    """

    def __init__(self, tag: str, prefix: str = "", *, include_in_schema: bool = True) -> None:
        super().__init__(
            prefix=prefix, tags=[tag], dependencies=[needs("read")], responses=COMMON,
            include_in_schema=include_in_schema,
        )  # fmt: skip
