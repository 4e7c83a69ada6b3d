"""`sensorium serve`: a server over one library or several."""

from __future__ import annotations

import os
from pathlib import Path

import click

from engine.commands.options import AnyPath
from engine.commands.output.text import print_message
from engine.common.optional_package import importing
from engine.common.user_path import existing, expanded, resolved
from engine.server.access.tokens import read_tokens
from engine.server.options import LOG_FORMATS, LogFormat, ServerOptions


def _processes() -> int:
    cores = os.cpu_count() or 1
    return min(cores, 4) if cores > 1 else 0


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
    help="The address to listen on. Others than this machine's own need a token.",
)  # fmt: skip
@click.option("--port", default=8093, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--library", "libraries", type=AnyPath(path_type=Path), multiple=True, metavar="PATH",
    help="Folder of a library. May be repeated: each is known by the name of its folder.",
)  # fmt: skip
@click.option(
    "--token-file", type=AnyPath(path_type=Path), metavar="FILE",
    help="A file that only you can read: on each line a bearer token, and what it may do"
    " beside reading: tag, index, or admin, which is all.",
)  # fmt: skip
@click.option(
    "--allow-host", "hosts", multiple=True, metavar="NAME",
    help="A name by which the server may be called, such as that of a proxy. May be repeated.",
)  # fmt: skip
@click.option(
    "--allow-origin", "origins", multiple=True, metavar="ORIGIN",
    help="An origin whose pages may ask, such as https://photos.example. May be repeated.",
)  # fmt: skip
@click.option("--read-only", is_flag=True, help="Refuse all requests that change something.")
@click.option(
    "--allow-root", "roots", type=AnyPath(path_type=Path), multiple=True, metavar="FOLDER",
    help="A folder that index jobs may read, beside those that a library was indexed from. May"
    " be repeated.",
)  # fmt: skip
@click.option(
    "--workers", default=4, show_default=True, type=click.IntRange(1, 256), metavar="N",
    help="Requests that are worked on at a time.",
)  # fmt: skip
@click.option(
    "--processes", default=_processes, type=click.IntRange(0, 64), metavar="N",
    help="Processes that search where several searches come at once; each takes some 300 MB."
    "  [default: one a core, 4 at most; 0 on one core]",
)  # fmt: skip
@click.option(
    "--rate", type=click.FloatRange(0, min_open=True), metavar="N",
    help="Requests a second that each token may make; those of 10 s may come at once.",
)  # fmt: skip
@click.option(
    "--allow-tag", is_flag=True,
    help="Let assistants tag where there are no tokens; else a token needs the word tag.",
)  # fmt: skip
@click.option(
    "--log", "log_format", type=click.Choice(LOG_FORMATS), default="none", show_default=True,
    help="Write a line for each request to standard error: as JSON, or for people.",
)  # fmt: skip
def serve(
    host: str,
    port: int,
    libraries: tuple[Path, ...],
    token_file: Path | None,
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    read_only: bool,
    roots: tuple[Path, ...],
    workers: int,
    processes: int,
    rate: float | None,
    allow_tag: bool,
    log_format: LogFormat,
) -> None:
    """Answer searches, and embed, over HTTP, for this machine alone unless told otherwise.

    The routes are in docs/server.md and at /api/openapi.json: a native one, those of OpenAI
    and Cohere for embeddings, and those of clip-retrieval. A library that is being indexed
    can be served at the same time.
    """
    paths = [expanded(path) for path in libraries]
    tokens = read_tokens(expanded(token_file)) if token_file is not None else ()
    options = ServerOptions(
        host, port, tokens, hosts, origins, workers, processes, read_only=read_only,
        roots=tuple(resolved(existing(root)) for root in roots), rate=rate, allow_tag=allow_tag,
        log_format=log_format,
    )  # fmt: skip
    options.check()
    with importing("sensorium serve", "server", "fastapi", "uvicorn", "prometheus_client"):
        from engine.server.run import run

    run(paths, options, print_message)
