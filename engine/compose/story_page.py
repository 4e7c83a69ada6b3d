"""The page of a story."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from engine.assistant.evidence import Claim, EvidencePassage
from engine.common.markup import Html, element, join
from engine.common.text import clock, counted
from engine.compose.connecting import Written
from engine.compose.context import ComposeContext
from engine.compose.cut_list import Cut, time_code
from engine.compose.days import date_in_words
from engine.compose.document import Citations, contents, document, name_of, percent, quote, section
from engine.compose.pictures import SIDE, clip, still
from engine.compose.sources import source_list
from engine.compose.story import Story, StoryChapter, StoryItem
from engine.types import Kind

_LARGE = 1280
"""Pixels of the longest side of a chapter's first picture."""


class StoryPage:
    """Writes one story as a page."""

    def __init__(self, context: ComposeContext, story: Story) -> None:
        self._context, self._story = context, story
        self._cites = Citations()

    def html(self) -> str:
        """Return the whole page."""
        story = self._story
        self._context.progress.start("showing pictures", len(story.items), "pictures")
        named = [(f"part-{n}", chapter) for n, chapter in enumerate(story.chapters, 1)]
        parts = [self._chapter(name, chapter) for name, chapter in named]
        listed = [(name, chapter.title) for name, chapter in named]
        if story.cuts:
            listed.append(("film", "Cut list"))
            parts.append(section("film", "Cut list", _cut_table(story.cuts), note=_film(story)))
        listed.append(("sources", "Sources"))
        parts.append(
            section(
                "sources", "Sources and licences",
                source_list(self._context, self._cites.passages), self._moments(),
            )
        )  # fmt: skip
        footer = element("footer", "Made by Sensorium from the library\u2019s own moments.")
        return document(
            story.title, [self._header(), contents(listed), element("main", *parts), footer]
        )

    def _moments(self) -> Html:
        summary = element("summary", "All moments by their numbers")
        return element("details", summary, self._cites.listed())

    def _header(self) -> Html:
        items = self._story.items
        pictures = sum(item.passage.kind is Kind.IMAGE for item in items)
        copies = sum(len(item.copies) for item in items)
        facts = [
            *_counted(pictures, "picture"), *_counted(len(items) - pictures, "clip"),
            *_counted(copies, "near copy folded", "near copies folded"),
        ]  # fmt: skip
        dates = sorted(item.passage.date for item in items if item.passage.date)
        if dates:
            first, last = date_in_words(dates[0]), date_in_words(dates[-1])
            facts.append(first if first == last else f"{first} \u2013 {last}")
        line = element("p", *(element("span", fact) for fact in facts), class_="facts")
        notes = [element("p", note, class_="note") for note in self._story.notes]
        return element("header", element("h1", self._story.title, dir="auto"), line, *notes)

    def _chapter(self, name: str, chapter: StoryChapter) -> Html:
        written = join(tuple(self._sentence(each) for each in chapter.written))
        heading = self._cites.claim("h2", chapter.title, by=[chapter.items[0].passage])
        first, *others = chapter.items
        figures = [self._figure(first, _LARGE)]
        if others:
            small = [self._figure(item, SIDE) for item in others]
            figures.append(element("div", *small, class_="grid"))
        return element("section", heading, written, *figures, id=name)

    def _sentence(self, written: Written) -> Html:
        text, by = written
        return self._cites.claim("p", element("bdi", text), by=by)

    def _figure(self, item: StoryItem, side: int) -> Html:
        passage = item.passage
        if passage.kind is Kind.VIDEO:
            shown = clip(self._context, passage, item.start, item.start + item.seconds)
        else:
            shown = still(self._context, passage, side=side)
        self._context.progress.advance()
        about = element("small", *self._about(item), class_="claim")
        return element("figure", shown, element("figcaption", self._caption(item), about))

    def _caption(self, item: StoryItem) -> Html:
        lines = []
        if item.caption:
            lines.append(self._cites.claim("div", quote(item.caption), by=[item.passage]))
        elif item.likely:
            lines.append(self._cites.claim("div", *_likely(item.likely), by=item.likely))
        for words in item.words:
            begin = "Said: " if words.claim is Claim.SAYS else "To be read: "
            lines.append(self._cites.claim("div", begin, quote(words.text), by=[words]))
        return join(lines)

    def _about(self, item: StoryItem) -> list[object]:
        passage = item.passage
        parts: list[object] = [element("bdi", PurePath(name_of(passage.path)).name)]
        if passage.kind is Kind.VIDEO:
            parts.append(f" \u00b7 {clock(item.start)}\u2013{clock(item.start + item.seconds)}")
        if passage.date:
            parts.append(
                f" \u00b7 {date_in_words(passage.date)}{passage.date[10:16].replace('T', ', ')}"
            )
        if item.copies:
            names = ", ".join(map(name_of, item.copies))
            folded = element("span", f"stands for {len(item.copies)} more", title=names)
            parts += [" \u00b7 ", folded]
        return [*parts, " ", self._cites.cite(passage)]


def _counted(count: int, noun: str, nouns: str = "") -> list[str]:
    return [f"{count} {noun if count == 1 else nouns or noun + 's'}"] if count else []


def _likely(names: Sequence[EvidencePassage]) -> list[object]:
    parts: list[object] = ["Likely "]
    for place, passage in enumerate(names):
        parts += [", " if place else "", passage.text, f" ({percent(passage.confidence)})"]
    return parts


def _film(story: Story) -> str:
    cuts = counted(len(story.cuts), "cut")
    return (
        f"A film of {cuts}, {story.seconds:.1f} seconds: the files beside this page are its cut"
        " list for editors (EDL, OTIO), and a script by which ffmpeg makes it."
    )


def _cut_table(cuts: Sequence[Cut]) -> Html:
    rows, at = [], 0
    for number, cut in enumerate(cuts, 1):
        what = f"from {clock(cut.start)}" if cut.video else "still"
        rows.append(
            element(
                "tr", element("td", str(number)), element("td", time_code(at), class_="t"),
                element("td", f"{cut.seconds:.2f} s", class_="t"),
                element("td", element("bdi", name_of(cut.path))), element("td", what),
            )
        )  # fmt: skip
        at += cut.frames
    head = [element("th", name, scope="col") for name in ("", "at", "lasts", "file", "")]
    table = element("table", element("thead", element("tr", *head)), element("tbody", *rows))
    return element("details", element("summary", counted(len(cuts), "cut")), table)
