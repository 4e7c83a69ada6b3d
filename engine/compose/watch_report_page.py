"""The page of a report of a video or a sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePath
from urllib.parse import quote as url_quote

from engine.assistant.answer import NOT_HERE, CitedAnswer
from engine.assistant.evidence import Claim, EvidencePassage
from engine.common.markup import Html, element, join
from engine.common.text import clock
from engine.compose.context import ComposeContext
from engine.compose.document import Citations, contents, document, name_of, percent, quote, section
from engine.compose.pictures import still
from engine.compose.sources import rights_line
from engine.compose.watch_report import Chapter, WatchReport
from engine.errors import MediaError
from engine.report.pictures import data_uri
from engine.types import Kind, Modality

_FRAMES, _HEIGHT = 14, 90
"""Frames of the strip, and its pixels of height."""
_NAMES = 40
"""Names that are listed."""
_THUMBNAIL = 400
"""Pixels of the longest side of a chapter's picture."""
_SOUND = Modality.SOUND
_HOW = {
    "named": "named so by the file", "said": "the first words", "read": "to be read",
    "likely": "likely seen", "part": "",
}  # fmt: skip


def link_beside(path: str, out: Path | None) -> str:
    """Return the relative address of a file at or below the folder of the page; else nothing."""
    if out is None:
        return ""
    try:
        below = Path(path).relative_to(out.resolve().parent)
    except ValueError:
        return ""
    # A name with a colon would read as the scheme of an address.
    return "./" + url_quote(str(below), errors="surrogateescape") if below.parts else ""


