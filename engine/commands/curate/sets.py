"""`sensorium curate outliers` and `clusters`: what a set of vectors says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.curate.options import (
    Ending,
    chosen,
    ending_options,
    filter_of,
    modality_option,
    seed_option,
    top_option,
    where_option,
)
from engine.commands.curate.outcome import CurateOutcome, end
from engine.commands.options import open_library, warn
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.curate.asset_vectors import Items
    from engine.curate.clusters import Clusters
    from engine.curate.records import Finding
    from engine.library import Library
    from engine.report.page import Section
    from engine.types import Modality


@click.command()
@modality_option(multiple=True)
@click.option(
    "-k",
    "--neighbours",
    default=10,
    show_default=True,
    type=click.IntRange(min=1, max=1000),
    help="How many neighbours count.",
)
@click.option(
    "--measure",
    type=click.Choice(("distance", "lof")),
    default="distance",
    show_default=True,
    help="The mean distance to them, or the local outlier factor: how much sparser it is than"
    " around them.",
)
@click.option(
    "--threshold",
    default=3.5,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Robust deviations above the median that make an outlier.",
)
@top_option
@where_option
@ending_options
def outliers(
    modalities: tuple[str, ...],
    neighbours: int,
    measure: str,
    threshold: float,
    top: int | None,
    where: tuple[str, ...],
    library: Path | None,
    ending: Ending,
) -> None:
    """Find files that are like no others, by their nearest neighbours.

    What is far is told by the median of all distances and the median deviation from it.
    """
    from engine.curate import outliers as method
    from engine.curate import report_sections

    wanted = filter_of(where)
    with open_library(library) as opened:
        store, generation = opened.store, opened.store.generation()
        found: list[Finding] = []
        sections: list[Section] = []
        facts: dict[str, Any] = {}
        sets, notes = _sets(opened, chosen(opened, modalities), wanted, bool(modalities), least=5)
        for items in sets:
            one = method.outliers(
                items, neighbours, measure=measure, threshold=threshold, top=top,  # type: ignore[arg-type]
                threads=opened.settings.threads,
            )  # fmt: skip
            found += method.findings(store, items, one, measure)  # type: ignore[arg-type]
            sections.append(report_sections.of_outliers(items, one, threshold))
            facts |= {f"{items.modality}": len(items), f"usual of {items.modality}": one.usual}
        found = sorted(found, key=lambda one: (-one.score, one.asset_id))[:top]
        settings = {
            "modalities": [items.modality for items in sets], "neighbours": neighbours,
            "measure": measure, "threshold": threshold, "top": top, "where": where,
        }  # fmt: skip
        outcome = CurateOutcome(
            "outliers", settings, found, generation, facts | {"outliers": len(found)},
            lambda seen: [report_sections.worst(found, seen), *sections],
            notes,
        )  # fmt: skip
        end(opened, outcome, ending)
        warn(opened)


@click.command()
@modality_option(multiple=True)
@click.option(
    "--k",
    type=click.IntRange(min=1),
    help="How many clusters; by default the square root of half of the files, 2 to 200.",
)
@seed_option
@where_option
@ending_options
def clusters(
    modalities: tuple[str, ...],
    k: int | None,
    seed: int,
    where: tuple[str, ...],
    library: Path | None,
    ending: Ending,
) -> None:
    """Group what is alike by k-means, and name each group by words.

    The words are tags that the encoder gave its moments and few others; where there are
    none, everyday phrases that lie nearest to it.
    """
    from engine.curate import clusters as method
    from engine.curate import report_sections

    wanted = filter_of(where)
    with open_library(library) as opened:
        generation = opened.store.generation()
        found: list[Any] = []
        told: dict[int, str] = {}
        sets, notes = _sets(opened, chosen(opened, modalities), wanted, bool(modalities), least=2)
        made = []
        for items in sets:
            grouped = method.clusters(items, k, seed=seed, threads=opened.settings.threads)
            names, first = cluster_names(opened, items, grouped), len(told) + 1
            told |= dict(enumerate(names, first))
            found += method.findings(opened.store, items, grouped, names, first)
            made.append((items, grouped, names, first))
        settings = {
            "modalities": [items.modality for items in sets], "k": k, "seed": seed, "where": where,
        }  # fmt: skip
        outcome = CurateOutcome(
            "clusters", settings, found, generation,
            {"files": len(found), "clusters": len(told)},
            lambda seen: [
                part for one in made for part in report_sections.of_clusters(*one, seen)
            ],
            notes,
            more={"clusters": [{"group": g, "name": name} for g, name in told.items()]},
        )  # fmt: skip
        end(opened, outcome, ending)
        warn(opened)


def cluster_names(library: Library, items: Items, found: Clusters) -> list[str]:
    """A few words for each cluster."""
    import numpy as np

    from engine.curate import clusters as method
    from engine.curate.asset_vectors import shared_rows
    from engine.query.calibration.phrases import phrases

    drawn = np.concatenate(method.sample(found))
    held, rows = shared_rows(library.store, library.towers, items, drawn)
    centres = np.zeros((len(found), rows.shape[1]), np.float32)
    np.add.at(centres, found.of[held], rows)
    centres /= np.maximum(np.bincount(found.of[held], minlength=len(found)), 1)[:, None]
    of_tags = method.tagged(library.store, items, found)
    bank = method.bank(of_tags, phrases()) if len(held) else []
    vectors = library.towers.encoder.embed_texts(bank)
    return method.names(of_tags, dict(zip(bank, vectors, strict=True)), centres)


def _sets(
    library: Library, modalities: Sequence[Modality], wanted: Any, named: bool, least: int
) -> tuple[list[Items], list[str]]:
    """The assets of each modality. One that has fewer than ``least`` is passed over with a
    note, unless it was named, or no other is left."""
    from engine.curate.asset_vectors import gather

    sets, notes, last = [], [], None
    for modality in modalities:
        try:
            items = gather(library.store, library.towers, modality, wanted)
        except UsageError as error:
            if named:
                raise
            last = error
            continue
        if len(items) < least and not named:
            last = UsageError(f"{len(items)} of {modality} are too few; {least} are needed")
            notes.append(str(last))
            continue
        sets.append(items)
    if not sets:
        raise last or UsageError("nothing to look at")
    return sets, notes
