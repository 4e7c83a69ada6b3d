"""The route that tells a caller what it may do, so that a page offers nothing that is refused."""

from __future__ import annotations

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from engine.server.access.tokens import EVERYTHING, SCOPES, Scope
from engine.server.options import ServerOptions
from engine.server.routes.context import json_answer
from engine.server.routes.routers import ReadRouter

router = ReadRouter("library", "/api")


class CallerDocument(BaseModel):
    """The permissions of the caller."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"scopes": ["read", "index"], "read_only": False, "roots": ["/home/ann/photos"]}
            ]
        }
    )

    scopes: list[Scope] = Field(
        description="What it may do: those of its token, all without tokens, and `read` alone"
        " where the server only reads."
    )
    read_only: bool = Field(description="The server only reads, whatever a token allows.")
    roots: list[str] = Field(
        description="Folders that may be indexed beside those that a library was indexed from."
    )


@router.get("/caller", response_model=CallerDocument)
async def caller(request: Request) -> JSONResponse:
    """Tell the caller what it may do here."""
    options: ServerOptions = request.app.state.options
    granted = getattr(request.state, "scopes", EVERYTHING)
    return json_answer({
        "scopes": [
            scope for scope in SCOPES
            if scope == "read" or (scope in granted and not options.read_only)
        ],
        "read_only": options.read_only,
        "roots": [str(root) for root in options.roots],
    })  # fmt: skip
