"""`sensorium prepare-rerank`: embed all pictures ahead for a reranker of late interaction."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from engine.commands.options import json_option, library_option, open_library, say
from engine.commands.output.json_output import print_json


@click.command("prepare-rerank")
@click.argument("reranker")
@library_option
@json_option
def prepare_rerank(reranker: str, library: Path | None, as_json: bool) -> None:
    """Embed all pictures ahead for RERANKER, a model of late interaction.

    RERANKER is late:NAME. A search that it puts in order embeds the pictures that it meets; this
    does it for all of them at once, goes on where it was ended, and says first how long it takes
    and how large it gets.
    """
    with open_library(library) as opened:
        found = opened.prepare_rerank(reranker, progress=True)
    if as_json:
        print_json(asdict(found))
        return
    say(
        f"{found.embedded:,} pictures embedded, {found.nbytes / 1e6:,.1f} MB;"
        f" {found.kept_before:,} were there, and {found.failed:,} cannot be read"
    )
