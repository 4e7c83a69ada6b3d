"""`sensorium evaluate-rerank`: measure on judgements whether a reranker that sees gains."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from engine.commands.options import AnyPath, json_option, library_option, open_library, say
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message


@click.command("evaluate-rerank")
@click.argument("judgements", type=AnyPath(path_type=Path))
@click.argument("reranker")
@click.option(
    "--top", type=click.IntRange(2, 1000), default=50, show_default=True,
    help="How many hits of a query are put in order.",
)  # fmt: skip
@library_option
@json_option
def evaluate_rerank(
    judgements: Path, reranker: str, top: int, library: Path | None, as_json: bool
) -> None:
    """Measure whether RERANKER gains on JUDGEMENTS of this library, and keep the result.

    JUDGEMENTS is a CSV with the columns query and path, a line for each file that answers a
    query. RERANKER is vl:NAME or late:NAME, a model that sees. `search --rerank` uses it for those
    modalities where it gained on the half of the queries that was held out.
    """
    with open_library(library) as opened:
        found = opened.evaluate_rerank(judgements, reranker, top=top, progress=True)
    if as_json:
        gains = {m: {**asdict(gain), "used": gain.used} for m, gain in found.modalities.items()}
        print_json({"reranker": found.reranker, "revision": found.revision, "modalities": gains})
        return
    if not found.modalities:
        say("no query has both an answer and a hit that it can judge: it is not used")
    for modality, gain in found.modalities.items():
        print_message(
            f"{modality}: MRR {gain.before:.3f} -> {gain.after:.3f} (+-{gain.error:.3f}) on"
            f" {gain.queries} held-out queries, weight {gain.weight:g}:"
            f" {'used' if gain.used else 'not used'}"
        )
