"""Lessons, stories and reports: has every claim its moment, and is the quiz right?

    python -m benchmarks.lessons --data DIR [--work DIR] [--model NAME] [--quick]

Pages are made of a person's folder (home/), and of a lecture of 14 sentences that is made here, as
subtitles of a film, since nobody in the folder teaches anything. What the pages claim is read back
from their HTML and held to the catalog, without the code that made them: each claim names a moment
that there is, words in quotation marks stand in one of its moments or in the texts of its file, and
each mark leads to an entry of the page. A question of a quiz is right where its sentence with the
right word stands in its moment, and with no other word stands anywhere. A film is made by the
script of its story, and is as long as the story says, to a frame a cut.

Topics and searches were written before a page was looked at. With --work the folder's library is
kept there for the next run; with --quick there are a few pages.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import av
import click
import numpy as np

from benchmarks.common import (
    Target,
    at_least,
    command,
    conclude,
    data_option,
    machine,
    need,
    new_library,
    scratch,
)
from benchmarks.everyday import home_library
from engine.compose.lesson import TopicLesson
from engine.compose.quiz import QuizQuestion
from engine.encoders import registry
from engine.library.facade import Library
from engine.types import Kind

_LECTURE = (
    "Worker bees gather nectar from flowers and carry it home in a honey stomach.",
    "In the hive the nectar passes from mouth to mouth, and enzymes split its sugars.",
    "Bees spread the thin nectar over wax cells, where warm air dries it.",
    "Thousands of wings fan the comb until only eighteen percent of water is left.",
    "A cell of ripe honey is sealed with a lid of white wax.",
    "Wax comes from eight glands below the abdomen of young workers.",
    "Six sides fit together without a gap, so a honeycomb needs little wax.",
    "A colony eats about fifty kilograms of honey during a year.",
    "Honey never spoils, since it is acid and holds hardly any water.",
    "The taste of honey depends on the blossoms that the bees have visited.",
    "A waggle dance tells other bees the direction and distance of a meadow.",
    "Beekeepers smoke the hive, because smoke makes bees fill their stomachs and stay calm.",
    "A centrifuge flings honey out of the combs, which bees can use again.",
    "Propolis is a resin with which bees close cracks against bacteria.",
)
_TOPICS = ("how bees make honey", "why honey does not spoil", "what bees do with wax")
_HOME_TOPICS = ("zebra", "a red car", "dog", "how a volcano erupts", "beach", "the meeting")
_STORIES = ("dogs", "a beach", "people", "food on a plate", "kind:video")
_QUESTIONS = ("what is said?", "what is to be read?")
_CUE = 4
_WANTED = 10
"""Questions of the quizzes that are judged, at least."""


def _lecture(folder: Path) -> Path:
    """Write a film of plain colours, with the lecture as its subtitles."""
    path = folder / "lecture on bees.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=5, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(5 * _CUE * len(_LECTURE)):
            shade = 255 * (number // (5 * _CUE)) // len(_LECTURE)
            picture = np.full((48, 64, 3), (shade, 255 - shade, 90), np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    cues = [
        f"{n}\n{_time(_CUE * n)} --> {_time(_CUE * n + _CUE - 1)}\n{text}\n"
        for n, text in enumerate(_LECTURE)
    ]
    path.with_suffix(".srt").write_text("\n".join(cues), "utf-8")
    return path


def _time(seconds: int) -> str:
    return f"00:{seconds // 60:02}:{seconds % 60:02},000"


@dataclass
class _Claim:
    marks: list[tuple[int, int]] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)


class _Page(HTMLParser):
    """The claims of a page, its marks, and the names that they lead to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.claims: list[_Claim] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.fetched: list[str] = []
        self._open: list[tuple[str, _Claim | None]] = []
        self._quotes: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        if "id" in own:
            self.names.add(own["id"])
        if own.get("href", "").startswith("#"):
            self.links.append(unquote(own["href"][1:]))
        source = own.get("src", "")
        if source and not source.startswith(("data:", "./")):
            self.fetched.append(source)
        claim = _Claim() if "claim" in own.get("class", "").split() else None
        if claim is not None:
            self.claims.append(claim)
        if tag not in ("img", "br", "meta", "input", "hr", "link", "source"):
            self._open.append((tag, claim))
        if tag == "q":
            self._quotes.append([])
        if "data-asset" in own and (inner := claim or self._claim) is not None:
            inner.marks.append((int(own["data-asset"]), int(own["data-moment"])))

    @property
    def _claim(self) -> _Claim | None:
        return next((claim for _, claim in reversed(self._open) if claim is not None), None)

    def handle_endtag(self, tag: str) -> None:
        if tag == "q" and self._quotes:
            text = "".join(self._quotes.pop())
            if self._claim is not None:
                self._claim.quotes.append(text)
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for quote in self._quotes:
            quote.append(data)


