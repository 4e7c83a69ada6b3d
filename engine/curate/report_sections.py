"""The parts of a run's report: pictures, curves and maps."""

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
from engine.curate.asset_vectors import AssetPoints, paths_of
from engine.curate.records import Finding
from engine.errors import SensoriumError
from engine.index.vector_index import drawn
from engine.report import charts
from engine.report.page import Section, paragraph, table
from engine.report.pictures import ReportImage, gallery, group
from engine.store import Store
from engine.store.curation_records import STAYS

if TYPE_CHECKING:
    from engine.curate.caption_match import CaptionMatch
    from engine.curate.clusters import Clusters
    from engine.curate.mislabeled import Mislabeled
    from engine.curate.outliers import Outliers
    from engine.curate.selection.select import SubsetSelection
    from engine.index.matrix import MomentVectors

_PICTURES = 120
"""Thumbnails of a part, at most: some 15 kB each."""
_BARS = 20
"""Bars of a chart, at most."""
_CLUSTERS = 40
"""Clusters whose pictures are shown, at most."""
_GROUPS = 200
"""Groups that a page shows; more make it slow to open."""
_MEMBERS = 24
"""Pictures of a group, at most."""


class ReportPictures:
    """The pictures of a library's moments, and the names of its files.

    Args:
        thumbnail: gives a JPEG of a moment; may raise ``SensoriumError`` or ``KeyError``.
    """

    def __init__(self, store: Store, thumbnail: Callable[[int], bytes]) -> None:
        self._store, self._thumbnail = store, thumbnail

    def finding(self, finding: Finding) -> ReportImage:
        """Show a finding: name and folder of its file, why, and its moment, or the first."""
        moment, path = finding.moment_id, Path(finding.path)
        if moment is None:
            moments = self._store.moments_of(finding.asset_id)
            moment = moments[0].moment_id if moments else None
        caption = f"{finding.verdict} · {printable(str(path.parent))} · {printable(finding.why)}"
        jpeg = None if moment is None else self._jpeg(moment)
        return ReportImage(jpeg, printable(path.name), caption, kept=finding.verdict in STAYS)

    def item(self, items: AssetPoints, place: int, caption: str) -> ReportImage:
        """Show an item by its own moment."""
        (name,) = self.names(items.assets[[place]])
        return ReportImage(self._jpeg(int(items.moments[place])), name, caption)

    def names(self, assets: NDArray[np.int64]) -> list[str]:
        """Return the names of the files of assets (n,); ``?`` for those that are gone."""
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
    """Show findings with their pictures, in their order."""
    shown = found[:_PICTURES]
    note = f"the first {len(shown)} of {len(found)}" if len(shown) < len(found) else ""
    if not found:
        return Section(title, paragraph("Nothing was found."))
    return Section(title, gallery(list(map(pictures.finding, shown))), note)


def by_verdict(found: Sequence[Finding], pictures: ReportPictures) -> Iterator[Section]:
    """Yield a part for each verdict, the most frequent first."""
    counts = Counter(finding.verdict for finding in found)
    if not counts:
        yield Section("What was found", paragraph("Nothing was found."))
        return
    rows = [(verdict, float(n)) for verdict, n in counts.most_common()]
    yield Section("How often", charts.bars(rows, of="findings by verdict"))
    for verdict, _ in rows:
        yield worst([each for each in found if each.verdict == verdict], pictures, verdict)


def groups(found: Iterable[Finding], pictures: ReportPictures) -> Section:
    """Show findings by their groups; what stays stands out."""
    grouped = [list(members) for _, members in groupby(found, lambda finding: finding.group)]
    parts = []
    for members in grouped[:_GROUPS]:
        count = len(members)
        more = f", {count - _MEMBERS} not shown" if count > _MEMBERS else ""
        title = f"Group {members[0].group}: {count} files{more}"
        parts.append(group(title, list(map(pictures.finding, members[:_MEMBERS]))))
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
    """Draw the part that stays, for each eps."""
    line = charts.Series("kept", points)
    drawing = charts.curve([line], x="eps", y="part that stays", mark=chosen)
    rows = [(f"{eps:g}", f"{share:.1%}") for eps, share in points]
    return Section("What each eps leaves", join([drawing, table(("eps", "stays"), rows)]))


