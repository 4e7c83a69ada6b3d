"""`sensorium curate quality`, `alignment` and `mislabeled`: what is wrong with a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.curate.options import (
    Ending,
    ending_options,
    filter_of,
    kind_option,
    modality_option,
    only,
    seed_option,
    top_option,
    where_option,
)
from engine.commands.curate.outcome import CurateOutcome, end
from engine.commands.options import AnyPath, complain, open_library, warn
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.curate.records import Finding
    from engine.store import KnownAsset, Store
    from engine.types import Filter


class _Limit(click.ParamType[tuple[str, float]]):
    """``blurred=0.6``."""

    name = "limit"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        name, equals, number = str(value).partition("=")
        try:
            limit = float(number)
        except ValueError:
            equals = ""
        if not equals or limit != limit:
            self.fail(f"{value!r} is no limit; write blurred=0.6", param, ctx)
        return name.strip(), limit


@click.command()
@kind_option
@click.option(
    "--limit",
    "given",
    type=_Limit(),
    multiple=True,
    metavar="VERDICT=N",
    help="Another limit than ours, such as blurred=0.5. May be repeated.",
)
@where_option
@ending_options
def quality(
    kinds: tuple[str, ...],
    given: tuple[tuple[str, float], ...],
    where: tuple[str, ...],
    library: Path | None,
    ending: Ending,
) -> None:
    """Find files that are bad as such, whatever they show.

    \b
    pictures  blurred, dark, bright, flat (low contrast), tiny, elongated, banded
    sounds    clipped, silent, noisy
    videos    black, frozen

    The files themselves are read, so that this takes as long as decoding them. One that
    cannot be read costs one line.
    """
    from engine.curate import report_sections
    from engine.curate.quality.check import check_all, findings
    from engine.curate.quality.verdicts import limits

    limit, wanted = limits(dict(given)), filter_of(where)
    with open_library(library) as opened:
        store, generation = opened.store, opened.store.generation()
        found: list[Finding] = []
        failed = count = 0
        for checked in check_all(_assets(store, kinds, wanted), opened.settings, limit):
            count += 1
            if checked.failure is not None:
                failed += 1
                complain(checked.failure)
            found += findings(store, checked)
        if not count:
            raise UsageError("no file passes the filter; sensorium stats counts what there is")
        found.sort(key=lambda one: one.verdict)
        facts = {
            "checked": count, "could not be read": failed,
            "with a fault": len({one.asset_id for one in found}),
        }  # fmt: skip
        settings = {"kinds": kinds, "limits": limit, "where": where}
        outcome = CurateOutcome(
            "quality", settings, found, generation, facts,
            lambda seen: list(report_sections.by_verdict(found, seen)),
        )  # fmt: skip
        end(opened, outcome, ending)
        warn(opened)


def _assets(store: Store, kinds: Iterable[str], wanted: Filter | None) -> Iterator[KnownAsset]:
    """The files of some kinds that pass a filter."""
    among = None if wanted is None else _passing(store, wanted)
    chosen = set(kinds)
    for asset in list(store.assets()):
        if (not chosen or asset.kind in chosen) and (among is None or asset.asset_id in among):
            yield asset


def _passing(store: Store, wanted: Filter) -> set[int]:
    ids = store.passing(wanted)
    if not len(ids):
        return set()
    moments, assets = store.assets_of(int(ids[0]), int(ids[-1]))
    import numpy as np

    return set(assets[np.isin(moments, ids)].tolist())


@click.command()
@click.option(
    "--captions",
    type=AnyPath(path_type=Path),
    help="A table path,caption, in the place of what the files' own metadata say.",
)
@click.option(
    "--threshold",
    default=1.8,
    show_default=True,
    help="Nats of log odds below which a caption does not fit.",
)
@top_option
@ending_options
def alignment(
    captions: Path | None,
    threshold: float,
    top: int | None,
    library: Path | None,
    ending: Ending,
) -> None:
    """Find pictures that are not what their captions say.

    The measure is the cosine of caption and picture (the CLIP score), as log odds: 0 is
    what an unrelated caption gets on average, 1.8 a deviation of those. The encoder
    compact knows a thousand classes of things and no names, actions or places: with it, a
    low score says that the caption speaks of something else than what it recognised.
    """
    from engine.curate import caption_match as method
    from engine.curate import csv_annotations, report_sections
    from engine.curate.text_relevance import Shared
    from engine.types import Modality

    if threshold != threshold:
        raise UsageError("--threshold is no number")
    with open_library(library) as opened:
        store, generation = opened.store, opened.store.generation()
        said = (
            method.captions(store)
            if captions is None
            else csv_annotations.read(store, captions, "caption").values()
        )
        shared = Shared(store, opened.towers, Modality.IMAGE)
        pairs = method.aligned(store, shared, said)
        found = method.findings(pairs, threshold, top)
        notes = []
        if not shared.calibrated:
            notes.append("the background of this library is not known yet: log odds are a guess")
        mean = sum(pair.cosine for pair in pairs) / len(pairs)
        facts = {"captions": len(pairs), "mean cosine": round(mean, 4), "misaligned": len(found)}
        settings = {
            "captions": None if captions is None else str(captions), "threshold": threshold,
            "top": top, "encoder": store.encoder,
        }  # fmt: skip
        outcome = CurateOutcome(
            "alignment", settings, found, generation, facts,
            lambda seen: [
                report_sections.worst(found, seen), *report_sections.of_captions(pairs, threshold),
            ],
            notes,
        )  # fmt: skip
        end(opened, outcome, ending)
        warn(opened)


@click.command()
@click.option(
    "--labels",
    default="folder",
    show_default=True,
    metavar="folder|tag|FILE.csv",
    help="Where labels come from: the folder of a file, its one tag, or a table path,label.",
)
@modality_option(multiple=False)
@top_option
@seed_option
@where_option
@ending_options
def mislabeled(
    labels: str,
    modalities: str | None,
    top: int | None,
    seed: int,
    where: tuple[str, ...],
    library: Path | None,
    ending: Ending,
) -> None:
    """Find labels that are probably wrong, by confident learning.

    A logistic regression on the stored vectors predicts the label of every file from the
    others; cleanlab says which labels that speaks against.
    """
    from engine.curate import labels as labelled
    from engine.curate import mislabeled as method
    from engine.curate import report_sections
    from engine.curate.asset_vectors import gather

    method.needed()
    wanted = filter_of(where)
    with open_library(library) as opened:
        store, generation = opened.store, opened.store.generation()
        items = gather(store, opened.towers, only(opened, modalities), wanted)
        made = method.mislabeled(items, labelled.labels(store, items, labels), top=top, seed=seed)
        found = method.findings(store, items, made)
        facts = {
            "labelled": len(made.labelled), "labels": len(made.classes),
            "predicted as labelled": round(made.agreement, 4), "mislabeled": len(found),
        }  # fmt: skip
        settings = {
            "labels": labels, "modality": items.modality, "folds": made.folds, "seed": seed,
            "top": top, "where": where,
        }  # fmt: skip
        outcome = CurateOutcome(
            "mislabeled", settings, found, generation, facts,
            lambda seen: [report_sections.worst(found, seen), report_sections.of_labels(made)],
            made.left_out,
        )  # fmt: skip
        end(opened, outcome, ending)
        warn(opened)
