"""`sensorium align`: learn where sounds lie, and what pictures show, from pairs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from engine.commands.options import (
    AnyPath,
    complain,
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
    from engine.align.service import AlignReport, AlignStatus, CaptionReport, CaptionStatus

_MEASURES = {"recall_1": "R@1", "recall_10": "R@10", "mrr": "MRR", "median": "median rank"}
_MOST_SHOWN = 5
"""Pictures that cannot be read, of which each has a line."""
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
@click.option(
    "--captions",
    metavar="FILE",
    type=AnyPath(path_type=Path),
    help="Learn from captioned pictures instead: a CSV, TSV, .jsonl or .parquet with the columns"
    " path and caption; paths are relative to it, and need not be in the library.",
)
@click.option("--dry-run", is_flag=True, help="Learn and measure, and write nothing.")
@click.option("--force", is_flag=True, help="Use it also where what is held out does not gain.")
@click.option("--undo", is_flag=True, help="Forget what was learned, of sounds and captions.")
@click.option("--show", "shown", is_flag=True, help="Say what was learned, when and from what.")
@wait_option
@library_option
@json_option
def align(
    pairs: Literal["videos", "labels"],
    source: Path | None,
    captions: Path | None,
    seed: int,
    dry_run: bool,
    force: bool,
    undo: bool,
    shown: bool,
    wait: bool,
    library: Path | None,
    as_json: bool,
) -> None:
    """Learn where sounds lie, from pairs, or what pictures show, from captions.

    Sounds: a projection of the sound tower's features is learned by contrast from pairs that
    the library holds, and used from then on where files that were held out are found earlier
    by it. Nothing is decoded; only the sounds get new vectors.

    Captions: with --captions, pictures get one more vector, by what the captions of such
    pictures say, and searches take the better one. It is kept where the captions of held-out
    pictures find them earlier, and new pictures get it too. Some hundred captions are enough.
    """
    if undo and shown:
        raise UsageError("--undo and --show are two things: give one of them")
    options: dict[str, Any] = {
        "seed": seed, "dry_run": dry_run, "force": force, "wait": wait,
        "command": typed_command(), "progress": True,
    }  # fmt: skip
    with open_library(library) as opened:
        if shown:
            _show(opened.align.status(), opened.align.caption_status(), as_json)
        elif undo:
            sounds = opened.align.undo(wait=wait, progress=True)
            _show_undone(sounds, opened.align.undo_captions(wait=wait, progress=True), as_json)
        elif captions is not None:
            if source is not None:
                raise UsageError("--from is for sounds, and --captions names its own file")
            learned = opened.align.learn_captions(captions, **options)
            _show_captions(learned, dry_run, as_json)
        else:
            _show_learned(opened.align.learn(pairs, source, **options), dry_run, as_json)
        warn(opened)


def _show_learned(report: AlignReport, dry_run: bool, as_json: bool) -> None:
    document = report.document()
    _print(document, _learned_lines(document), as_json)
    if not (report.stored or dry_run):
        raise UsageError(
            "held-out pairs do not find each other earlier than by the bridge's words, by more"
            " than chance explains, so the library stays as it is; --force uses it all the same"
        )


def _show_captions(report: CaptionReport, dry_run: bool, as_json: bool) -> None:
    document = report.document()
    passed_over = document["passed_over"]
    for line in passed_over[:_MOST_SHOWN]:
        complain(line)
    if len(passed_over) > _MOST_SHOWN:
        complain(f"and {len(passed_over) - _MOST_SHOWN} more pictures that cannot be read")
    lines = [
        f"{document['captions']} captions of {document['pictures']} pictures",
        captions_measured(document),
    ]
    if document["stored"]:
        lines.append(f"{document['placed']} pictures have a vector by captions; --undo goes back")
    _print(document, "\n".join(lines), as_json)
    if not (report.stored or dry_run):
        raise UsageError(
            "captions of held-out pictures do not find them earlier by more than chance explains,"
            " so the library stays as it is; more captions may help, --force uses it all the same"
        )


def captions_measured(document: Mapping[str, Any]) -> str:
    """Return retrieval by captions before and after, with intervals of 95 %, in two lines."""
    before, after, gain, error = (document[k] for k in ("before", "after", "gain", "error"))
    columns = (
        f"{_MEASURES[key]} {before[key]:.3f} -> {after[key]:.3f}"
        f" ({gain[key]:+.3f} \u00b1 {error[key]:.3f})"
        for key in ("recall_1", "recall_10", "mrr")
    )
    among = document["among"]
    return f"pictures held out, each among {among}, before -> after:\n  {', '.join(columns)}"


def _show_undone(sounds: int, pictures: int, as_json: bool) -> None:
    lines = []
    if sounds or not pictures:
        moved = f"{sounds} sounds lie where the bridge's words say"
        lines.append(moved if sounds else "nothing was learned")
    if pictures:
        lines.append(f"what was learned of captions is forgotten, of {pictures} pictures")
    _print({"moved": sounds, "pictures": pictures}, "\n".join(lines), as_json)


def _show(sounds: AlignStatus | None, captions: CaptionStatus | None, as_json: bool) -> None:
    lines = []
    if sounds is not None:
        lines += [sounds.origin, measured(sounds.facts)]
    if captions is not None:
        lines += [captions.origin, captions_measured(captions.facts)]
    document = {
        "head": None if sounds is None else dict(sounds.facts),
        "captions": None if captions is None else dict(captions.facts),
    }
    nothing = "nothing was learned: sounds lie where the bridge's words say"
    _print(document, "\n".join(lines) or nothing, as_json)


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
