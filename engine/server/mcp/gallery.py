"""A gallery of moments, which hosts of assistants show where they know MCP Apps.

The page is a resource of the protocol, shown in a sandboxed frame of the host. It loads nothing:
pictures and sounds come in the results of the tools, which it asks for through its host.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from mcp.server.apps import Apps

URI = "ui://sensorium/gallery.html"


@cache
def gallery_page() -> str:
    """Return the page as HTML."""
    return files("engine.server.mcp").joinpath("gallery.html").read_text("utf-8")


def gallery_apps() -> Apps:
    """Return the extension with the page; tools that are bound to ``URI`` are shown in it."""
    apps = Apps()
    apps.add_html_resource(
        URI, gallery_page(), name="gallery", title="Gallery of moments",
        description="Pictures, frames and sounds of moments, with their paths and times.",
        prefers_border=True,
    )  # fmt: skip
    return apps
