"""The server of the Model Context Protocol, over standard input and output or over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from importlib.metadata import version
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from engine.server.load.admission import Admission, DeadlineMissed, Overloaded
from engine.server.mcp.gallery import URI, gallery_apps
from engine.server.mcp.tools import MayTag, Tools
from engine.server.options import ServerOptions
from engine.server.shelf import Shelf

_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_INSTRUCTIONS = """\
Search a person's pictures, videos and sounds by what is seen, heard, said or written in them.
`search` finds moments; `look` shows them; `listen` plays them; `read` has the words around them.
`ask` answers a question by sentences that cite moments, or says that nothing here bears it.
Cite moments by path and time. A confidence below 0.5 means that it is rather no answer."""


def make_mcp(
    shelf: Shelf, admission: Admission | None = None, may_tag: MayTag | None = None,
    asking: Admission | None = None,
) -> MCPServer:  # fmt: skip
    """Return a server of the protocol over the libraries of a shelf.

    Args:
        admission: bounds how many tools work at a time, as it does for other requests.
        may_tag: tells who may tag; with None there is no such tool, and no other changes
            anything.
        asking: bounds questions, which may take longer than other tools.
    """
    tools, apps = Tools(shelf, may_tag), gallery_apps()
    bound = _bounding(admission)
    for shown in (tools.search, tools.similar, tools.look, tools.listen):
        apps.tool(resource_uri=URI, annotations=_READS)(bound(shown))
    server = MCPServer(
        "sensorium", title="Sensorium", version=version("sensorium"), instructions=_INSTRUCTIONS,
        log_level="ERROR", extensions=[apps],
    )  # fmt: skip
    for tool in (tools.read, tools.status):
        server.tool(annotations=_READS)(bound(tool))
    server.tool(annotations=_READS)(_bounding(asking)(tools.ask))
    if may_tag is not None:
        server.tool(annotations=_WRITES)(bound(tools.tag))
    return server


def who_may_tag(options: ServerOptions) -> MayTag | None:
    """Return who may tag by a server with these options; None where nobody may."""
    if options.read_only:
        return None
    if options.tokens:
        if not any("tag" in token.scopes for token in options.tokens):
            return None
        return lambda caller: caller is not None and "tag" in caller.scopes
    return (lambda _: True) if options.allow_tag else None


def _bounding(admission: Admission | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what bounds a tool; what is alone needs no bounds."""
    return partial(_bounded, admission) if admission is not None else lambda tool: tool


def _bounded(admission: Admission, tool: Callable[..., Any]) -> Callable[..., Any]:
    """Return a tool that waits for its turn, and is refused where too many wait."""

    @wraps(tool)
    async def call(**arguments: Any) -> Any:
        try:
            return await admission.run(lambda: tool(**arguments))
        except Overloaded:
            raise ToolError("too many requests are waiting; try again in a second") from None
        except DeadlineMissed:
            raise ToolError("it took too long; ask for less") from None

    return call