def histogram(title: str, values: np.ndarray, x: str, mark: float | None, note: str) -> Section:
    """Draw a histogram of values, as a line."""
    finite = values[np.isfinite(values)]
    counts, edges = np.histogram(finite, bins=min(60, max(5, len(finite) // 5)))
    middles = (edges[:-1] + edges[1:]) / 2
    points = list(zip(middles.tolist(), counts.astype(float).tolist(), strict=True))
    line = charts.curve([charts.Series(title, points)], x=x, y="files", mark=mark, from_zero=True)
    return Section(title, line, note)


def map_of_items(
    items: AssetPoints,
    groups: Sequence[int | None] | np.ndarray,
    names: Sequence[str],
    pictures: ReportPictures,
) -> Section:
    """Draw a sample of items on a plane, coloured by group."""
    places = drawn(len(items), projection_2d.MOST)
    numbers = [groups[place] for place in places.tolist()]
    titles = pictures.names(items.assets[places])
    return _map(f"Map of {items.modality}", items.rows(places), numbers, names, titles, len(items))


def map_of_rows(rows: MomentVectors, found: Sequence[Finding], seed: int = 0) -> Section:
    """Draw a sample of vectors on a plane, with what was found among them."""
    verdicts = sorted({finding.verdict for finding in found})
    of_asset = {each.asset_id: verdicts.index(each.verdict) + 1 for each in found}
    paths = {each.asset_id: printable(Path(each.path).name) for each in found}
    # Vectors of what was found are few, and are what the map is for.
    marked = np.flatnonzero(np.isin(rows.assets, list(of_asset)))[: projection_2d.MOST // 2]
    places = np.union1d(drawn(len(rows), projection_2d.MOST - len(marked)), marked)
    assets = rows.assets[places].tolist()
    numbers, titles = [of_asset.get(a, 0) for a in assets], [paths.get(a, "") for a in assets]
    return _map("Map", rows.rows(places), numbers, ["others", *verdicts], titles, len(rows), seed)


def _map(
    heading: str, vectors: np.ndarray, numbers: Sequence[int | None], names: Sequence[str],
    titles: Sequence[str], total: int, seed: int = 0,
) -> Section:  # fmt: skip
    """Draw vectors on a plane, coloured by the numbers of their groups."""
    points, method = projection_2d.project_2d(vectors, seed)
    dots = [
        charts.Dot(x, y, None if number is None else int(number), title)
        for (x, y), number, title in zip(points.tolist(), numbers, titles, strict=True)
    ]
    part = "" if len(dots) == total else f"{len(dots):,} of {total:,}, "
    note = f"{part}by {method}; only nearness means anything"
    return Section(heading, charts.scatter(dots, names), note)


# --- what each command shows besides ----------------------------------------------


def of_outliers(items: AssetPoints, found: Outliers, threshold: float) -> Section:
    """Draw how far everything lies from its neighbours."""
    note = f"beyond {threshold:g} deviations (dashed) is an outlier"
    return histogram(
        f"Deviations of {items.modality}", found.deviations,
        "robust deviations above the median", threshold, note,
    )  # fmt: skip


def of_clusters(
    items: AssetPoints, found: Clusters, names: Sequence[str], first: int, pictures: ReportPictures
) -> Iterator[Section]:
    """Yield sizes, a map, and the pictures that stand for each cluster."""
    from engine.curate.clusters import REPRESENTATIVES

    sizes = found.sizes().tolist()
    titles = [f"{first + i}: {name}" for i, name in enumerate(names)]
    bars = list(zip(titles, map(float, sizes), strict=True))[:_BARS]
    yield Section(f"Clusters of {items.modality}", charts.bars(bars, of="files by cluster"))
    yield map_of_items(items, found.labels, titles, pictures)
    shown = []
    for number in range(min(len(found), _CLUSTERS)):
        near = found.members(number)[:REPRESENTATIVES].tolist()
        members = [pictures.item(items, at, f"cosine {found.cosines[at]:.3f}") for at in near]
        shown.append(group(f"{titles[number]} ({sizes[number]} files)", members))
    note = "" if len(found) <= _CLUSTERS else f"the {_CLUSTERS} largest of {len(found)}"
    yield Section(f"What stands for them ({items.modality})", join(shown), note)


def of_selection(
    items: AssetPoints,
    selection: SubsetSelection,
    found: Sequence[Finding],
    pictures: ReportPictures,
) -> Iterator[Section]:
    """Yield distances, shares, a map and pictures of the choices."""
    gaps = [(float(c.order), c.distance) for c in selection.choices if c.distance is not None]
    if gaps:
        line = charts.Series("distance", gaps)
        curve = charts.curve([line], x="choice", y="cosine distance", from_zero=True)
        yield Section("Distance to the nearest choice before", curve)
    if selection.quotas:
        largest = sorted(selection.quotas.items(), key=lambda pair: -pair[1])[:_BARS]
        quotas = [(name, float(n)) for name, n in largest]
        yield Section("Choices by group", charts.bars(quotas, of="choices by group"))
    chosen = {choice.place for choice in selection.choices}
    groups = [0 if place in chosen else None for place in range(len(items))]
    yield map_of_items(items, groups, ["chosen"], pictures)
    yield worst(found, pictures, "The choices, in order")


def of_labels(found: Mislabeled) -> Section:
    """Draw the matrix of labels and predictions."""
    size = len(found.classes)
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (found.given, found.suggested), 1)
    matrix = charts.matrix(
        counts, found.classes, found.classes, down="labelled", across="looks like"
    )
    note = f"the prediction agrees with {found.agreement:.1%} of the labels"
    return Section("Labels and predictions", matrix, note)


def of_captions(pairs: Sequence[CaptionMatch], least: float) -> Iterator[Section]:
    """Yield a histogram of how well captions fit, and the best pairs."""
    nats = np.array([pair.nats for pair in pairs])
    yield histogram(
        "How well captions fit", nats, "log odds in nats", least,
        "0 is what an unrelated caption gets on average, 1.8 a deviation of those",
    )  # fmt: skip
    best = sorted(pairs, key=lambda pair: -pair.nats)[:10]
    rows = [(Path(pair.path).name, pair.caption, pair.cosine, pair.nats) for pair in best]
    shown = table(("file", "caption", "cosine", "nats"), rows)
    yield Section("The best", shown, "to see what fits, beside what does not")