@dataclass
class _Counts:
    claims: list[bool] = field(default_factory=list)
    quotes: list[bool] = field(default_factory=list)
    links: list[bool] = field(default_factory=list)
    offline: list[bool] = field(default_factory=list)
    quiz: list[bool] = field(default_factory=list)
    films: list[bool] = field(default_factory=list)
    chapters: list[bool] = field(default_factory=list)

    def look(self, html: str, library: Library) -> None:
        """Count what a page claims, and what of it the catalog bears."""
        page = _Page(html)
        for claim in page.claims:
            texts = [_texts(library, asset, moment) for asset, moment in claim.marks]
            self.claims.append(bool(texts) and all(text is not None for text in texts))
            known = _letters(" ".join(filter(None, texts)))
            for quote in claim.quotes:
                # A long sentence is shortened, and a blank is a word that was left out.
                parts = [
                    _letters(part) for part in quote.replace("\u2003", "\u2026").split("\u2026")
                ]
                self.quotes.append(all(part in known for part in parts))
                if not self.quotes[-1]:
                    click.echo(f"not in its moment: {quote}", err=True)
        self.links += [link in page.names for link in page.links]
        self.offline.append(not page.fetched)


def _texts(library: Library, asset_id: int, moment_id: int) -> str | None:
    """Return what a moment and its file say; None where the library has no such moment."""
    asset = library.store.whole_assets([asset_id]).get(asset_id)
    record = library.store.records([moment_id]).get(moment_id) if moment_id else None
    if asset is None or (moment_id and (record is None or record.asset_id != asset_id)):
        return None
    own = [] if record is None else [record.moment.text or ""]
    return " ".join([*own, asset.caption or "", asset.texts or "", asset.path])


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _is_right(library: Library, question: QuizQuestion, everything: str) -> bool:
    """Tell whether the right option alone makes a sentence that stands in the library."""
    moment = _letters(_texts(library, question.passage.asset_id, question.passage.moment_id) or "")
    answer = question.options[question.answer]
    if not question.is_cloze:
        others = [o for place, o in enumerate(question.options) if place != question.answer]
        return _letters(answer) in moment and not any(_letters(o) in moment for o in others)
    made = [_letters(f"{question.before}{o}{question.after}") for o in question.options]
    wrong = [text for place, text in enumerate(made) if place != question.answer]
    return made[question.answer] in moment and not any(text in everything for text in wrong)


def _lessons(
    library: Library, topics: tuple[str, ...], model: str | None, counts: _Counts
) -> Iterator[TopicLesson]:
    everything = _letters(" ".join(_said(library)))
    for topic in topics:
        for level in ("school", "university"):
            lesson = library.lesson(topic, level=level, quiz=True, model=model)
            if lesson.found:
                counts.look(lesson.html, library)
                counts.quiz += [_is_right(library, each, everything) for each in lesson.quiz]
            yield lesson


def _said(library: Library) -> Iterator[str]:
    for asset in library.store.assets():
        yield from (r.moment.text or "" for r in library.store.moments_of(asset.asset_id))


