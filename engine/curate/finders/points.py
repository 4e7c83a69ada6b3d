"""Outliers, clusters and selections: what the vectors of files say together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from engine.common.progress import Progress
from engine.curate import clusters as clustering
from engine.curate import labels as labelling
from engine.curate import outliers as outlying
from engine.curate import report_sections
from engine.curate.asset_vectors import AssetPoints, gather_assets, shared_rows
from engine.curate.finders.outcome import (
    CurationContext,
    CurationOutcome,
    combined_filter,
    modalities_in,
    single_modality,
)
from engine.curate.selection import manifest as manifests
from engine.curate.selection.select import Method, Relevance
from engine.curate.selection.select import select as select_items
from engine.curate.text_relevance import SharedSpace, relevance
from engine.errors import UsageError
from engine.query.calibration.phrases import phrases
from engine.store.curation_records import SELECTED, Finding
from engine.store.paths import storable
from engine.types import Filter, Modality

Modalities = Sequence[Modality | str] | str


def outliers(
    context: CurationContext,
    progress: Progress,
    modalities: Modalities,
    neighbours: int,
    measure: str,
    threshold: float,
    top: int | None,
    where: Sequence[str],
) -> CurationOutcome:
    """Find files that are unlike all others, by their nearest neighbours."""
    if measure not in get_args(outlying.Measure):
        raise UsageError(f"outliers are measured by distance or lof, and not by {measure!r}")
    by, store = cast(outlying.Measure, measure), context.store
    condition, generation = combined_filter(where), store.generation()
    named = modalities_in(store, modalities)
    sets, notes = _points_by_modality(context, named, condition, bool(modalities), least=5)
    found: list[Finding] = []
    sections = []
    facts: dict[str, Any] = {}
    for items in sets:
        made = outlying.outliers(
            items, neighbours, measure=by, threshold=threshold, top=top,
            threads=context.settings.threads, progress=progress,
        )  # fmt: skip
        found += outlying.findings(store, items, made, by)
        sections.append(report_sections.of_outliers(items, made, threshold))
        facts |= {f"{items.modality}": len(items), f"usual of {items.modality}": made.usual}
    worst = sorted(found, key=lambda finding: (-finding.score, finding.asset_id))[:top]
    settings = {
        "modalities": [items.modality for items in sets], "neighbours": neighbours,
        "measure": measure, "threshold": threshold, "top": top, "where": where,
    }  # fmt: skip
    return CurationOutcome(
        "outliers", settings, worst, generation, facts | {"outliers": len(worst)},
        lambda pictures: [report_sections.worst(worst, pictures), *sections],
        notes,
    )  # fmt: skip


def clusters(
    context: CurationContext,
    progress: Progress,
    modalities: Modalities,
    k: int | None,
    seed: int,
    where: Sequence[str],
) -> CurationOutcome:
    """Group files that are alike by k-means, and name each group by words."""
    store, condition = context.store, combined_filter(where)
    generation, named = store.generation(), modalities_in(context.store, modalities)
    sets, notes = _points_by_modality(context, named, condition, bool(modalities), least=2)
    found: list[Finding] = []
    names: dict[int, str] = {}
    made = []
    most = max(len(items) for items in sets)
    for items in sets:
        progress.start(f"clustering {items.modality}", len(items))
        # A number that some modality has the files for is no mistake where another has fewer.
        wanted = k if k is None or k > most else min(k, len(items))
        if wanted != k:
            notes.append(f"{len(items)} of {items.modality} make {wanted} groups, and not {k}")
        grouped = clustering.clusters(items, wanted, seed=seed, threads=context.settings.threads)
        words, first = cluster_names(context, items, grouped), len(names) + 1
        names |= dict(enumerate(words, first))
        found += clustering.findings(store, items, grouped, words, first)
        made.append((items, grouped, words, first))
        progress.advance(len(items))
    settings = {
        "modalities": [items.modality for items in sets], "k": k, "seed": seed, "where": where,
    }  # fmt: skip
    return CurationOutcome(
        "clusters", settings, found, generation, {"files": len(found), "clusters": len(names)},
        lambda pictures: [
            part for each in made for part in report_sections.of_clusters(*each, pictures)
        ],
        notes,
        details={"clusters": [{"group": g, "name": name} for g, name in names.items()]},
    )  # fmt: skip


def cluster_names(
    context: CurationContext, items: AssetPoints, found: clustering.Clusters
) -> list[str]:
    """Return a few words for each cluster: its own tags, or the phrases nearest to it."""
    store, towers = context.store, context.towers
    drawn = np.concatenate(clustering.sample_members(found))
    places, rows = shared_rows(store, towers, items, drawn)
    centres = np.zeros((len(found), rows.shape[1]), np.float32)
    np.add.at(centres, found.labels[places], rows)
    centres /= np.maximum(np.bincount(found.labels[places], minlength=len(found)), 1)[:, None]
    of_tags = clustering.tag_weights(store, items, found)
    bank = clustering.candidate_texts(of_tags, phrases()) if len(places) else []
    vectors = towers.encoder.embed_texts(bank)
    return clustering.name_clusters(of_tags, dict(zip(bank, vectors, strict=True)), centres)


def _points_by_modality(
    context: CurationContext, modalities: Sequence[Modality], condition: Filter | None, named: bool,
    least: int,
) -> tuple[list[AssetPoints], list[str]]:  # fmt: skip
    """Return the files of each modality as points, and notes of those that were too few.

    Args:
        named: a modality that somebody named is an error where it has too few files.
        least: how many files a modality needs.
    """
    sets, notes, last = [], [], None
    for modality in modalities:
        try:
            items = gather_assets(context.store, context.towers, modality, condition)
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


# --- selections -------------------------------------------------------------------


def select(
    context: CurationContext,
    progress: Progress,
    count: int,
    modality: Modality | str | None,
    method: str,
    balance: str | None,
    labels: str,
    near: str | None,
    far: str | None,
    pool: int | None,
    seed: int,
    where: Sequence[str],
    manifest: Path | None,
    command: str,
) -> CurationOutcome:
    """Choose files that are diverse, balanced over groups, or near to a text."""
    check_selection(method, balance, near, far, pool)
    if manifest is not None:
        manifests.check(manifest)
    store, condition = context.store, combined_filter(where)
    generation, chosen_modality = store.generation(), single_modality(store, modality)
    items = gather_assets(store, context.towers, chosen_modality, condition)
    made = select_items(
        items, count, method=cast(Method, method),
        groups=_groups(context, items, balance, labels, seed),
        relevance=_relevance(context, items, near, far), pool=pool, seed=seed, progress=progress,
    )  # fmt: skip
    lines = manifests.lines(store, items, made)
    found = _choices(lines, list(made.quotas))
    settings = {
        "count": count, "modality": chosen_modality, "balance": balance, "near": near, "far": far,
        "labels": labels if balance == "label" else None, "pool": pool, "where": where,
        "method": method, "seed": seed,
    }  # fmt: skip
    facts = {
        "chosen": len(lines), "of": made.pool, "coverage radius": round(made.radius, 6),
        "generation": generation,
    }  # fmt: skip
    if manifest is not None:
        manifests.write(manifest, command, settings, facts, lines)
    return CurationOutcome(
        "select", settings, found, generation, facts,
        lambda pictures: list(report_sections.of_selection(items, made, found, pictures)),
        details={"quotas": dict(made.quotas)},
    )  # fmt: skip


def check_selection(
    method: str, balance: str | None, near: str | None, far: str | None, pool: int | None
) -> None:
    """Refuse options that are unknown or contradict each other.

    Raises:
        UsageError: they do.
    """
    if method not in get_args(Method):
        raise UsageError(f"there is no method {method!r}; there are kcenter and facility")
    if balance not in (None, "tag", "cluster", "label"):
        raise UsageError(f"choices are balanced by tag, cluster or label, and not by {balance!r}")
    for name, text in (("near", near), ("far", far)):
        if text is not None and text != storable(text):
            raise UsageError(
                f"{name}= has bytes in it that are no text in UTF-8", arguments=(name,)
            )
        if text is not None and not text.strip():
            raise UsageError(f"{name}= is empty; write {name}=TEXT", arguments=(name,))
    if near is not None and near == far:
        raise UsageError(f"{near!r} is both wanted and not wanted")
    if pool is not None and near is None and far is None:
        raise UsageError("pool= is for near= and far=", arguments=("pool", "near", "far"))


def _choices(lines: Sequence[manifests.ManifestLine], groups: Sequence[str]) -> list[Finding]:
    number = {name: place for place, name in enumerate(groups, 1)}
    return [
        Finding(
            line.asset_id, line.moment_id, line.path, SELECTED,
            None if line.group is None else number[line.group], line.distance or 0.0, line.why,
        )
        for line in lines
    ]  # fmt: skip


def _groups(
    context: CurationContext, items: AssetPoints, balance: str | None, labels: str, seed: int
) -> list[str] | None:
    """Return the group of each item that choices are balanced over; None for no balance."""
    if balance is None:
        return None
    if balance == "tag":
        return labelling.tag_groups(context.store, items)
    if balance == "label":
        return labelling.required(labelling.labels(context.store, items, labels), labels)
    grouped = clustering.clusters(items, seed=seed, threads=context.settings.threads)
    return [f"cluster {number + 1}" for number in grouped.labels.tolist()]


def _relevance(
    context: CurationContext, items: AssetPoints, near: str | None, far: str | None
) -> Relevance | None:
    if near is None and far is None:
        return None
    shared = SharedSpace(context.store, context.towers, items.modality)
    return relevance(shared, items, near, far)
