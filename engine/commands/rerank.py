"""`sensorium rerank`: documents in the order of how probably they answer."""

from __future__ import annotations

from pathlib import Path

import click

from engine.commands.options import json_option, library_option, open_or_borrow
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_line
from engine.common.user_path import expanded


@click.command()
@click.argument("query")
@click.argument("documents", nargs=-1, required=True)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Show the best alone.")
@library_option
@json_option
def rerank(
    query: str, documents: tuple[str, ...], top: int | None, library: Path | None, as_json: bool
) -> None:
    """Put DOCUMENTS, texts or files, in the order of how probably they answer QUERY.

    What is a file is judged as a picture, a video or a sound, and all else as a text.
    """
    given = [_file_or_text(document) for document in documents]
    with open_or_borrow(library) as opened:
        found = opened.rerank(query, given, top=top)
    if as_json:
        results = [
            {"index": each.index, "score": round(each.score, 6), "by": each.by} for each in found
        ]
        print_json({"results": results})
        return
    for each in found:
        print_line(f"{each.score:6.1%}  {documents[each.index]}")


def _file_or_text(document: str) -> str | Path:
    try:
        path = expanded(document)
        return path if path.is_file() else document
    except (OSError, ValueError):  # longer than a name can be
        return document
