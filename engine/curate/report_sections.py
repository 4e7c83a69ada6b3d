"""The parts of a run's page: pictures, curves, maps. It opens offline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.common.markup import join
from engine.common.text import printable
from engine.curate import projection_2d
from engine.curate.asset_vectors import Items, paths_of
from engine.curate.records import Finding
from engine.errors import SensoriumError
from engine.index.vector_index import drawn
from engine.report import charts
from engine.report.page import Section, paragraph, table
from engine.report.pictures import ReportImage, gallery, group
from engine.store import Store
from engine.store.curation_records import STAYS

if TYPE_CHECKING:
    from engine.curate.caption_match import Aligned
    from engine.curate.clusters import Clusters
    from engine.curate.mislabeled import Mislabeled
    from engine.curate.outliers import Outliers
    from engine.curate.selection.select import SubsetSelection
    from engine.index.matrix import MomentVectors

_PICTURES = 120
"""Thumbnails of a part, at most: some 15 kB each."""
_BARS = 20
_CLUSTERS = 40
_GROUPS = 200
"""Groups that a page shows; more make it slow to open."""
_MEMBERS = 24


class ReportPictures:
    """The pictures of a library's moments, and the names of its files.

    Args:
        thumbnail: gives a JPEG of a moment; may raise ``SensoriumError`` or ``KeyError``.
    """

    def __init__(self, store: Store, thumbnail: Callable[[int], bytes]) -> None:
        self._store, self._thumbnail = store, thumbnail

    def finding(self, one: Finding) -> ReportImage:
        """A finding: its file's name and folder, why, and its moment, else the file's first."""
        moment, path = one.moment_id, Path(one.path)
        if moment is None:
            moments = self._store.moments_of(one.asset_id)
            moment = moments[0].moment_id if moments else None
        said = f"{one.verdict} · {printable(str(path.parent))} · {printable(one.why)}"
        jpeg = None if moment is None else self._jpeg(moment)
        return ReportImage(jpeg, printable(path.name), said, kept=one.verdict in STAYS)

    def item(self, items: Items, place: int, said: str) -> ReportImage:
        """An item by its own moment."""
        (name,) = self.names(items.assets[[place]])
        return ReportImage(self._jpeg(int(items.moments[place])), name, said)

    def names(self, assets: NDArray[np.int64]) -> list[str]:
        """What the files of assets (n,) are called; those that are gone by now are ``?``."""
        paths = paths_of(self._store, assets)
        return [printable(Path(paths.get(asset, "?")).name) for asset in assets.tolist()]

    def _jpeg(self, moment: int) -> bytes | None:
        with suppress(SensoriumError, KeyError):
            return self._thumbnail(moment)
        return None


# --- findings ---------------------------------------------------------------------


def worst(
    found: Sequence[Finding], pictures: ReportPictures, title: str = "What was found"
) -> Section:
    """Findings with their pictures, in their order."""
    shown = found[:_PICTURES]
    note = f"the first {len(shown)} of {len(found)}" if len(shown) < len(found) else ""
    if not found:
        return Section(title, paragraph("Nothing was found."))
    return Section(title, gallery(list(map(pictures.finding, shown))), note)


def by_verdict(found: Sequence[Finding], pictures: ReportPictures) -> Iterator[Section]:
    """A part for each verdict, the most frequent first."""
    counts = Counter(one.verdict for one in found)
    if not counts:
        yield Section("What was found", paragraph("Nothing was found."))
        return
    rows = [(verdict, float(n)) for verdict, n in counts.most_common()]
    yield Section("How often", charts.bars(rows, of="findings by verdict"))
    for verdict, _ in rows:
        yield worst([one for one in found if one.verdict == verdict], pictures, verdict)


def groups(found: Iterable[Finding], pictures: ReportPictures) -> Section:
    """Findings by their groups; what stays stands out."""
    grouped = [list(of) for _, of in groupby(found, lambda one: one.group)]
    parts = []
    for of in grouped[:_GROUPS]:
        more = f", {len(of) - _MEMBERS} not shown" if len(of) > _MEMBERS else ""
        title = f"Group {of[0].group}: {len(of)} files{more}"
        parts.append(group(title, list(map(pictures.finding, of[:_MEMBERS]))))
    note = f"the first {_GROUPS} of {len(grouped)}" if len(grouped) > _GROUPS else ""
    return Section("Groups", join(parts), note)


def of_findings(found: Sequence[Finding], pictures: ReportPictures) -> Iterator[Section]:
    """Yield the report of a run that was read back: its groups, or else all its findings."""
    if any(finding.group is not None for finding in found):
        yield groups(sorted(found, key=lambda finding: finding.group or 0), pictures)
    else:
        yield from by_verdict(found, pictures)


# --- figures ----------------------------------------------------------------------


def curves(points: Sequence[tuple[float, float]], chosen: float | None) -> Section:
    """How much stays, for each eps."""
    line = charts.Series("kept", points)
    drawn_curve = charts.curve([line], x="eps", y="part that stays", mark=chosen)
    rows = [(f"{eps:g}", f"{share:.1%}") for eps, share in points]
    return Section("What each eps leaves", join([drawn_curve, table(("eps", "stays"), rows)]))


def histogram(title: str, values: np.ndarray, x: str, mark: float | None, note: str) -> Section:
    """How often values are what they are."""
    finite = values[np.isfinite(values)]
    counts, edges = np.histogram(finite, bins=min(60, max(5, len(finite) // 5)))
    middles = (edges[:-1] + edges[1:]) / 2
    points = list(zip(middles.tolist(), counts.astype(float).tolist(), strict=True))
    line = charts.curve([charts.Series(title, points)], x=x, y="files", mark=mark, from_zero=True)
    return Section(title, line, note)


def map_of_items(
    items: Items,
    groups: Sequence[int | None] | np.ndarray,
    names: Sequence[str],
    pictures: ReportPictures,
) -> Section:
    """A sample of items on a plane, coloured by group."""
    places = drawn(len(items), projection_2d.MOST)
    of = [groups[place] for place in places.tolist()]
    called = pictures.names(items.assets[places])
    return _map(f"Map of {items.modality}", items.rows(places), of, names, called, len(items))


def map_of_rows(rows: MomentVectors, found: Sequence[Finding], seed: int = 0) -> Section:
    """A sample of vectors on a plane, with what was found among them."""
    verdicts = sorted({one.verdict for one in found})
    of_asset = {one.asset_id: verdicts.index(one.verdict) + 1 for one in found}
    paths = {one.asset_id: printable(Path(one.path).name) for one in found}
    # Vectors of what was found are few, and are what the map is for.
    marked = np.flatnonzero(np.isin(rows.assets, list(of_asset)))[: projection_2d.MOST // 2]
    places = np.union1d(drawn(len(rows), projection_2d.MOST - len(marked)), marked)
    assets = rows.assets[places].tolist()
    of, called = [of_asset.get(a, 0) for a in assets], [paths.get(a, "") for a in assets]
    return _map("Map", rows.rows(places), of, ["others", *verdicts], called, len(rows), seed)


def _map(
    title: str, vectors: np.ndarray, of: Sequence[int | None], names: Sequence[str],
    called: Sequence[str], total: int, seed: int = 0,
) -> Section:  # fmt: skip
    points, method = projection_2d.flat(vectors, seed)
    dots = [
        charts.Dot(x, y, None if number is None else int(number), name)
        for (x, y), number, name in zip(points.tolist(), of, called, strict=True)
    ]
    part = "" if len(dots) == total else f"{len(dots):,} of {total:,}, "
    note = f"{part}by {method}; only nearness means anything"
    return Section(title, charts.scatter(dots, names), note)


# --- what each command shows besides ----------------------------------------------


def of_outliers(items: Items, found: Outliers, threshold: float) -> Section:
    """How far everything lies from its neighbours."""
    note = f"beyond {threshold:g} deviations (dashed) is an outlier"
    return histogram(
        f"Deviations of {items.modality}", found.deviations,
        "robust deviations above the median", threshold, note,
    )  # fmt: skip


def of_clusters(
    items: Items, found: Clusters, names: Sequence[str], first: int, pictures: ReportPictures
) -> Iterator[Section]:
    """Sizes, a map, and what stands for each cluster."""
    from engine.curate.clusters import REPRESENTATIVES

    sizes = found.sizes().tolist()
    told = [f"{first + i}: {name}" for i, name in enumerate(names)]
    bars = list(zip(told, map(float, sizes), strict=True))[:_BARS]
    yield Section(f"Clusters of {items.modality}", charts.bars(bars, of="files by cluster"))
    yield map_of_items(items, found.of, told, pictures)
    shown = []
    for number in range(min(len(found), _CLUSTERS)):
        near = found.members(number)[:REPRESENTATIVES].tolist()
        members = [pictures.item(items, at, f"cosine {found.cosines[at]:.3f}") for at in near]
        shown.append(group(f"{told[number]} ({sizes[number]} files)", members))
    note = "" if len(found) <= _CLUSTERS else f"the {_CLUSTERS} largest of {len(found)}"
    yield Section(f"What stands for them ({items.modality})", join(shown), note)


def of_selection(
    items: Items, selection: SubsetSelection, found: Sequence[Finding], pictures: ReportPictures
) -> Iterator[Section]:
    """The choices, how far each was from those before, and where they lie."""
    gaps = [(float(c.order), c.distance) for c in selection.choices if c.distance is not None]
    if gaps:
        line = charts.Series("distance", gaps)
        curve = charts.curve([line], x="choice", y="cosine distance", from_zero=True)
        yield Section("Distance to the nearest choice before", curve)
    if selection.quotas:
        largest = sorted(selection.quotas.items(), key=lambda pair: -pair[1])[:_BARS]
        quotas = [(name, float(n)) for name, n in largest]
        yield Section("Choices by group", charts.bars(quotas, of="choices by group"))
    chosen = {one.place for one in selection.choices}
    groups = [0 if place in chosen else None for place in range(len(items))]
    yield map_of_items(items, groups, ["chosen"], pictures)
    yield worst(found, pictures, "The choices, in order")


def of_labels(found: Mislabeled) -> Section:
    """What labels are taken for."""
    size = len(found.classes)
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (found.given, found.suggested), 1)
    matrix = charts.matrix(
        counts, found.classes, found.classes, down="labelled", across="looks like"
    )
    note = f"the prediction agrees with {found.agreement:.1%} of the labels"
    return Section("Labels and predictions", matrix, note)


def of_captions(pairs: Sequence[Aligned], least: float) -> Iterator[Section]:
    """How well pictures and captions go together, and how that is to be read."""
    nats = np.array([pair.nats for pair in pairs])
    yield histogram(
        "How well captions fit", nats, "log odds in nats", least,
        "0 is what an unrelated caption gets on average, 1.8 a deviation of those",
    )  # fmt: skip
    best = sorted(pairs, key=lambda pair: -pair.nats)[:10]
    rows = [(Path(pair.path).name, pair.caption, pair.cosine, pair.nats) for pair in best]
    shown = table(("file", "caption", "cosine", "nats"), rows)
    yield Section("The best", shown, "to see what fits, beside what does not")
