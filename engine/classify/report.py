"""HTML pages about a classification and about an evaluation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

import numpy as np

from engine.classify.evaluate import Evaluation, Mistake
from engine.classify.results import EVEN, NONE, About, Result
from engine.common.markup import Html, element, join, markup
from engine.errors import MediaError
from engine.report import charts, page
from engine.report.page import Section
from engine.report.pictures import ReportImage, data_uri, gallery, group

Thumbnail = Callable[[int], bytes | None]
"""Gives the JPEG of a moment; None where its file cannot be shown."""

_SHOWN = 6
"""Pictures of each label."""
_IN_NOTEBOOK = 12
"""Labels that a notebook shows with pictures."""
_LABELS = 60
"""Labels that get pictures, or a bar, the most frequent first."""
_CELLS = 400
"""Labels past which a matrix shows only those that are confused most."""


@dataclass
class RunDigest:
    """Counts and a few results of a run that may be of a million assets, for its report."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    surest: dict[str, list[Result]] = field(default_factory=lambda: defaultdict(list))
    doubtful: list[Result] = field(default_factory=list)
    assets: int = 0
    unfitting: int = 0
    """Files that are less likely than not any of the labels."""

    def add(self, results: Iterable[Result]) -> None:
        """Count more results, and keep the surest of each label and the most doubtful."""
        for result in results:
            self.assets += 1
            self.unfitting += result.known < EVEN
            for label in result.labels[: result.chosen] or (NONE,):
                self.counts[label] += 1
                self._keep(self.surest[label], result, lambda r: -r.probability, _SHOWN)
            self._keep(self.doubtful, result, lambda r: r.probability, 2 * _SHOWN)

    def by_frequency(self) -> dict[str, int]:
        """Return the files of each label, the most frequent label first."""
        return dict(sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0])))

    @staticmethod
    def _keep(
        kept: list[Result], result: Result, order: Callable[[Result], float], most: int
    ) -> None:
        if len(kept) < most or order(result) < order(kept[-1]):
            kept.append(result)
            kept.sort(key=order)
            del kept[most:]


def run_page(digest: RunDigest, about: About, lines: Sequence[str], thumbnail: Thumbnail) -> str:
    """Return the page of one run: how many files have each label, and some of each.

    Args:
        lines: further paragraphs, such as what examples brought.
    """
    counts = list(digest.by_frequency().items())
    mode = "each label by itself" if about.multi else "one label"
    known = {
        "files": digest.assets,
        "labels": len(about.labels),
        "given": mode,
        "none of these": digest.counts.get(NONE, 0),
    }
    facts = [page.facts(known), *map(page.paragraph, lines)]
    shown = [
        group(
            f"{label} ({count})",
            [_picture(result, thumbnail, shared=label) for result in digest.surest[label]],
        )
        for label, count in counts[:_LABELS]
    ]
    doubtful = gallery([_picture(result, thumbnail) for result in digest.doubtful])
    bars = charts.bars([(label, count) for label, count in counts[:_LABELS]], of="files a label")
    return page.page(
        "Classification",
        [
            Section("What was found", join([*facts, bars])),
            Section("The surest of each label", join(shown)),
            Section("Where it is least sure", doubtful),
            Section("How it was made", page.facts(dict(about.settings))),
        ],
        ", ".join(charts.shortened(label) for label in about.labels[:12]),
    )


def _picture(result: Result, thumbnail: Thumbnail, shared: str | None = None) -> ReportImage:
    """Return a picture of a result; under the title of its label, ``shared``, by its file."""
    name = PurePath(result.file).name
    at = "" if result.start is None else f" at {_clock(result.start)}"
    caption = f"{result.probability:.0%}{at}"
    jpeg = thumbnail(result.moment_id)
    if shared:
        return ReportImage(jpeg, name, caption)
    return ReportImage(jpeg, result.label or NONE, f"{name}, {caption}")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


# --- evaluation ---------------------------------------------------------------------


def evaluation_page(found: Evaluation, about: About, thumbnail: Thumbnail) -> str:
    """Return the page of an evaluation: figures, confusion, calibration, and mistakes."""
    sections = [
        Section("Figures", page.facts(dict(_figures(found)))),
        Section("By label", _classes(found)),
        Section(
            "Calibration", _calibration(found), "how often decisions of a confidence are right"
        ),
        Section(
            "The surest mistakes",
            gallery([_mistake(mistake, thumbnail) for mistake in found.worst]),
        ),
    ]
    if found.confusion is not None:
        sections.insert(2, Section("Confusion", *_matrix(found)))
    return page.page("Evaluation", sections, f"{found.files} files, {len(about.labels)} labels")


