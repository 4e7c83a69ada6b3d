"""Pages about results: what was found, and how good it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

import numpy as np

from engine.classify.evaluate import Evaluation, Mistake
from engine.classify.results import About, Result
from engine.report import charts, page
from engine.report.markup import Html, join
from engine.report.page import Section
from engine.report.pictures import ReportImage, gallery, group

Thumbnail = Callable[[int], bytes | None]
"""The JPEG of a moment; None where its file cannot be shown."""

_SHOWN = 6
"""Pictures of a label."""
_LABELS = 60
"""Labels that get pictures, or a bar, the most frequent first."""
_CELLS = 400
"""Labels past which a matrix shows only those that are confused most."""
NONE = "(none of these)"


@dataclass
class Digest:
    """What a report keeps of a run that may be of a million assets."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    surest: dict[str, list[Result]] = field(default_factory=lambda: defaultdict(list))
    doubtful: list[Result] = field(default_factory=list)
    assets: int = 0

    def take(self, results: Iterable[Result]) -> None:
        """Look at more results."""
        for one in results:
            self.assets += 1
            for label in one.labels[: one.chosen] or (NONE,):
                self.counts[label] += 1
                self._keep(self.surest[label], one, lambda r: -r.probability, _SHOWN)
            self._keep(self.doubtful, one, lambda r: r.probability, 2 * _SHOWN)

    @staticmethod
    def _keep(kept: list[Result], one: Result, order: Callable[[Result], float], most: int) -> None:
        if len(kept) < most or order(one) < order(kept[-1]):
            kept.append(one)
            kept.sort(key=order)
            del kept[most:]


def run_page(digest: Digest, about: About, lines: Sequence[str], thumbnail: Thumbnail) -> str:
    """The page of one run: how many of each label, and some of each.

    Args:
        lines: what else is to be said, such as what examples brought.
    """
    counts = sorted(digest.counts.items(), key=lambda pair: (-pair[1], pair[0]))
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
            [_picture(one, thumbnail, shared=label) for one in digest.surest[label]],
        )
        for label, count in counts[:_LABELS]
    ]
    doubtful = gallery([_picture(one, thumbnail) for one in digest.doubtful])
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


def _picture(one: Result, thumbnail: Thumbnail, shared: str | None = None) -> ReportImage:
    name = PurePath(one.file).name
    at = "" if one.start is None else f" at {_clock(one.start)}"
    said = f"{one.probability:.0%}{at}"
    label = one.label or NONE
    return ReportImage(
        thumbnail(one.moment_id), name if shared else label, said if shared else f"{name}, {said}"
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


# --- evaluation ---------------------------------------------------------------------


def evaluation_page(found: Evaluation, about: About, thumbnail: Thumbnail) -> str:
    """The page of an evaluation: figures, confusion, calibration, and the worst mistakes."""
    sections = [
        Section("Figures", page.facts(dict(_figures(found)))),
        Section("By label", _classes(found)),
        Section(
            "Calibration", _calibration(found), "how often decisions of a confidence are right"
        ),
        Section("The surest mistakes", gallery([_mistake(one, thumbnail) for one in found.worst])),
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
    for one in sorted(found.classes, key=lambda one: (one.f1, one.label)):
        last = [one.average_precision if one.average_precision is not None else ""]
        row = [one.label, one.support, one.precision, one.recall, one.f1]
        rows.append([*row, *(last if several else [])])
    table = page.table(header, rows)
    return table if len(rows) <= _LABELS else page.folded(f"{len(rows)} labels, worst first", table)


def _calibration(found: Evaluation) -> Html:
    diagonal = charts.Series("as it should be", [(0.0, 0.0), (1.0, 1.0)])
    seen = charts.Series("accuracy", [(one.confidence, one.accuracy) for one in found.bins])
    header = ("confidence", "files", "mean confidence", "accuracy")
    rows = [
        (f"{one.low:.2f} to {one.high:.2f}", one.count, one.confidence, one.accuracy)
        for one in found.bins
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


def _mistake(one: Mistake, thumbnail: Thumbnail) -> ReportImage:
    result = one.result
    name = PurePath(result.file).name
    given = ", ".join(result.labels[: result.chosen]) or NONE
    said = f"is {', '.join(one.true)}; {result.probability:.0%} sure; {name}"
    return ReportImage(thumbnail(result.moment_id), given, said)
