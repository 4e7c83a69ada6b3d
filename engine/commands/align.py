"""`sensorium align`: learn where sounds lie in the shared space."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from engine.commands.options import (
    AnyPath,
    json_option,
    library_option,
    open_library,
    print_json,
    typed_command,
    wait_option,
    warn,
)
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.align.service import AlignReport, AlignStatus

_MEASURES = {"recall_1": "R@1", "recall_10": "R@10", "mrr": "MRR", "median": "median rank"}
_WAYS = {"by_sound": "sound -> pair", "for_sound": "pair -> sound"}


@click.command()
@click.option(
    "--pairs",
    type=click.Choice(("videos", "labels")),
    default="videos",
    show_default=True,
    help="What sounds are paired with: the keyframes that a video shows meanwhile, or labels.",
)
@click.option(
    "--from",
    "source",
    metavar="PATH",
    type=AnyPath(path_type=Path),
    help="Only files below a folder; for labels also a CSV with the columns path and label."
    " Without a CSV, the name of a file's folder is its label.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of what is held out, and of learning.",
)
@click.option("--dry-run", is_flag=True, help="Learn and measure, and write nothing.")
@click.option("--force", is_flag=True, help="Use it also where held-out pairs do not gain.")
@click.option("--undo", is_flag=True, help="Go back to the words of the bridge.")
@click.option("--show", "shown", is_flag=True, help="Say what was learned, when and from what.")
@wait_option
@library_option
@json_option
def align(
    pairs: Literal["videos", "labels"],
    source: Path | None,
    seed: int,
    dry_run: bool,
    force: bool,
    undo: bool,
    shown: bool,
    wait: bool,
    library: Path | None,
    as_json: bool,
) -> None:
    """Learn where sounds lie in the shared space, from pairs that the library holds.

    A projection of the sound tower's features is learned by contrast, measured on files
    that were held out, and used from then on for this library, where it finds more than
    the words that are heard. Nothing is decoded; only the sounds get new vectors.
    """
    if undo and shown:
        raise UsageError("--undo and --show are two things: give one of them")
    with open_library(library) as opened:
        if shown:
            _show(opened.align.status(), as_json)
        elif undo:
            _show_undone(opened.align.undo(wait=wait, progress=True), as_json)
        else:
            _show_learned(
                opened.align.learn(
                    pairs,
                    source,
                    seed=seed,
                    dry_run=dry_run,
                    force=force,
                    wait=wait,
                    command=typed_command(),
                    progress=True,
                ),
                dry_run,
                as_json,
            )
        warn(opened)


def _show_learned(report: AlignReport, dry_run: bool, as_json: bool) -> None:
    document = report.document()
    _print(document, _learned_lines(document), as_json)
    if not (report.stored or dry_run):
        raise UsageError(
            "held-out pairs do not find each other earlier than by the bridge's words, by more"
            " than chance explains, so the library stays as it is; --force uses it all the same"
        )


def _show_undone(moved: int, as_json: bool) -> None:
    line = f"{moved} sounds lie where the bridge's words say" if moved else "nothing was learned"
    _print({"moved": moved}, line, as_json)


def _show(status: AlignStatus | None, as_json: bool) -> None:
    if status is None:
        _print(
            {"head": None}, "nothing was learned: sounds lie where the bridge's words say", as_json
        )
        return
    line = "\n".join((status.origin, measured(status.facts)))
    _print({"head": dict(status.facts)}, line, as_json)


def _learned_lines(document: Mapping[str, Any]) -> str:
    """Return what was learned, and what became of it, as lines."""
    map_ = f"a hidden layer of {document['width']}" if document["width"] else "a linear map"
    lines = [
        f"{document['pairs']} pairs of {document['files']} files; {map_}, {document['epochs']}"
        f" epochs, {document['share']:.0%} of a sound's vector",
        measured(document),
    ]
    if document["stored"]:
        lines.append(f"{document['moved']} sounds have new places; --undo goes back")
    return "\n".join(lines)


def measured(document: Mapping[str, Any]) -> str:
    """Return retrieval before and after as a small table."""
    lines = [f"on {document['held_out']} pairs held out, before -> after:"]
    for way, name in _WAYS.items():
        before, after = (document[when][way] for when in ("before", "after"))
        columns = (
            f"{label} {before[key]:.3g} -> {after[key]:.3g}" for key, label in _MEASURES.items()
        )
        lines.append(f"  {name} (of {before['among']}): {', '.join(columns)}")
    return "\n".join(lines)


def _print(document: Mapping[str, Any], line: str, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        click.echo(line)
