"""`sensorium curate select`: a subset that is diverse, balanced, or near to a text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.curate.options import (
    Ending,
    ending_options,
    filter_of,
    modality_option,
    only,
    seed_option,
    typed,
    where_option,
)
from engine.commands.curate.outcome import CurateOutcome, end
from engine.commands.options import AnyPath, open_library, warn
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.curate.asset_vectors import Items
    from engine.curate.records import Finding
    from engine.curate.selection.manifest import ManifestLine
    from engine.curate.selection.select import Relevance
    from engine.library import Library


@click.command()
@click.option("-n", "--count", required=True, type=click.IntRange(min=1), help="How many files.")
@modality_option(multiple=False)
@click.option(
    "--method",
    type=click.Choice(("kcenter", "facility")),
    default="kcenter",
    show_default=True,
    help="Leave nothing far from a choice (kcenter), or stand for the many (facility).",
)
@click.option(
    "--balance",
    type=click.Choice(("tag", "cluster", "label")),
    help="Equal shares of each: the rarest tag of a file, a cluster, or a label.",
)
@click.option(
    "--labels",
    default="folder",
    show_default=True,
    metavar="folder|tag|FILE.csv",
    help="Of --balance label: the folder that a file is in, its one tag, or a table path,label.",
)
@click.option("--near", metavar="TEXT", help="Only among the files that are nearest to this.")
@click.option("--far", metavar="TEXT", help="Only among the files that are farthest from this.")
@click.option(
    "--pool",
    type=click.IntRange(min=1),
    help="How many files --near and --far leave in the running  [default: ten times --count]",
)
@click.option(
    "--manifest",
    type=AnyPath(path_type=Path),
    help="Write every choice, in order and with why, to FILE.json and FILE.parquet.",
)
@seed_option
@where_option
@ending_options
def select(
    count: int,
    modalities: str | None,
    balance: str | None,
    labels: str,
    near: str | None,
    far: str | None,
    pool: int | None,
    manifest: Path | None,
    where: tuple[str, ...],
    library: Path | None,
    ending: Ending,
    **options: Any,
) -> None:
    """Choose a subset that is diverse, balanced, or near to a text.

    The same library, options and seed choose the same files in the same order.
    """
    from engine.curate import report_sections
    from engine.curate.asset_vectors import gather
    from engine.curate.selection import manifest as manifests
    from engine.curate.selection.select import select as select_items

    _check_selection(near, far, pool)
    if manifest is not None:
        manifests.check(manifest)
    wanted = filter_of(where)
    with open_library(library) as opened:
        generation, modality = opened.store.generation(), only(opened, modalities)
        items = gather(opened.store, opened.towers, modality, wanted)
        made = select_items(
            items, count, groups=_groups(opened, items, balance, labels, options["seed"]),
            relevance=_relevance(opened, items, near, far), pool=pool, **options,
        )  # fmt: skip
        lines = manifests.lines(opened.store, items, made)
        found = _as_findings(lines, list(made.quotas))
        settings = {
            "count": count, "modality": modality, "balance": balance, "near": near, "far": far,
            "labels": labels if balance == "label" else None, "pool": pool, "where": where,
            **options,
        }  # fmt: skip
        facts = {
            "chosen": len(lines), "of": made.pool, "coverage radius": round(made.radius, 6),
            "generation": generation,
        }  # fmt: skip
        if manifest is not None:
            manifests.write(manifest, typed(), settings, facts, lines)
        outcome = CurateOutcome(
            "select", settings, found, generation, facts,
            lambda seen: list(report_sections.of_selection(items, made, found, seen)),
            more={"quotas": dict(made.quotas)},
        )  # fmt: skip
        end(opened, outcome, ending)
        warn(opened)


def _as_findings(lines: Sequence[ManifestLine], groups: Sequence[str]) -> list[Finding]:
    from engine.curate.records import Finding
    from engine.store.curation_records import SELECTED

    number = {name: place for place, name in enumerate(groups, 1)}
    return [
        Finding(
            one.asset_id, one.moment_id, one.path, SELECTED,
            None if one.group is None else number[one.group], one.distance or 0.0, one.why,
        )
        for one in lines
    ]  # fmt: skip


def _check_selection(near: str | None, far: str | None, pool: int | None) -> None:
    for name, text in (("--near", near), ("--far", far)):
        if text is not None and not text.strip():
            raise UsageError(f"{name} is empty; write {name} TEXT")
    if near is not None and near == far:
        raise UsageError(f"{near!r} is both wanted and not wanted")
    if pool is not None and near is None and far is None:
        raise UsageError("--pool is for --near and --far")


def _groups(
    library: Library, items: Items, balance: str | None, labels: str, seed: int
) -> list[str] | None:
    from engine.curate import clusters as method
    from engine.curate import labels as labelled

    if balance is None:
        return None
    if balance == "tag":
        return labelled.tag_groups(library.store, items)
    if balance == "label":
        return labelled.required(labelled.labels(library.store, items, labels), labels)
    grouped = method.clusters(items, seed=seed, threads=library.settings.threads)
    return [f"cluster {number + 1}" for number in grouped.of.tolist()]


def _relevance(
    library: Library, items: Items, near: str | None, far: str | None
) -> Relevance | None:
    from engine.curate.text_relevance import Shared, relevance

    if near is None and far is None:
        return None
    shared = Shared(library.store, library.towers, items.modality)
    return relevance(shared, items, near, far)
