"""`sensorium align`: learn where sounds lie in the shared space."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.options import (
    AnyPath,
    Messages,
    json_option,
    library_option,
    open_library,
    wait_option,
    warn,
)
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.align.aligner import AlignOptions
    from engine.library import Library

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
@click.option("--seed", default=0, show_default=True, help="Of what is held out, and of learning.")
@click.option("--dry-run", is_flag=True, help="Learn and measure, and write nothing.")
@click.option("--force", is_flag=True, help="Use it also where held-out pairs do not gain.")
@click.option("--undo", is_flag=True, help="Go back to the words of the bridge.")
@click.option("--show", "shown", is_flag=True, help="Say what was learned, when and from what.")
@wait_option
@library_option
@json_option
def align(
    pairs: str,
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
    from engine.align.aligner import AlignOptions

    if undo and shown:
        raise UsageError("--undo and --show are two things: give one of them")
    wanted = AlignOptions(pairs, source, seed, _command())
    with open_library(library) as opened:
        if shown:
            _show(opened, as_json)
        elif undo:
            _undo(opened, wait, as_json)
        else:
            _learn(opened, wanted, dry_run=dry_run, force=force, wait=wait, as_json=as_json)
        warn(opened)


def _command() -> str:
    return " ".join(["sensorium", *sys.argv[1:]])


def _learn(
    opened: Library, wanted: AlignOptions, *, dry_run: bool, force: bool, wait: bool, as_json: bool
) -> None:
    from engine.align.aligner import described

    found = opened.aligner.learn(wanted)
    used = not dry_run and (found.is_better or force)
    moved = opened.aligner.place(found.head, wait) if used else 0
    if used:
        opened.maintenance.settle(wait, Messages())
    document = {**described(found), "better": found.is_better, "stored": used, "moved": moved}
    _print(document, _told(document), as_json)
    if not (used or dry_run):
        raise UsageError(
            "held-out pairs do not find each other earlier than by the bridge's words, by more"
            " than chance explains, so the library stays as it is; --force uses it all the same"
        )


def _undo(opened: Library, wait: bool, as_json: bool) -> None:
    moved = opened.aligner.undo(wait)
    if moved:
        opened.maintenance.settle(wait, Messages())
    line = f"{moved} sounds lie where the bridge's words say" if moved else "nothing was learned"
    _print({"moved": moved}, line, as_json)


def _show(opened: Library, as_json: bool) -> None:
    from engine.align.aligner import about
    from engine.align.origin import origin

    found = about(opened.store)
    if found is None:
        _print(
            {"head": None}, "nothing was learned: sounds lie where the bridge's words say", as_json
        )
        return
    _print({"head": dict(found)}, "\n".join((origin(found), measured(found))), as_json)


def _told(document: Mapping[str, Any]) -> str:
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
    """Retrieval before and after as a small table."""
    lines = [f"on {document['held_out']} pairs held out, before -> after:"]
    for way, name in _WAYS.items():
        before, after = (document[when][way] for when in ("before", "after"))
        columns = (
            f"{label} {before[key]:.3g} -> {after[key]:.3g}" for key, label in _MEASURES.items()
        )
        lines.append(f"  {name} (of {before['among']}): {', '.join(columns)}")
    return "\n".join(lines)


def _print(document: Mapping[str, Any], line: str, as_json: bool) -> None:
    click.echo(json.dumps(document, indent=2 if sys.stdout.isatty() else None) if as_json else line)