def _figures(found: Evaluation) -> Iterator[tuple[str, str]]:
    macro = found.macro
    yield "accuracy", f"{found.accuracy:.3f}"
    if found.top5 is not None:
        yield "among the first five", f"{found.top5:.3f}"
    for name in ("precision", "recall", "f1"):
        yield f"mean {name}".replace("f1", "F1"), f"{getattr(macro, name):.3f}"
    if found.mean_average_precision is not None:
        yield "mAP", f"{found.mean_average_precision:.3f}"
    yield "calibration error", f"{found.calibration_error:.3f}"
    if found.none_auroc is not None:
        yield "AUROC of none of these", f"{found.none_auroc:.3f}"


def _classes(found: Evaluation) -> Html:
    several = found.mean_average_precision is not None
    header = ["label", "files", "precision", "recall", "F1", *(["AP"] if several else [])]
    rows = []
    for figures in sorted(found.classes, key=lambda figures: (figures.f1, figures.label)):
        precision = figures.average_precision
        row = [figures.label, figures.support, figures.precision, figures.recall, figures.f1]
        rows.append([*row, *(["" if precision is None else precision] if several else [])])
    table = page.table(header, rows)
    return table if len(rows) <= _LABELS else page.folded(f"{len(rows)} labels, worst first", table)


def _calibration(found: Evaluation) -> Html:
    diagonal = charts.Series("as it should be", [(0.0, 0.0), (1.0, 1.0)])
    seen = charts.Series("accuracy", [(bin_.confidence, bin_.accuracy) for bin_ in found.bins])
    header = ("confidence", "files", "mean confidence", "accuracy")
    rows = [
        (f"{bin_.low:.2f} to {bin_.high:.2f}", bin_.count, bin_.confidence, bin_.accuracy)
        for bin_ in found.bins
    ]
    curve = charts.curve([diagonal, seen], x="confidence", y="accuracy")
    return join([curve, page.table(header, rows)])


def _matrix(found: Evaluation) -> tuple[Html, str]:
    assert found.confusion is not None
    counts, names = found.confusion, list(found.names)
    note = "true label by given label; as dark as its share of the row"
    if len(names) > _CELLS:
        off = counts - np.diag(np.diag(counts))
        kept = np.sort(np.argsort(-(off.sum(axis=0) + off.sum(axis=1)), kind="stable")[:_CELLS])
        counts, names = counts[np.ix_(kept, kept)], [names[i] for i in kept]
        note += f"; the {_CELLS} labels of {len(found.names)} that are confused most"
    return charts.matrix(counts, names, names, down="true", across="given"), note


def _mistake(mistake: Mistake, thumbnail: Thumbnail) -> ReportImage:
    result = mistake.result
    name = PurePath(result.file).name
    given = ", ".join(result.labels[: result.chosen]) or NONE
    caption = f"is {', '.join(mistake.true)}; {result.probability:.0%} sure; {name}"
    return ReportImage(thumbnail(result.moment_id), given, caption)


# --- pictures, and notebooks ----------------------------------------------------------


def safe_thumbnails(thumbnail: Thumbnail | None) -> Thumbnail:
    """Return a function that gives None where a picture cannot be had."""

    def safe(moment_id: int) -> bytes | None:
        try:
            return thumbnail(moment_id) if thumbnail else None
        except (KeyError, MediaError):
            return None

    return safe


def notebook_view(digest: RunDigest, about: About, thumbnail: Thumbnail) -> Html:
    """Return the labels with their counts and the surest pictures of each, for a notebook."""
    counts = list(digest.by_frequency().items())
    title = f"{digest.assets:,} files, {len(about.labels):,} labels"
    rows = [
        element(
            "tr", element("td", label), element("td", f"{count:,}", style="text-align:right"),
            element("td", *_small(digest.surest[label], thumbnail)),
        )
        for label, count in counts[:_IN_NOTEBOOK]
    ]  # fmt: skip
    more = len(counts) - len(rows)
    last = [page.paragraph(f"and {more:,} labels more")] if more > 0 else []
    head = element("tr", *(element("th", name) for name in ("label", "files", "the surest")))
    return element("div", element("b", title), element("table", head, *rows), *last)


def evaluation_view(found: Evaluation) -> Html:
    """Return the figures of an evaluation, for a notebook."""
    rows = [
        element("tr", element("td", name), element("td", value, style="text-align:right"))
        for name, value in _figures(found)
    ]
    return element("div", element("b", f"{found.files:,} files"), element("table", *rows))


def _small(results: Sequence[Result], thumbnail: Thumbnail) -> Iterator[Html]:
    """Yield the pictures of results that can be shown, 64 pixels high."""
    for result in results:
        jpeg = thumbnail(result.moment_id)
        if jpeg is not None:
            title = f"{PurePath(result.file).name}, {result.probability:.0%}"
            yield Html(
                f'<img style="height:64px;display:inline" title="{markup(title)}"'
                f' alt="{markup(title)}" src="{data_uri(jpeg)}">'
            )
