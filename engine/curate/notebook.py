"""Findings as a notebook shows them: thumbnails side by side, with file names and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.markup import Html, element, markup
from engine.common.text import printable
from engine.report.pictures import data_uri
from engine.store.curation_records import Finding

if TYPE_CHECKING:
    from engine.curate.report_sections import ReportPictures

_GRID = "display:flex;flex-wrap:wrap;gap:8px;font-size:12px"
_CARD = "width:160px;margin:0;overflow-wrap:anywhere"
_PICTURE = "max-width:160px;max-height:120px"


def notebook_view(
    title: str, findings: Sequence[Finding], more: int, pictures: ReportPictures | None
) -> str:
    """Return HTML of findings; without ``pictures``, of their names alone.

    Args:
        more: how many findings are left out.
    """
    cards = [_card(finding, pictures) for finding in findings]
    rest = [element("p", f"and {more} more")] if more else []
    head = element("p", element("b", title))
    return element("div", head, element("div", *cards, style=_GRID), *rest)


def _card(finding: Finding, pictures: ReportPictures | None) -> Html:
    jpeg = None if pictures is None else pictures.finding(finding).jpeg
    group = "" if finding.group is None else f"group {finding.group}, "
    name = printable(Path(finding.path).name)
    shown = (
        Html("")
        if jpeg is None
        else Html(f'<img alt="{markup(name)}" src="{data_uri(jpeg)}" style="{_PICTURE}">')
    )
    text = f"{group}{finding.verdict}, {finding.score:.3f}"
    return element(
        "figure", shown, element("div", element("b", name)), element("div", text),
        title=f"{finding.path}: {finding.why}", style=_CARD,
    )  # fmt: skip
