"""Duplicates, leaks between splits, and semantic duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.common.progress import Progress
from engine.curate import report_sections
from engine.curate.copies import near_duplicates, semdedup, split_leaks
from engine.curate.copies.keepers import keeper_rules
from engine.curate.copies.near_duplicates import DuplicateOptions, DuplicatePairs, likeness
from engine.curate.finders.outcome import CurationContext, CurationOutcome, paths_below
from engine.curate.run import SemDedupCurve
from engine.errors import UsageError
from engine.index.matrix import MomentVectors, gather_moments
from engine.store.curation_records import Finding
from engine.types import Kind

Paths = Sequence[str | Path] | str | Path


def duplicates(
    context: CurationContext,
    progress: Progress,
    options: DuplicateOptions,
) -> CurationOutcome:
    """Find groups of files that are copies of each other, each with one to keep."""
    generation = context.store.generation()
    pairs, found = _duplicate_groups(context, progress, options)
    copies = [finding.asset_id for finding in found if finding.verdict == near_duplicates.DUPLICATE]
    size = sum(asset.size for asset in context.store.facts(copies).values())
    groups, megabytes = len(found) - len(copies), round(size / 1e6, 1)
    return CurationOutcome(
        "duplicates", options.settings(), found, generation,
        {"groups": groups, "duplicates": len(copies), "MB": megabytes},
        lambda pictures: [report_sections.groups(found, pictures)],
        line=f"{len(copies)} duplicates in {groups} groups, {megabytes:.1f} MB",
        details={"bytes": size, "compared": pairs.compared, "unreadable": pairs.unreadable},
        problems=_problems(pairs),
    )  # fmt: skip


def leaks(
    context: CurationContext,
    progress: Progress,
    options: DuplicateOptions,
    split_by: str,
    tags: Sequence[str],
) -> CurationOutcome:
    """Find copies that lie in more than one split of a data set.

    Args:
        split_by: ``folder``, the folders right below the paths; or ``tag``.
        tags: the tags that are splits; all tags of assets where none are named.
    """
    store, generation = context.store, context.store.generation()
    if split_by == "tag":
        splits = split_leaks.by_tag(store, tags, options.under)
    elif split_by == "folder":
        splits = split_leaks.by_folder(store, options.under or (split_leaks.common_folder(store),))
    else:
        raise UsageError(f"splits are by folder or by tag, and not by {split_by!r}")
    names = sorted(set(splits.values()))
    pairs, groups = _duplicate_groups(context, progress, options)
    found = split_leaks.leaks(groups, splits)
    leaking = sum(finding.verdict == split_leaks.LEAK for finding in found)
    return CurationOutcome(
        "leaks", options.settings() | {"split_by": split_by, "splits": names}, found, generation,
        {"leaks": leaking, "splits": len(names)},
        lambda pictures: [report_sections.groups(found, pictures)],
        line=f"{leaking} leaks between {', '.join(names)}",
        details={"compared": pairs.compared, "unreadable": pairs.unreadable},
        problems=_problems(pairs),
    )  # fmt: skip


def _duplicate_groups(
    context: CurationContext,
    progress: Progress,
    options: DuplicateOptions,
) -> tuple[DuplicatePairs, list[Finding]]:
    store = context.store
    pairs = near_duplicates.find(store, context.towers, context.thumbnail, options, progress)
    return pairs, near_duplicates.findings(store, pairs.edges, keeper_rules(options.keep))


def _problems(pairs: DuplicatePairs) -> tuple[str, ...]:
    return tuple(f"{path}: not compared: {reason}" for path, reason in pairs.unreadable.items())


def similar_rows(
    context: CurationContext, paths: Paths, kind: Kind, space: str | None
) -> tuple[MomentVectors, str]:
    """Return the vectors of a kind in a space, and the name of that space.

    Args:
        space: None for the space in which files of this kind look or sound alike.

    Raises:
        UsageError: there is no such space, or it holds fewer than two vectors.
    """
    store, under = context.store, paths_below(context.store, paths)
    name, modality = likeness(context.towers, kind)
    if space is not None and space not in store.spaces():
        known = ", ".join(store.spaces()) or "none yet"
        raise UsageError(f"there is no space {space!r}; there is {known}")
    rows = gather_moments(store, space or name, [modality], [kind], under)
    if len(rows) < 2:
        raise UsageError(f"there are fewer than two moments of kind {kind} to compare")
    return rows, space or name


def semantic_duplicates(
    context: CurationContext,
    progress: Progress,
    paths: Paths,
    kind: Kind,
    eps: float,
    space: str | None,
    clusters: int | None,
    seed: int,
) -> CurationOutcome:
    """Find what means nearly the same as something that stays (SemDeDup, Abbas et al. 2023).

    Args:
        eps: a file goes when its cosine with one that stays is over ``1 - eps``.
    """
    generation = context.store.generation()
    rows, name = similar_rows(context, paths, kind, space)
    alike = semdedup.nearest_in_clusters(rows, seed, clusters, progress)
    curve, found = alike.curve(), semdedup.findings(context.store, alike, eps)
    settings = {
        "kind": kind.value, "space": name, "eps": eps, "seed": seed,
        "clusters": int(alike.clusters.max(initial=0)) + 1,
        "kept": "farthest from the centroid", "curve": curve,
    }  # fmt: skip
    return CurationOutcome(
        "semdedup", settings, found, generation, {"moments": len(rows), "to go": len(found)},
        lambda pictures: [
            report_sections.curves(curve, eps), report_sections.map_of_rows(rows, found, seed),
            report_sections.groups(found, pictures),
        ],
        line=f"{len(found)} of {len(rows)} go at eps {eps:g}",
    )  # fmt: skip


def semantic_curve(
    context: CurationContext, progress: Progress, paths: Paths, kind: Kind, space: str | None,
    clusters: int | None, seed: int, command: str,
) -> SemDedupCurve:  # fmt: skip
    """Measure how much each eps of semantic deduplication would leave."""
    rows, _ = similar_rows(context, paths, kind, space)
    curve = semdedup.nearest_in_clusters(rows, seed, clusters, progress).curve()
    return SemDedupCurve(tuple(curve), len(rows), command)
