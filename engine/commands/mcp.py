"""`sensorium mcp`: tools for assistants, over standard input and output."""

from __future__ import annotations

from pathlib import Path

import click

from engine.commands.options import AnyPath
from engine.common.optional_package import importing
from engine.common.user_path import expanded


@click.command()
@click.option(
    "--library", "libraries", type=AnyPath(path_type=Path), multiple=True, metavar="PATH",
    help="Folder of a library. May be repeated: each is known by the name of its folder.",
)  # fmt: skip
@click.option("--allow-tag", is_flag=True, help="Add a tool that tags files.")
def mcp(libraries: tuple[Path, ...], allow_tag: bool) -> None:
    """Give assistants tools to search, look, listen and read, by the Model Context Protocol.

    It speaks over standard input and output, and is started by the host of an assistant:

        {"mcpServers": {"sensorium": {"command": "sensorium", "args": ["mcp"]}}}

    No tool changes anything but that of --allow-tag. docs/server.md has more.
    """
    paths = [expanded(path) for path in libraries]
    with importing("sensorium mcp", "mcp", "mcp", "fastapi"):
        from engine.server.mcp.server import make_mcp
        from engine.server.shelf import Shelf

    shelf = Shelf(paths)
    try:
        make_mcp(shelf, may_tag=(lambda _: True) if allow_tag else None).run("stdio")
    finally:
        shelf.close()
