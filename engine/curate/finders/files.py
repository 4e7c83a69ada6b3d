"""Faults of files, captions that do not fit, and labels that are probably wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.common.progress import Progress
from engine.curate import caption_match, csv_annotations, report_sections
from engine.curate import labels as labelling
from engine.curate import mislabeled as mislabeling
from engine.curate.asset_vectors import gather_assets
from engine.curate.finders.outcome import (
    CurationContext,
    CurationOutcome,
    combined_filter,
    single_modality,
)
from engine.curate.quality.check import check_all
from engine.curate.quality.check import findings as faults_of
from engine.curate.quality.verdicts import limits as all_limits
from engine.curate.text_relevance import SharedSpace
from engine.errors import UsageError
from engine.store import KnownAsset, Store
from engine.store.curation_records import Finding
from engine.types import Filter, Kind, Modality


def quality(
    context: CurationContext,
    progress: Progress,
    kinds: Sequence[Kind],
    limits: Mapping[str, float],
    where: Sequence[str],
) -> CurationOutcome:
    """Find files that are bad as such: blurred, dark, silent, frozen and the like."""
    limit, condition = all_limits(limits), combined_filter(where)
    store, generation = context.store, context.store.generation()
    assets = list(_assets(store, kinds, condition))
    if not assets:
        raise UsageError("no file passes the filter; library.stats() counts what there is")
    progress.start("checking", len(assets))
    found: list[Finding] = []
    problems = []
    for checked in check_all(assets, context.settings, limit):
        if checked.failure is not None:
            problems.append(checked.failure)
        found += faults_of(store, checked)
        progress.advance()
    found.sort(key=lambda finding: finding.verdict)
    facts = {
        "checked": len(assets), "could not be read": len(problems),
        "with a fault": len({finding.asset_id for finding in found}),
    }  # fmt: skip
    settings = {"kinds": kinds, "limits": limit, "where": where}
    return CurationOutcome(
        "quality", settings, found, generation, facts,
        lambda pictures: list(report_sections.by_verdict(found, pictures)),
        problems=problems,
    )  # fmt: skip


def _assets(store: Store, kinds: Sequence[Kind], condition: Filter | None) -> Iterator[KnownAsset]:
    """Yield the files of some kinds that pass a filter; no kinds means all."""
    passing = None if condition is None else _passing(store, condition)
    for asset in list(store.assets()):
        if (not kinds or asset.kind in kinds) and (passing is None or asset.asset_id in passing):
            yield asset


def _passing(store: Store, condition: Filter) -> set[int]:
    ids = store.passing(condition)
    if not len(ids):
        return set()
    moments, assets = store.assets_of(int(ids[0]), int(ids[-1]))
    return set(assets[np.isin(moments, ids)].tolist())


def captions(
    context: CurationContext,
    progress: Progress,
    table: Path | None,
    threshold: float,
    top: int | None,
) -> CurationOutcome:
    """Find pictures that are not what their captions say, by the CLIP score.

    Args:
        table: a CSV file path,caption; None for the captions in the files' own metadata.
        threshold: nats of log odds below which a caption does not fit.
    """
    if threshold != threshold:
        raise UsageError("threshold= is no number", arguments=("threshold",))
    store, generation = context.store, context.store.generation()
    given = (
        caption_match.file_captions(store)
        if table is None
        else csv_annotations.read(store, table, "caption").values()
    )
    shared = SharedSpace(store, context.towers, Modality.IMAGE)
    pairs = caption_match.match_captions(store, shared, given, progress)
    found = caption_match.findings(pairs, threshold, top)
    notes = []
    if not shared.calibrated:
        notes.append("the background of this library is not known yet: log odds are a guess")
    mean = sum(pair.cosine for pair in pairs) / len(pairs)
    settings = {
        "captions": None if table is None else str(table), "threshold": threshold, "top": top,
        "encoder": store.encoder,
    }  # fmt: skip
    return CurationOutcome(
        "captions", settings, found, generation,
        {"captions": len(pairs), "mean cosine": round(mean, 4), "misaligned": len(found)},
        lambda pictures: [
            report_sections.worst(found, pictures),
            *report_sections.of_captions(pairs, threshold),
        ],
        notes,
    )  # fmt: skip


def mislabeled(
    context: CurationContext,
    progress: Progress,
    labels: str,
    modality: Modality | str | None,
    top: int | None,
    seed: int,
    where: Sequence[str],
) -> CurationOutcome:
    """Find labels that are probably wrong, by confident learning.

    Args:
        labels: ``folder``, ``tag``, or a CSV file path,label.

    Raises:
        ExtraMissing: cleanlab or scikit-learn is not installed.
    """
    mislabeling.require_packages()
    condition, store = combined_filter(where), context.store
    generation = store.generation()
    items = gather_assets(store, context.towers, single_modality(store, modality), condition)
    given = labelling.labels(store, items, labels)
    made = mislabeling.mislabeled(items, given, top=top, seed=seed, progress=progress)
    found = mislabeling.findings(store, items, made)
    facts = {
        "labelled": len(made.labelled), "labels": len(made.classes),
        "predicted as labelled": round(made.agreement, 4), "mislabeled": len(found),
    }  # fmt: skip
    settings = {
        "labels": labels, "modality": items.modality, "folds": made.folds, "seed": seed,
        "top": top, "where": where,
    }  # fmt: skip
    return CurationOutcome(
        "mislabeled", settings, found, generation, facts,
        lambda pictures: [report_sections.worst(found, pictures), report_sections.of_labels(made)],
        made.left_out,
    )  # fmt: skip