class ReportPage:
    """Writes one report as a page."""

    def __init__(self, context: ComposeContext, report: WatchReport, out: Path | None) -> None:
        self._context, self._report = context, report
        self._link = link_beside(report.path, out)
        self._cites = Citations()

    def html(self) -> str:
        """Return the whole page."""
        report = self._report
        parts: list[tuple[str, str, Callable[[], Html]]] = [
            ("chapters", "Chapters", self._chapters), ("seen", "Seen", self._seen),
            ("heard", "Heard", self._heard), ("said", "Said", partial(self._lines, report.spoken)),
            ("read", "Text on screen", partial(self._lines, report.on_screen)),
            ("questions", "Questions", self._questions),
        ]  # fmt: skip
        made = [(name, title, body) for name, title, make in parts if (body := make())]
        listed = [(name, title) for name, title, _ in made]
        sections = [section(name, title, body) for name, title, body in made]
        sections.append(
            section(
                "moments",
                "Moments and source",
                self._cites.listed(of_one_file=True),
                self._source(),
            )
        )
        listed.append(("moments", "Moments and source"))
        title = PurePath(name_of(report.path)).stem
        return document(
            title,
            [self._header(title), self._player(), contents(listed),
             element("main", *sections), _footer()],
            film=bool(self._link),
        )  # fmt: skip

    # --- times ----------------------------------------------------------------------

    def _time(self, seconds: float) -> Html:
        """Write a time, which moves the player where there is one."""
        if not self._link:
            return element("span", clock(seconds), class_="t")
        return element(
            "a", clock(seconds), href=f"{self._link}#t={seconds:.1f}", class_="t",
            data_at=f"{seconds:.2f}",
        )  # fmt: skip

    # --- top ------------------------------------------------------------------------

    def _header(self, title: str) -> Html:
        report, asset = self._report, self._report.file.asset
        known = [clock(report.duration)]
        if asset.width and asset.height:
            known.append(f"{asset.width} \u00d7 {asset.height}")
        if asset.taken_at:
            known.append(asset.taken_at.replace("T", " ")[:16])
        known += [f"#{tag}" for tag in report.file.tags]
        facts = element("p", *(element("span", fact) for fact in known), class_="facts")
        own = element("p", quote(asset.caption), class_="note") if asset.caption else Html("")
        return element("header", element("h1", title, dir="auto"), facts, own)

    def _player(self) -> Html:
        strip = self._strip()
        if not self._link:
            return strip
        if self._report.file.asset.media.kind is Kind.VIDEO:
            return element("video", id="film", controls="", preload="metadata", src=self._link)
        return Html(element("audio", id="film", controls="", preload="metadata", src=self._link))

    def _strip(self) -> Html:
        if self._report.file.asset.media.kind is not Kind.VIDEO:
            first = self._report.file.first_moment
            if first is None:
                return Html("")
            whole = EvidencePassage(
                self._report.path, Kind.AUDIO, self._report.asset_id, first, _SOUND, 0.0, None,
                Claim.LISTED, "", 1.0,
            )  # fmt: skip
            return still(self._context, whole)
        try:
            jpeg = self._context.browse.strip(self._report.asset_id, frames=_FRAMES, height=_HEIGHT)
        except (MediaError, KeyError):
            return Html("")
        return element("img", class_="strip", alt="frames, from first to last", src=data_uri(jpeg))

    # --- sections -------------------------------------------------------------------

    def _chapters(self) -> Html:
        if not self._report.chapters:
            return Html("")
        chapters = self._report.chapters
        return element(
            "ol", *(self._chapter(number, each) for number, each in enumerate(chapters, 1)),
            class_="chapters",
        )  # fmt: skip

    def _chapter(self, number: int, chapter: Chapter) -> Html:
        if chapter.how in ("said", "read"):
            title: object = quote(chapter.title)
        elif chapter.how == "part":
            title = f"Part {number}"
        else:
            title = chapter.title
        how = _HOW[chapter.how]
        if chapter.how == "likely":
            how += f", {percent(chapter.passage.confidence)}"
        times = (
            self._time(chapter.start),
            "\u2013",
            element("span", clock(chapter.end), class_="t"),
        )
        about = element("p", *times, f" \u00b7 {how}" if how else "", class_="note")
        chips = [
            element("span", name.name, class_="chip taught" if name.taught else "chip")
            for name in self._report.seen
            if name.name != chapter.title and any(
                chapter.start <= (p.start or 0.0) < chapter.end for p in name.passages
            )
        ]  # fmt: skip
        here = [
            p for name in self._report.seen for p in name.passages
            if chips and chapter.start <= (p.start or 0.0) < chapter.end
        ]  # fmt: skip
        heading = self._cites.claim("h3", title, by=[chapter.passage])
        names = self._cites.claim("p", *chips[:8], by=here[:3]) if chips else Html("")
        return element(
            "li", still(self._context, chapter.picture, side=_THUMBNAIL),
            element("div", heading, about, names),
        )  # fmt: skip

    def _seen(self) -> Html:
        if not self._report.seen:
            return Html("")
        note = element(
            "p", "Names that were taught and everyday things, where the search finds them more"
            " likely than not; the figure is that likelihood, at its highest.", class_="note",
        )  # fmt: skip
        rows = [self._name_row(name.name, name.passages, name.confidence, name.taught)
                for name in self._report.seen[:_NAMES]]  # fmt: skip
        return Html(note + element("table", element("tbody", *rows)))

    def _heard(self) -> Html:
        if not self._report.heard:
            return Html("")
        rows = [self._name_row(name.name, name.passages, name.confidence, name.taught)
                for name in self._report.heard[:_NAMES]]  # fmt: skip
        return element("table", element("tbody", *rows))

    def _name_row(
        self, name: str, passages: tuple[EvidencePassage, ...], confidence: float, taught: bool
    ) -> Html:
        duration = max(self._report.duration, 0.1)
        marks = [
            Html(f'<i style="left:{100 * start / duration:.2f}%;'
                 f'width:{100 * max(0.0, min(end, duration) - start) / duration:.2f}%"></i>')
            for start, end in _merged(passages)
        ]  # fmt: skip
        times = join([self._time(start) for start, _ in _merged(passages)[:6]], " ")
        best = max(passages, key=lambda passage: passage.confidence)
        figure = element("small", f" {percent(confidence)}" + (", taught" if taught else ""))
        return element(
            "tr", self._cites.claim("th", name, figure, by=[best]),
            element("td", element("div", *marks, class_="track"), class_="bar"),
            element("td", times),
        )  # fmt: skip

    def _lines(self, passages: tuple[EvidencePassage, ...]) -> Html:
        if not passages:
            return Html("")
        rows = [
            element(
                "li", self._time(passage.start or 0.0),
                element("span", quote(passage.text), class_="claim",
                        data_asset=passage.asset_id, data_moment=passage.moment_id),
            )
            for passage in passages
        ]  # fmt: skip
        return element("ol", *rows, class_="lines")

    def _questions(self) -> Html:
        return join(tuple(self._answered(answer) for answer in self._report.answers))

    def _answered(self, answer: CitedAnswer) -> Html:
        asked = element("h3", answer.question.text, dir="auto")
        if not answer.found:
            line = NOT_HERE.replace("library", "file")
            return Html(asked + element("p", line, class_="empty"))
        sentences = [
            self._cites.claim(
                "p", element("bdi", sentence.text),
                by=[answer.passages[number - 1] for number in sentence.cites],
            )
            for sentence in answer.sentences
        ]  # fmt: skip
        return Html(asked + element("blockquote", *sentences))

    def _source(self) -> Html:
        path = self._report.path.encode("utf-8", "replace").decode()
        return element(
            "p", element("b", "Source: "), element("bdi", path), element("br"),
            rights_line(self._report.rights), class_="note",
        )  # fmt: skip


def _merged(passages: tuple[EvidencePassage, ...]) -> list[tuple[float, float]]:
    """Return the stretches of moments; those that touch are one."""
    return list(_joined(sorted((p.start or 0.0, p.end or p.start or 0.0) for p in passages)))


def _joined(spans: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    begun: tuple[float, float] | None = None
    for start, end in spans:
        if begun is not None and start <= begun[1] + 0.5:
            begun = begun[0], max(begun[1], end)
            continue
        if begun is not None:
            yield begun
        begun = start, end
    if begun is not None:
        yield begun


def _footer() -> Html:
    return element("footer", "Made by Sensorium from the file\u2019s own moments, offline.")
