"""``sensorium bench``: which stage of indexing is the bottleneck on these files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import click

from engine.commands.options import AnyPath, json_option, settings
from engine.commands.output.json_output import print_json
from engine.common.user_path import expanded

if TYPE_CHECKING:
    from engine.config import Settings
    from engine.profile_indexing import IndexingProfile

_ADVICE = {
    "read": "a faster disk, or a copy of the files on one of this machine",
    "decode": "more cores, or smaller originals",
    "preprocess": "more cores",
    "read text": "more cores, or SENSORIUM_OCR=0, which leaves text in pictures unread",
    "transcribe": "more cores, or SENSORIUM_SPEECH=0, which leaves speech unwritten",
    "encode": "more cores, a GPU, or an encoder that is smaller",
    "write": "a library on a faster disk, with --library",
    "index": "indexing more files in one run, for it comes once a run",
}
"""Advice by the stage that takes longest."""


@click.command()
@click.argument("path", type=AnyPath(), default=".")
@click.option(
    "--encoder",
    metavar="NAME",
    help="compact (default), open_clip:MODEL/PRETRAINED, or whatever else docs/encoders.md names.",
)
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Files that are measured, drawn at random; a second run draws the same.",
)
@json_option
def bench(path: str, encoder: str | None, sample: int, as_json: bool) -> None:
    """Measure indexing on a sample of the media at or below PATH.

    Each stage is measured alone, and the pipeline as a whole; then the bottleneck is
    named, with what would help. Your library is not touched: a temporary one is made,
    and deleted.
    """
    from engine.profile_indexing import profile_encoder

    known = settings()
    measured = profile_encoder(
        expanded(path), encoder, settings=known, sample=sample, progress=True
    )
    if as_json:
        print_json(document(measured, known))
        return
    if sys.stdout.isatty():
        _table(measured)
    else:
        for row in _rows(measured):
            click.echo("\t".join(row))
    click.echo(verdict(measured, known))


def document(measured: IndexingProfile, known: Settings) -> dict[str, Any]:
    """Return the document of ``bench --json``, which is a contract that tests hold."""
    together = max(measured.together, 1e-9)
    stages = [asdict(stage) | {"share": stage.seconds / together} for stage in measured.stages]
    return {
        "encoder": measured.encoder,
        "threads": known.threads,
        "files": measured.files,
        "found": measured.found,
        "kinds": {kind.value: count for kind, count in sorted(measured.kinds.items())},
        "bytes": measured.bytes,
        "moments": measured.moments,
        "failed": measured.failed,
        "loading_seconds": measured.loading,
        "stages": stages,
        "pipeline_seconds": measured.pipeline,
        "pipeline_of_stages": measured.pipeline / together,
        "bottleneck": measured.bottleneck.name,
        "advice": verdict(measured, known),
    }


def verdict(measured: IndexingProfile, known: Settings) -> str:
    """Return one sentence: the bottleneck, and what would help."""
    stage = measured.bottleneck
    share = stage.seconds / max(measured.together, 1e-9)
    return f"bottleneck: {stage.name}, {share:.0%} of the work; {_help(stage.name, known)}"


def _help(stage: str, known: Settings) -> str:
    advice = f"what helps is {_ADVICE[stage]}"
    # Where the encoder can run in integers, that is the first thing to try.
    backends = "backend" in {spec.name for spec in fields(known)}
    if stage == "encode" and backends and getattr(known, "backend", None) != "onnx-int8":
        return f"{advice}, or SENSORIUM_BACKEND=onnx-int8"
    return advice


def _rows(measured: IndexingProfile) -> Iterator[tuple[str, str, str, str]]:
    together = max(measured.together, 1e-9)
    for stage in measured.stages:
        share = f"{stage.seconds / together:.0%}"
        yield (
            stage.name,
            f"{stage.seconds:.2f} s",
            share,
            _rate(stage.count, stage.seconds, stage.unit),
        )
    yield (
        "one after another",
        f"{measured.together:.2f} s",
        "100%",
        _rate(measured.files, measured.together, "files"),
    )
    yield (
        "index, as a whole",
        f"{measured.pipeline:.2f} s",
        f"{measured.pipeline / together:.0%}",
        _rate(measured.files, measured.pipeline, "files"),
    )


def _rate(count: int, seconds: float, unit: str) -> str:
    return f"{count / max(seconds, 1e-9):,.1f} {unit}/s"


def _table(measured: IndexingProfile) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("stage", style="bold", no_wrap=True)
    for column in ("takes", "share", "rate"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in _rows(measured):
        table.add_row(*row)
    Console().print(table)
