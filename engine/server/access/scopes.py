"""Scopes: the things that a request may do, by its token and by how the server was started.

| scope | what it allows |
|---|---|
| read | searching and looking; every token has it |
| tag | tags, classification, runs of curation, and acting on runs by tags |
| index | jobs that read folders anew, exports, and pages that are made |
| admin | all of it, and moving or linking files |
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Security, params
from fastapi.security import HTTPBearer

from engine.server.access.tokens import Scope
from engine.server.options import ServerOptions
from engine.server.problems import Problem

_token = HTTPBearer(
    auto_error=False, scheme_name="token",
    description="A line of the file that `--token-file` names; none is needed where it names none.",
)  # fmt: skip


def needs(scope: Scope) -> params.Security:
    """Return what lets only requests with a scope in: ``dependencies=[needs("tag")]``."""

    # Not a plain function, which FastAPI would hand to a thread: that costs 1 ms a request.
    async def check(request: Request, _: Annotated[object, Depends(_token)]) -> None:
        check_scope(request, scope)

    needed: params.Security = Security(check, scopes=[scope])
    return needed


def check_scope(request: Request, scope: Scope) -> None:
    """Refuse a request that may not do something.

    The guard puts the scopes of a token into the state of the request; without tokens there
    are none, and all may be done.

    Raises:
        Problem: 403; the server only reads, or the token has not that scope.
    """
    options: ServerOptions = request.app.state.options
    if options.read_only and scope != "read":
        raise Problem(
            403, "read_only", "the server only reads; it was started with its option read-only"
        )
    granted = getattr(request.state, "scopes", None)
    if granted is not None and not {scope, "admin"} & set(granted):
        raise Problem(
            403, "scope_missing", f"the token has not the scope {scope}, which this needs"
        )