def _stories(
    library: Library, asked: tuple[str, ...], folder: Path, model: str | None, counts: _Counts
) -> int:
    found = 0
    for number, text in enumerate(asked):
        story = library.story(text, out=folder / f"story {number}.html", model=model)
        if not story.found:
            continue
        found += 1
        counts.look(story.html, library)
        script = next(file for file in story.files if file.name.endswith(".ffmpeg.sh"))
        ran = subprocess.run(["sh", str(script)], cwd=folder, capture_output=True, check=False)
        film = script.with_name(script.name.replace(".ffmpeg.sh", ".mp4"))
        counts.films.append(ran.returncode == 0 and _is_long(film, story.seconds, len(story.cuts)))
        if not counts.films[-1]:
            click.echo(
                f"the film of {text}: {ran.stderr.decode(errors='replace')[-300:]}", err=True
            )
    return found


def _is_long(film: Path, seconds: float, cuts: int) -> bool:
    with av.open(str(film)) as source:
        length = float((source.duration or 0) / av.time_base)
    if abs(length - seconds) <= 0.1 + 0.04 * cuts:
        return True
    click.echo(f"{film.name} has {length:.2f} s, and not {seconds:.2f}", err=True)
    return False


def _reports(library: Library, most: int, model: str | None, counts: _Counts) -> int:
    made = 0
    for listed in library.browse.assets(kinds=[Kind.VIDEO], limit=most).assets:
        path = listed.asset.path
        report = library.watch_report(path, questions=_QUESTIONS, model=model)
        made += 1
        counts.look(report.html, library)
        spans = [(chapter.start, chapter.end) for chapter in report.chapters]
        inside = all(0 <= start <= end <= report.duration + 0.1 for start, end in spans)
        counts.chapters.append(inside and spans == sorted(spans))
    return made


@command(__doc__)
@data_option
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps the library.")
@click.option("--model", help="A chat that may write, such as local:qwen.")
@click.option("--quick", is_flag=True, help="A few pages only.")
def main(data: Path, work: Path | None, model: str | None, quick: bool) -> None:
    need(data / "home")
    counts = _Counts()
    part = slice(0, 2) if quick else slice(None)
    with scratch() as folder:
        media = folder / "lecture"
        media.mkdir()
        _lecture(media)
        with new_library(folder / "lecture.library", registry.MULTILINGUAL) as library:
            library.index([media])
            taught = [*_lessons(library, _TOPICS[part], model, counts)]
        with Library.open(home_library(data, work or folder, registry.MULTILINGUAL)) as library:
            home = [*_lessons(library, _HOME_TOPICS[part], model, counts)]
            stories = _stories(library, _STORIES[part], folder, model, counts)
            reports = _reports(library, 3 if quick else 30, model, counts)
    lessons = sum(lesson.found for lesson in (*taught, *home))
    written = sum(len(lesson.written) for lesson in (*taught, *home))
    table = [
        ("claims that name moments of the library", *_share(counts.claims, 1.0)),
        ("quotes that stand in their moments", *_share(counts.quotes, 1.0)),
        ("marks that lead to their moments", *_share(counts.links, 1.0)),
        ("pages that fetch nothing", *_share(counts.offline, 1.0)),
        ("quiz answers that are right, and alone are", *_share(counts.quiz, 1.0, _WANTED)),
        ("reports whose chapters are in order and within the film", *_share(counts.chapters, 1.0)),
        ("films as long as their stories say", *_share(counts.films, 1.0)),
        ("topics of the lecture that have a lesson",
         _share([lesson.found for lesson in taught], 1.0)[0], None),
        ("sentences of a model that were kept", str(written), None),
    ]  # fmt: skip
    conclude(
        f"{lessons} lessons, {stories} stories and {reports} reports, "
        f"{model or 'without a model'} ({machine()})",
        ["", "figure"], table, variant=model or "",
    )  # fmt: skip


def _share(parts: list[bool], least: float, most: int = 1) -> tuple[str, Target]:
    """Return a count, and what it must be: all, of some at least."""
    share = sum(parts) / len(parts) if len(parts) >= most else 0.0
    return f"{sum(parts)} of {len(parts)}", at_least(share, least)


if __name__ == "__main__":
    main()
