"""`sensorium curate duplicates`, `semdedup` and `leaks`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.curate.options import Ending, ending_options, kind_option, seed_option
from engine.commands.curate.outcome import CurateOutcome, end, write_page
from engine.commands.options import AnyPath, Command, complain, open_library, print_json, say, warn
from engine.errors import PathNotFound, UsageError

if TYPE_CHECKING:
    from engine.curate.copies.near_duplicates import DuplicateOptions, DuplicatePairs
    from engine.library import Library
    from engine.store.curation_records import Finding


def _alike_options(command: Command) -> Command:
    for option in reversed(
        (
            kind_option,
            click.option(
                "--threshold",
                type=click.FloatRange(0.3, 1.0),
                help="Cosine from which two are looked at  [default: 0.7, of sounds 0.88]; or"
                " taken for copies, with --by-cosine  [default: 0.9]",
            ),
            click.option("--exact", is_flag=True, help="Only files with the same bytes."),
            click.option(
                "--by-cosine",
                is_flag=True,
                help="Do not look at the files: let the cosine of their embeddings decide.",
            ),
        )
    ):
        command = option(command)
    return command


def _below(library: Library, paths: Sequence[str]) -> tuple[str, ...] | None:
    """Absolute paths of arguments; None where there are none.

    Raises:
        PathNotFound: nothing of the library is there.
    """
    if not paths:
        return None
    found = []
    for path in paths:
        absolute = str(Path(path or " ").expanduser().resolve())
        if next(iter(library.store.assets([absolute])), None) is None:
            raise PathNotFound(
                f"nothing of the library is at {path or 'an empty path'};"
                " index it first: sensorium index PATH"
            )
        found.append(absolute)
    return tuple(found)


def _wanted(opened: Library, paths: Sequence[str], options: dict[str, Any]) -> DuplicateOptions:
    from engine.curate.copies.near_duplicates import DuplicateOptions
    from engine.types import Kind

    kinds = tuple(map(Kind, options["kinds"])) or tuple(Kind)
    return DuplicateOptions(
        kinds, _below(opened, paths), options["exact"], options["threshold"], options["by_cosine"]
    )


def _found(opened: Library, wanted: DuplicateOptions) -> tuple[DuplicatePairs, list[Finding]]:
    from engine.curate.copies import near_duplicates

    found = near_duplicates.find(opened.store, opened.towers, opened.thumbnail, wanted, say)
    for path, reason in found.unreadable.items():
        complain(f"{path}: not compared: {reason}")
    return found, near_duplicates.findings(opened.store, found.edges)


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=AnyPath())
@_alike_options
@ending_options
def duplicates(
    paths: tuple[str, ...], library: Path | None, ending: Ending, **options: Any
) -> None:
    """Find files that are the same: byte by byte, or to eye and ear.

    Crops, re-encodes, mirrored and framed pictures are copies of one another; a burst is
    not. Of each group one is kept: the one with most pixels, then most bytes, then the
    earliest date, then the first path. With PATHs, only what lies below them.
    """
    from engine.curate import report_sections
    from engine.curate.copies.near_duplicates import DUPLICATE

    with open_library(library) as opened:
        asked, generation = _wanted(opened, paths, options), opened.store.generation()
        found, listed = _found(opened, asked)
        copies = [one.asset_id for one in listed if one.verdict == DUPLICATE]
        sizes = sum(one.size for one in opened.store.facts(copies).values())
        groups, megabytes = len(listed) - len(copies), round(sizes / 1e6, 1)
        facts = {"groups": groups, "duplicates": len(copies), "MB": megabytes}
        outcome = CurateOutcome(
            "duplicates", asked.settings(), listed, generation, facts,
            lambda seen: [report_sections.groups(listed, seen)],
            line=f"{len(copies)} duplicates in {groups} groups, {megabytes:.1f} MB",
            more={"bytes": sizes, "compared": found.compared, "unreadable": found.unreadable},
        )  # fmt: skip
        end(opened, outcome, ending)
        warn(opened)


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=AnyPath())
@click.option(
    "--split-by",
    type=click.Choice(("folder", "tag")),
    default="folder",
    show_default=True,
    help="A split is a folder right below PATH, or a tag that assets were given.",
)
@click.option("--split", "words", multiple=True, help="A tag that is a split. May be repeated.")
@_alike_options
@ending_options
def leaks(
    paths: tuple[str, ...],
    split_by: str,
    words: tuple[str, ...],
    library: Path | None,
    ending: Ending,
    **options: Any,
) -> None:
    """Find what is the same in several splits of a dataset.

    Of each group what lies in the smallest split is held, because others have measured on
    it; what is the same elsewhere is a leak, and is what --apply acts on.
    """
    from engine.curate import report_sections
    from engine.curate.copies import split_leaks as parting

    with open_library(library) as opened:
        asked, generation = _wanted(opened, paths, options), opened.store.generation()
        if split_by == "tag":
            splits = parting.by_tag(opened.store, words, asked.under)
        else:
            splits = parting.by_folder(
                opened.store, asked.under or (parting.common_folder(opened.store),)
            )
        names = sorted(set(splits.values()))
        found, pairs = _found(opened, asked)
        listed = parting.leaks(pairs, splits)
        leaking = sum(one.verdict == parting.LEAK for one in listed)
        outcome = CurateOutcome(
            "leaks", asked.settings() | {"split_by": split_by, "splits": names}, listed,
            generation, {"leaks": leaking, "splits": len(names)},
            lambda seen: [report_sections.groups(listed, seen)],
            line=f"{leaking} leaks between {', '.join(names)}",
            more={"compared": found.compared, "unreadable": found.unreadable},
        )  # fmt: skip
        end(opened, outcome, ending)
        warn(opened)


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=AnyPath())
@click.option(
    "--kind", type=click.Choice(("image", "video", "audio")), default="image", show_default=True
)
@click.option(
    "--eps",
    type=click.FloatRange(0.0, 1.0),
    help="What goes is nearer than 1 - EPS to something that stays. Without it, the curve is"
    " shown and nothing is chosen.",
)
@click.option("--space", help="Space to compare in  [default: where likeness is compared]")
@click.option("--clusters", type=click.IntRange(1), help="k of k-means  [default: one in 400]")
@seed_option
@ending_options
def semdedup(
    paths: tuple[str, ...],
    kind: str,
    eps: float | None,
    space: str | None,
    clusters: int | None,
    seed: int,
    library: Path | None,
    ending: Ending,
) -> None:
    """Thin out what means the same (SemDeDup, Abbas et al. 2023).

    Run it without --eps first: it shows how much each eps leaves. In each cluster of k-means
    what is farthest from the centroid stays, and what is too near to something before it
    goes.
    """
    from engine.curate import report_sections
    from engine.curate.copies import semdedup

    if eps is None and (ending.apply or ending.out):
        raise UsageError("choose first what goes: --eps, of the curve that is shown without it")
    with open_library(library) as opened:
        generation = opened.store.generation()
        rows, name = _rows_of(opened, kind, space, _below(opened, paths))
        alike = semdedup.alike(rows, seed, clusters)
        curve = alike.curve()
        if eps is None:
            _show_curve(curve, len(rows), ending.as_json)
            if ending.report is not None:
                write_page(
                    ending.report, "Semantic duplicates", [report_sections.curves(curve, None)]
                )
            return
        listed = semdedup.findings(opened.store, alike, eps)
        settings: dict[str, object] = {
            "kind": kind, "space": name, "eps": eps, "seed": seed,
            "clusters": int(alike.clusters.max(initial=0)) + 1,
            "kept": "farthest from the centroid", "curve": curve,
        }  # fmt: skip
        outcome = CurateOutcome(
            "semdedup", settings, listed, generation,
            {"moments": len(rows), "to go": len(listed)},
            lambda seen: [
                report_sections.curves(curve, eps), report_sections.map_of_rows(rows, listed, seed),
                report_sections.groups(listed, seen),
            ],
            line=f"{len(listed)} of {len(rows)} go at eps {eps:g}",
        )  # fmt: skip
        end(opened, outcome, ending)
        warn(opened)


def _rows_of(
    opened: Library, kind: str, space: str | None, under: tuple[str, ...] | None
) -> tuple[Any, str]:
    """The rows of a kind in a space, and the name of that."""
    from engine.curate.copies.near_duplicates import likeness
    from engine.index.matrix import gather_moments
    from engine.types import Kind

    of_kind = Kind(kind)
    name, modality = likeness(opened.towers, of_kind)
    if space is not None and space not in opened.store.spaces():
        known = ", ".join(opened.store.spaces()) or "none yet"
        raise UsageError(f"there is no space {space!r}; there is {known}")
    rows = gather_moments(opened.store, space or name, [modality], [of_kind], under)
    if len(rows) < 2:
        raise UsageError(f"there are fewer than two moments of kind {kind} to compare")
    return rows, space or name


def _show_curve(curve: Sequence[tuple[float, float]], count: int, as_json: bool) -> None:
    if as_json:
        print_json({"moments": count, "curve": curve})
        return
    click.echo("eps\tstay\tgo")
    for eps, share in curve:
        click.echo(f"{eps:g}\t{share:.1%}\t{count - round(share * count)}")
    say("choose one with --eps; nothing has been recorded")
