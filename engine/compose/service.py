"""Making of pages: the parts of a library put together, and the files that are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from engine.assistant.answer import CitedAnswer
from engine.assistant.verification import Verifier
from engine.common.atomic_write import check_place, write_text
from engine.common.progress import CancelToken, Progress
from engine.common.user_path import expanded
from engine.compose.context import ComposeContext
from engine.compose.lesson import LessonLevel, TopicLesson, lesson
from engine.compose.lesson_page import LessonPage
from engine.compose.story import Story, story
from engine.compose.story_files import with_sound, write_story
from engine.compose.story_page import StoryPage
from engine.compose.watch_report import WatchReport, watch_report
from engine.compose.watch_report_page import ReportPage
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import ExtraMissing, UsageError
from engine.generate.budget import MeteredChat, ModelBudget, Prices
from engine.generate.chats import make_chat
from engine.query.browse.service import Browsing
from engine.query.concepts.service import Concepts
from engine.store import Store
from engine.types import Query, SearchResult


def compose_context(
    store: Store,
    settings: Settings,
    *,
    run: Callable[[Query], SearchResult],
    ask: Callable[[str, str], CitedAnswer],
    verifier: Verifier,
    thumbnail: Callable[[int, int], bytes],
    browse: Browsing,
    concepts: Concepts,
    towers: Callable[[], Towers],
    model: str | None,
    seconds: float | None,
    progress: Progress,
    cancel: CancelToken | None,
) -> ComposeContext:
    """Return the calls that pages are made by.

    Raises:
        UsageError: the model is not installed or configured.
    """
    named = model or settings.answer_model
    chat = make_chat(named, settings) if named else None

    def near_copies(paths: Sequence[str]) -> Mapping[int, int]:
        return _near_copies(store, towers(), lambda moment: thumbnail(moment, 320), paths, progress)

    metered = None
    if chat is not None:
        budget = ModelBudget.of(settings)
        if seconds is not None:
            budget = replace(budget, seconds=min(budget.seconds, seconds))
        metered = MeteredChat(chat, budget, Prices(settings.llm_price_in, settings.llm_price_out))
    return ComposeContext(
        store, settings, run, thumbnail, browse, concepts, verifier, ask, near_copies, metered,
        progress, cancel,
    )  # fmt: skip


def _near_copies(
    store: Store,
    towers: Towers,
    thumbnail: Callable[[int], bytes],
    paths: Sequence[str],
    progress: Progress,
) -> Mapping[int, int]:
    from engine.curate.copies import near_duplicates
    from engine.curate.copies.near_duplicates import DuplicateOptions

    options = DuplicateOptions(under=tuple(paths))
    try:
        pairs = near_duplicates.find(store, towers, thumbnail, options, progress)
    except ExtraMissing:  # OpenCV, which looks closely; the vectors alone are surer of less
        pairs = near_duplicates.find(
            store, towers, thumbnail, replace(options, by_cosine=True), progress
        )
    copies: dict[int, int] = {}
    kept: dict[int | None, int] = {}
    for finding in near_duplicates.findings(store, pairs.edges):
        if finding.verdict == near_duplicates.KEEPER:
            kept[finding.group] = finding.asset_id
        else:
            copies[finding.asset_id] = kept[finding.group]
    return copies


def _place(out: str | Path | None) -> Path | None:
    """Return where a page goes, which is looked at before anything is computed."""
    if out is None:
        return None
    place = expanded(out)
    check_place(place)
    return place


def make_report(
    context: ComposeContext, video: str | Path, questions: Sequence[str], out: str | Path | None
) -> WatchReport:
    """Make a report, and write it. Errors are those of ``Library.watch_report``."""
    place = _place(out)
    found = watch_report(context, video, questions)
    made = replace(found, html=ReportPage(context, found, place).html())
    if place is not None:
        write_text(place, made.html)
    return made


def make_story(
    context: ComposeContext, asked: str, files: Sequence[str | Path], out: str | Path | None
) -> Story:
    """Make a story, and write it. Errors are those of ``Library.story``."""
    place = _place(out)
    found = story(context, asked, [str(expanded(path)) for path in files])
    if not found.found:
        return found
    found = replace(found, cuts=with_sound(found.cuts))
    made = replace(found, html=StoryPage(context, found).html())
    if place is None:
        return made
    return write_story(made, place, context.settings, context.progress)


def make_lesson(
    context: ComposeContext, topic: str, level: str, *, quiz: bool, out: str | Path | None
) -> TopicLesson:
    """Make a lesson, and write it. Errors are those of ``Library.lesson``."""
    try:
        chosen = LessonLevel(level)
    except ValueError:
        known = " and ".join(LessonLevel)
        raise UsageError(f"no level is called {level!r}; there are {known}") from None
    place = _place(out)
    found = lesson(context, topic, chosen, quiz=quiz)
    if not found.found:
        return found
    made = replace(found, html=LessonPage(context, found).html())
    if place is not None:
        write_text(place, made.html)
    return made
